"""What importing the package costs others: nothing they did not ask for, and no room that looks upwards."""

import ast
import gc
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import mstr_arrow

ROOT = Path(mstr_arrow.__file__).parent
NEVER = (
    *("pandas", "duckdb", "typer", "rich", "numpy", "psutil", "sqlglot"),
    *("boto3", "botocore", "azure", "google.cloud", "keyring"),
    *("mstr_arrow.simulator", "mstr_arrow.cli"),
)

# A room may use what is named here, at run time; names needed for types alone do not count.
MAY_USE = {
    "errors": set(),
    "config": {"errors"},
    "names": set(),
    "events": set(),
    "background": {"errors"},
    "secrets": {"errors"},
    "grid": {"errors", "names"},
    "filters": {"grid", "errors", "names"},
    "prompts": {"filters", "errors", "names"},
    "auth": {"transport", "background", "errors"},
    "opening": {"connection", "transport", "auth", "config", "errors"},
    "transport": {"auth", "background", "events", "config", "errors", "names"},
    "adapters": {"filters", "grid", "background", "errors"},
    "duckdb": {"grid", "errors"},
    "execution": {"query", "prompts", "grid", "transport", "errors", "names"},
    "query": {"filters", "grid", "errors"},
    "files": {"grid", "errors"},
    "scan": {
        *("adapters", "extract", "execution", "query", "files"),
        *("filters", "grid", "transport", "background", "config", "errors"),
    },
    "extract": {"scan", "execution", "query", "files", "grid", "transport", "auth", "errors"},
    "upload": {"grid", "transport", "config", "errors", "names"},
    "objects": {
        *("upload", "scan", "execution", "query", "prompts", "filters"),
        *("grid", "transport", "config", "errors", "names"),
    },
    "connection": {"objects", "scan", "transport", "background", "auth", "config", "errors"},
    "compat": {"objects", "filters", "names", "errors"},
    "simulator": set(),
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


@cache
def used_rooms(file):
    """Give the rooms a module imports from at run time: not those it imports for types alone."""
    package = ("mstr_arrow", *file.relative_to(ROOT).parent.parts)
    rooms = set()
    for node in at_run_time(parsed(file)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
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


def at_run_time(node):
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        children = node.orelse
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        else:
            yield from at_run_time(child)
