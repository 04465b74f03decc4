"""What importing the package costs others: nothing they did not ask for; and who may use whom in the house."""

import ast
import gc
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import mstr_arrow

ROOT = Path(mstr_arrow.__file__).parent
NEVER = (
    *("pandas", "duckdb", "typer", "rich", "numpy", "psutil", "sqlglot", "pydantic"),
    *("altair", "hdrh", "scipy", "vl_convert", "deltalake", "pyiceberg", "adbc_driver_manager"),
    *("boto3", "botocore", "azure", "google.cloud", "keyring", "obstore", "opentelemetry"),
    *("mstr_arrow.simulator", "mstr_arrow.cli"),
)

# A room may use what is named here, be it for types alone; each stands below those that use it.
MAY_USE = {
    "printable": set(),
    "arrays": set(),
    "allocation": set(),
    "sizes": set(),
    "version": set(),
    "lazy": set(),
    "errors": {"printable"},
    "responses": {"errors"},
    "given": {"errors"},
    "events": set(),
    "wording": set(),
    "json_bounds": {"errors"},
    "names": {"errors"},
    "masked": set(),
    "telemetry": {"events", "errors"},
    "whole_file": set(),
    "private": {"whole_file", "errors"},
    "paths": {"errors"},
    "signatures": {"names", "errors"},
    "background": {"errors"},
    "config": {"events", "given", "errors"},
    "toml": {"paths", "errors"},
    "profiles": {"session", "toml", "private", "errors", "names"},
    "secrets": {"private", "paths", "config", "errors", "names"},
    "credentials": {"config", "background", "masked", "errors"},
    "http": {"telemetry", "json_bounds", "credentials", "masked", "config", "events", "paths", "errors"},
    "session": {
        *("signatures", "http", "credentials", "config", "events", "background", "private", "masked"),
        *("paths", "responses", "given", "errors", "names", "telemetry"),
    },
    "grid": {"arrays", "lazy", "json_bounds", "responses", "errors", "names"},
    "files": {"arrays", "grid", "paths", "errors", "names"},
    "query": {"lazy", "grid", "given", "errors", "names"},
    "prompts": {"responses", "lazy", "query", "toml", "paths", "errors", "names"},
    "adapters": {"lazy", "query", "grid", "session", "background", "paths", "errors", "names"},
    "caches": {"arrays", "responses", "session", "http", "errors", "names"},
    "instances": {
        "responses",
        "caches",
        "prompts",
        "query",
        "grid",
        "session",
        "http",
        "masked",
        "errors",
        "names",
        "telemetry",
    },
    "fetch": {
        "allocation",
        *("instances", "query", "files", "grid", "session", "http", "background", "config", "given", "errors"),
        *("names", "telemetry"),
    },
    "extract": {"fetch", "instances", "query", "files", "grid", "session", "http", "private", "masked", "errors"},
    "scan": {
        "signatures",
        "extract",
        "fetch",
        "instances",
        "query",
        "files",
        "adapters",
        "grid",
        "session",
        *("given", "errors", "lazy", "telemetry"),
    },
    "catalog": {
        "arrays",
        "responses",
        "caches",
        "publishing",
        "session",
        "http",
        "config",
        "errors",
        "names",
        "telemetry",
    },
    "publishing": {"responses", "instances", "grid", "session", "http", "errors"},
    "upload": {
        "allocation",
        "arrays",
        "responses",
        "catalog",
        "adapters",
        "grid",
        "session",
        "http",
        "paths",
        "given",
        "errors",
        "names",
    },
    "datamodels": {
        "arrays",
        *("responses", "publishing", "instances", "grid", "session", "http", "errors", "names"),
    },
    "objects": {
        "arrays",
        *("catalog", "datamodels", "upload", "publishing", "scan", "fetch", "instances", "prompts"),
        *("query", "grid", "session", "signatures", "responses", "given", "errors", "names"),
    },
    "delivery": {"masked", "errors", "names"},
    "users": {"arrays", "responses", "catalog", "session", "http", "errors", "names"},
    "subscriptions": {
        "arrays",
        *("delivery", "users", "objects", "datamodels", "catalog", "instances", "prompts", "session", "http"),
        "signatures",
        *("responses", "errors", "names"),
    },
    "connection": {
        *("subscriptions", "users", "signatures", "objects", "catalog", "caches", "upload", "publishing", "fetch"),
        *("session", "background", "masked", "config"),
    },
    "opening": {"connection", "session", "http", "credentials", "masked", "config", "events", "given", "errors"},
    "duckdb": {"scan", "grid", "errors"},
    "throughput": {
        *("connection", "objects", "catalog", "upload", "fetch", "instances", "query", "grid", "session", "http"),
        *("signatures", "responses", "files", "config", "given", "errors", "printable", "paths", "whole_file"),
    },
    "jobs": {
        "arrays",
        "lazy",
        *(
            "sizes",
            "opening",
            "connection",
            "objects",
            "catalog",
            "scan",
            "extract",
            "fetch",
            "instances",
            "prompts",
            "query",
        ),
        *("files", "grid", "session", "http", "secrets", "profiles", "config", "events", "background", "masked"),
        *("private", "toml", "paths", "errors", "names", "telemetry", "version", "lazy", "whole_file"),
    },
    "compat": {"objects", "query", "errors", "names"},
    "__init__": {
        *("opening", "connection", "duckdb", "compat", "objects", "catalog", "scan", "extract", "fetch", "upload"),
        *("datamodels", "publishing", "caches", "query", "prompts", "secrets", "config", "events", "errors"),
        *("delivery", "subscriptions", "users", "throughput", "jobs", "version", "files", "lazy"),
    },
    "cli": {
        *(
            "allocation",
            "__init__",
            "opening",
            "connection",
            "objects",
            "catalog",
            "datamodels",
            "scan",
            "extract",
            "fetch",
        ),
        *("upload", "publishing", "instances", "prompts", "query", "files", "adapters", "grid", "session", "http"),
        *("credentials", "secrets", "private", "paths", "config", "events", "errors", "names", "printable"),
        *("caches", "delivery", "subscriptions", "users", "throughput", "jobs", "profiles", "sizes", "simulator"),
        *("toml", "version", "allocation"),
    },
    "simulator": set(),
}

# A room of the simulator may use what is named here; names needed for types alone count, too.
SIMULATOR_MAY_USE = {
    "responses": set(),
    "bodies": {"responses"},
    "faults": {"responses"},
    "model": {"bodies", "responses"},
    "samples": {"model"},
    "rules": {"model", "bodies", "responses"},
    "truth": {"rules", "model", "responses"},
    "push": {"rules", "model", "faults", "bodies", "responses"},
    "settings": {"push", "rules", "model"},
    "state": {"settings", "push", "samples", "rules", "model", "faults", "bodies", "responses"},
    "protocol": {"state", "settings", "push", "rules", "model", "faults", "bodies", "responses"},
    "server": {"protocol", "state", "settings", "truth", "model", "faults"},
    "process": {"settings"},
    "__init__": {"server", "process", "state", "settings", "rules", "model", "faults"},
    "__main__": {"server", "settings"},
}


def test_importing_brings_no_extra_along():
    # pyarrow brings numpy along where it is installed: that is not for us to answer.
    ours = f"from mstr_arrow import {', '.join(sorted(set(mstr_arrow.__all__) - {'duckdb', 'throughput'}))}"
    code = f"import pyarrow, polars; before = seen(); {ours}; print(seen() - before)"
    assert run(code, NEVER) == "set()\n"


@pytest.mark.parametrize(
    "code", ["import mstr_arrow", "import sys, mstr_arrow.cli; sys.argv[1:] = ['--help']; mstr_arrow.cli.main()"]
)
def test_what_takes_long_is_imported_where_it_is_used(code):
    if "cli" in code:
        pytest.importorskip("typer", reason="the extra cli is not installed")
    code = f"import atexit; atexit.register(lambda: print(seen())); {code}"
    assert run(code, ("pyarrow", "polars", "aiohttp", "asyncio", "pydantic")).endswith("set()\n")


def test_a_connection_does_not_wait_for_what_writes():
    code = "import mstr_arrow; mstr_arrow.connect; print(seen())"
    assert run(code, ("mstr_arrow.objects.supercube", "mstr_arrow.upload.dataset_writer")) == "set()\n"


def test_a_csv_file_is_opened_without_what_brings_pandas_along(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,x\n")
    code = f"from mstr_arrow.upload.files import open_file; open_file({str(path)!r}); print(seen())"
    assert run(code, ("pandas", "pyarrow.dataset")) == "set()\n"


def run(code, names):
    """Run code in an interpreter of its own, where ``seen()`` tells which of some modules are imported."""
    code = f"import sys; seen = lambda: {{name for name in {names} if name in sys.modules}}; {code}"
    environment = {"PYTHONPATH": str(ROOT.parent)}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert result.stderr == ""
    return result.stdout


def test_what_is_exported_is_what_type_checkers_are_told():
    pytest.importorskip("hdrh", reason="a package that is exported needs the extra bench")
    for package in (mstr_arrow, mstr_arrow.jobs, mstr_arrow.prompts):
        told = [
            each
            for node in ast.walk(ast.parse(Path(package.__file__).read_text("utf-8")))
            if isinstance(node, ast.If) and ast.unparse(node.test) == "_TYPE_CHECKING"
            for each in ast.walk(node)
            if isinstance(each, ast.ImportFrom)
        ]
        for each in told:
            for alias in each.names:
                module = import_module(each.module)
                assert getattr(package, alias.name) is getattr(module, alias.name)
        named = {alias.name for each in told for alias in each.names} | {"__version__"}
        assert named >= set(package.__all__)
    with pytest.raises(AttributeError, match="module 'mstr_arrow' has no attribute 'nothing'"):
        _ = mstr_arrow.nothing
    assert set(mstr_arrow.__all__) <= set(dir(mstr_arrow))


@pytest.mark.parametrize("room", MAY_USE)
def test_a_room_uses_only_those_below_it(room):
    found = {
        (file.as_posix(), room_of(used))
        for file, others in imports().items()
        for used in others
        if room_of(file) == room and room_of(used) not in MAY_USE[room] | {room, "wording"}
    }
    assert found == set()


def test_every_room_is_in_the_table_once():
    assert {room_of(file) for file in imports()} - {"__main__"} == MAY_USE.keys()


def test_no_rooms_use_each_other_in_a_circle():
    TopologicalSorter(MAY_USE).prepare()  # raises CycleError, which names them


def test_no_files_use_each_other_in_a_circle():
    TopologicalSorter(imports()).prepare()


def test_a_circle_of_files_would_be_found(tmp_path):
    (tmp_path / "one.py").write_text("from mstr_arrow.two import x\n")
    (tmp_path / "two.py").write_text("if TYPE_CHECKING:\n    from mstr_arrow import one\n")
    assert imports_below(tmp_path) == {Path("one.py"): {Path("two.py")}, Path("two.py"): {Path("one.py")}}


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


def simulator_imports():
    """Give the files of the simulator, each with those it imports, by their paths in its folder."""
    simulator = Path("simulator")
    return {
        file.relative_to(simulator): {each.relative_to(simulator) for each in others if simulator in each.parents}
        for file, others in imports().items()
        if simulator in file.parents
    }


@cache
def imports():
    """Give the files of the package, each with those it imports."""
    return imports_below(ROOT)


def imports_below(root):
    """Give the files below a folder that is the package, each with those it imports, for types alone or not."""
    files = {path.relative_to(root): path for path in root.rglob("*.py")}
    return {file: imported_files(file, path, files.keys()) - {file} for file, path in files.items()}


def imported_files(file, path, files):
    """Give what a file imports: of ``from a import b``, the module b of a folder a, else a itself."""
    package = ("mstr_arrow", *file.parent.parts)
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            wanted = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            wanted = [(*module, alias.name) for alias in node.names]
        else:
            continue
        for name in wanted:
            if name[0] == "mstr_arrow":
                found |= file_of(Path(*name[1:]), files)
    return found


def file_of(name, files):
    """Give the file that has a module of that name, or else the name in it; none for what is not here."""
    for place in (name, name.parent):
        for candidate in ([place.with_suffix(".py")] if place.parts else []) + [place / "__init__.py"]:
            if candidate in files:
                return {candidate}
    return set()


def room_of(file):
    return file.parts[0].removesuffix(".py")


def parsed(file):
    """Parse a module with the collector off: where another thread parses while it runs, CPython 3.11 miscounts."""
    gc.disable()
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    finally:
        gc.enable()
