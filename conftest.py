"""What the examples in docstrings use: the package as ``ma``, Polars as ``pl``, a server's ``url`` and log-in."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.doctest import DoctestItem, DoctestModule

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from mstr_arrow.simulator import Simulator

pytest_plugins = ["tests.support.crashes"]

_NEED_BENCH = ["mstr_arrow/throughput/*", "mstr_arrow/cli/render/throughput.py", "tests/cli/test_throughput.py"]
_NEED_TABLES = ["mstr_arrow/scan/tables.py"]
collect_ignore_glob = [
    *([] if find_spec("scipy") else _NEED_BENCH),
    *([] if find_spec("deltalake") and find_spec("duckdb") else _NEED_TABLES),
]


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Search a module for examples where it has some: each process imports and searches all modules otherwise."""
    found = yield
    return [each for each in found if not isinstance(each, DoctestModule) or b">>> " in file_path.read_bytes()]


def pytest_configure() -> None:
    """Hear Ctrl-C, which shells have jobs in the background ignore: tests press it, here and in other processes."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Compile a share of the tests, where others compile the rest."""
    from tests.support.compiling import compile_share  # noqa: PLC0415 - once pytest is set up

    compile_share(session.config)


@pytest.fixture(scope="session")
def example_server() -> Iterator[Simulator]:
    """Run a simulated server with a small Sales Cube."""
    from mstr_arrow.simulator import Simulator  # noqa: PLC0415 - only where an example needs it

    with Simulator(rows=2_000, gzip=False, encode_once=True, async_polls=0, publish_polls=0) as server:
        yield server


@pytest.fixture(autouse=True)
def _names_of_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    """Fill the name space of examples, which write where nothing is; most tests need no server."""
    if not isinstance(request.node, DoctestItem):
        return
    request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("tmp_path"))
    import polars as pl  # noqa: PLC0415 - only where an example needs it

    import mstr_arrow  # noqa: PLC0415 - likewise

    server = request.getfixturevalue("example_server")
    doctest_namespace.update(ma=mstr_arrow, pl=pl, url=server.url, user=server.username, password=server.password)
