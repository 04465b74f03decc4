"""What importing the package costs others: nothing they did not ask for, and no room that looks upwards."""

import ast
import gc
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mstr_arrow

ROOT = Path(mstr_arrow.__file__).parent
NEVER = (
    *("pandas", "duckdb", "typer", "rich", "numpy", "psutil", "sqlglot"),
    *("boto3", "botocore", "azure", "google.cloud", "keyring"),
    *("mstr_arrow.simulator", "mstr_arrow.cli"),
)

# A room may use what is named here, be it for types alone.
MAY_USE = {
    "errors": set(),
    "events": set(),
    "names": set(),
    "background": {"errors"},
    "grid": {"errors", "names"},
    "secrets": {"errors"},
    "credentials": {"background", "errors"},
    "files": {"errors", "grid"},
    "query": {"errors", "grid", "names"},
    "config": {"credentials", "errors", "events"},
    "prompts": {"errors", "names", "query"},
    "adapters": {"background", "errors", "grid", "query", "session"},
    "compat": {"errors", "names", "objects", "query"},
    "duckdb": {"errors", "grid", "scan"},
    "http": {"config", "credentials", "errors", "events", "session"},
    "session": {"background", "config", "credentials", "errors", "events", "http", "names"},
    "catalog": {"errors", "http", "names", "session"},
    "instances": {"errors", "grid", "http", "names", "prompts", "query", "session"},
    "fetch": {"background", "config", "errors", "files", "grid", "http", "instances", "query", "session"},
    "upload": {"catalog", "errors", "grid", "http", "names", "session"},
    "extract": {"errors", "fetch", "files", "grid", "http", "instances", "query", "session"},
    "scan": {"adapters", "errors", "extract", "fetch", "files", "grid", "instances", "query", "session"},
    "objects": {"catalog", "errors", "fetch", "grid", "instances", "prompts", "query", "scan", "session", "upload"},
    "connection": {"background", "catalog", "config", "fetch", "objects", "session", "upload"},
    "opening": {"config", "connection", "credentials", "errors", "events", "http", "session"},
    "cli": {
        "__init__",
        "catalog",
        "config",
        "connection",
        "credentials",
        "errors",
        "events",
        "extract",
        "fetch",
        "files",
        "grid",
        "http",
        "instances",
        "names",
        "objects",
        "opening",
        "prompts",
        "query",
        "scan",
        "secrets",
        "session",
        "simulator",
        "upload",
    },
    "simulator": set(),
}

# A room of the simulator may use what is named here; names needed for types alone count, too.
SIMULATOR_MAY_USE = {
    "answers": set(),
    "bodies": {"answers"},
    "faults": {"answers"},
    "model": {"bodies", "answers"},
    "samples": {"model"},
    "rules": {"model", "bodies", "answers"},
    "truth": {"rules", "model", "answers"},
    "push": {"rules", "model", "faults", "bodies", "answers"},
    "state": {"push", "samples", "rules", "model", "faults", "answers"},
    "protocol": {"state", "push", "rules", "model", "faults", "bodies", "answers"},
    "server": {"protocol", "state", "truth", "model", "faults"},
    "process": set(),
    "__init__": {"server", "process", "state", "model", "faults"},
    "__main__": {"server", "state"},
}


def test_importing_brings_no_extra_along():
    # pyarrow brings numpy along where it is installed: that is not for us to answer.
    seen = f"{{name for name in {NEVER} if name in sys.modules}}"
    code = f"import sys, pyarrow, polars; before = {seen}; import mstr_arrow; print({seen} - before)"
    environment = {"PYTHONPATH": str(ROOT.parent)}
    result = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("set()\n", "")


@pytest.mark.parametrize("room", MAY_USE)
def test_a_room_uses_only_those_below_it(room):
    files = [ROOT / f"{room}.py"] if (ROOT / f"{room}.py").exists() else sorted((ROOT / room).rglob("*.py"))
    assert files
    found = {
        f"{file.relative_to(ROOT)} uses {used}"
        for file in files
        for used in used_rooms(file)
        if used not in MAY_USE[room] | {room}
    }
    assert found == set()


@pytest.mark.parametrize("room", sorted({p.name for p in ROOT.iterdir() if (p / "__init__.py").exists()} - {"cli"}))
def test_nothing_but_the_command_line_uses_the_simulator(room):
    if room == "simulator":
        return
    assert [file for file in (ROOT / room).rglob("*.py") if "simulator" in used_rooms(file)] == []


@pytest.mark.parametrize("room", SIMULATOR_MAY_USE)
def test_a_room_of_the_simulator_uses_only_those_below_it(room):
    uses = simulator_imports()
    found = {
        f"{file} uses {used}"
        for file, others in uses.items()
        for used in others
        if room_of(file) == room and room_of(used) not in SIMULATOR_MAY_USE[room] | {room}
    }
    assert found == set()
    assert room in {room_of(file) for file in uses}


def test_every_room_of_the_simulator_is_in_the_table():
    assert {room_of(file) for file in simulator_imports()} == SIMULATOR_MAY_USE.keys()


def test_no_files_of_the_simulator_use_each_other_in_a_circle():
    TopologicalSorter(simulator_imports()).prepare()  # raises CycleError, which names them


@cache
def simulator_imports():
    """Give the files of the simulator, each with those it imports, for types alone included."""
    files = {path.relative_to(ROOT / "simulator"): path for path in (ROOT / "simulator").rglob("*.py")}
    return {file: set(imported_files(file, path, files.keys())) - {file} for file, path in files.items()}


def imported_files(file, path, files):
    package = ("mstr_arrow", "simulator", *file.parent.parts)
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.ImportFrom):
            continue
        base = package[: len(package) - node.level + 1] if node.level else ()
        parts = (*base, *(node.module or "").split(".")) if node.module else base
        if parts[:2] != ("mstr_arrow", "simulator"):
            continue
        module = Path(*parts[2:])
        for place in (module, *(module / alias.name for alias in node.names)):
            yield from {place.with_suffix(".py"), place / "__init__.py"} & files if place.parts else ()


def room_of(file):
    return file.parts[0].removesuffix(".py")


@cache
def used_rooms(file):
    """Give the rooms a module imports from, be it for types alone or where a function runs."""
    package = ("mstr_arrow", *file.relative_to(ROOT).parent.parts)
    rooms = set()
    for node in ast.walk(parsed(file)):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            modules = [f"{module}.{alias.name}" for alias in node.names] if module == "mstr_arrow" else [module]
        rooms |= {name.split(".")[1] for name in modules if name.startswith("mstr_arrow.")}
    return rooms


def parsed(file):
    """Parse a module with the collector off: where another thread parses while it runs, CPython 3.11 miscounts."""
    gc.disable()
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    finally:
        gc.enable()
