"""What other clients read of the simulator, beside its truth and beside mstr_arrow's own result.

Every check gives a row of a table: ``same``, ``differs: R2, …`` by the habits that ``compare`` knows, ``fails: R4``
for the failures that the wire reference lists, or ``not supported``. Anything else is the simulator's fault or
ours, and ends the run with an error.
"""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from functools import partial
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

from mstrio.connection import Connection
from mstrio.project_objects import OlapCube, Report, SuperCube
from mstrio.project_objects.datasets import load_cube

import mstr_arrow as ma
from benchmarks.peers import asking, cataloguing, delivering, refreshing, sessions
from benchmarks.peers.compare import SAME, Unexplained, explain, own
from benchmarks.peers.verdicts import MSTRIO, OURS, Checks
from mstr_arrow.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

ROWS = 30_000
CUBES = ("Sales Cube", "Awkward Values", "One Row", "Only Metrics", "Only Attributes", "No Rows", "Same Names")
CHUNK = 7_000
"""Rows of mstrio-py's pages in these checks, so that several are fetched at once."""
SALES_METRICS = {"Revenue", "Units", "Cost", "Ledger Id", "List Price"}
AWKWARD_METRICS = {
    *(
        "Double",
        "Whole",
        "Long Metric",
        "Big Decimal",
        "Date Metric",
        "Time Metric",
        "Moment Metric",
        "Text Metric",
    ),
    "Nothing",
}
_MAY_BE_GONE = ("/instances/", "/monitors/jobs/")
"""Parts of paths that a server may answer with a 404 although it serves them: what they led to is over."""
WIDE = {"Hierarchy", "Nested Custom Group", "Hierarchy On Columns"}


def main(checks: Checks) -> None:
    """Run the checks of log-ins, of reading, and of the work around the data."""
    with Simulator(rows=ROWS, gzip=False, max_sessions_per_user=100) as sim:
        sessions.main(checks, sim)
        connection = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
        _cubes(checks, sim, connection)
        _reports(checks, sim, connection)
        refreshing.main(checks, sim, connection)
        cataloguing.main(checks, sim)
        delivering.main(checks, sim)
        connection.close()
        _ours(checks, sim)
        checks.run(
            "no session is left", "all", lambda: SAME if sim.open_sessions == 0 else f"{sim.open_sessions} left"
        )
        missing = {
            (r.method, r.path)
            for r in sim.requests
            if r.status in {404, 405} and not any(gone in r.path for gone in _MAY_BE_GONE)
        }
    _cross_tabs(checks)
    _governor(checks)
    _old_server(checks)
    asking.main(checks)
    for method, path in sorted(missing):
        print(f"not served: {method} {path}")


def _cubes(checks: Checks, sim: Simulator, connection: Connection) -> None:
    for name in CUBES:
        kind = SuperCube if name == "Sales Cube" else OlapCube
        for parallel in (True, False):
            title = f"to_dataframe, {name}, {'parallel' if parallel else 'sequential'}"

            def read(name: str = name, kind: Any = kind, *, parallel: bool = parallel) -> str:
                cube = kind(connection, id=sim.cubes[name], parallel=parallel, progress_bar=False)
                frame = cube.to_dataframe(limit=CHUNK if name == "Sales Cube" else None)
                return explain(sim.truth(name), frame, _attribute_columns(sim, name))

            checks.run(title, MSTRIO, read)

    def loaded() -> str:
        cube = load_cube(connection, cube_id=sim.cubes["Sales Cube"])
        return explain(sim.truth("Sales Cube"), cube.to_dataframe(), _attribute_columns(sim, "Sales Cube"))

    checks.run("load_cube", MSTRIO, loaded)
    checks.run("attr_elements, Awkward Values", MSTRIO, lambda: _elements(sim, connection, "Awkward Values"))
    evicted = OlapCube(connection, id=sim.cubes["Awkward Values"], progress_bar=False)

    def read_twice() -> None:
        evicted.to_dataframe()
        sim.drop_instances()
        evicted.to_dataframe()

    checks.known_failure("to_dataframe again, instance evicted", MSTRIO, read_twice, "fails, R10", OSError)


def _elements(sim: Simulator, connection: Connection, name: str) -> str:
    listed = OlapCube(connection, id=sim.cubes[name], progress_bar=False).attr_elements
    truth = sim.truth(name, columns=["Row"])["Row"].to_pylist()
    rows = next(item["elements"] for item in listed if item["attribute_name"] == "Row")
    return SAME if [int(element["formValues"][0]) for element in rows] == truth else "differs"


def _reports(checks: Checks, sim: Simulator, connection: Connection) -> None:
    for name in filterfalse(asking.asks_back, sim.reports):

        def read(name: str = name, **options: Any) -> str:
            report = Report(connection, id=sim.reports[name], progress_bar=False)
            return _explained_report(sim, name, report.to_dataframe(**options))

        if name in WIDE:
            checks.known_failure(
                f"Report.to_dataframe, {name}", MSTRIO, read, "differs: N2", Unexplained, IndexError
            )
        elif name == "Consolidation":
            checks.known_failure(f"Report.to_dataframe, {name}", MSTRIO, read, "not supported", ImportError)
        else:
            checks.run(f"Report.to_dataframe, {name}", MSTRIO, read)
    checks.run(
        "Report.to_dataframe, asynchronous",
        MSTRIO,
        lambda: _explained_report(
            sim,
            "Report With Subtotals",
            Report(connection, id=sim.reports["Report With Subtotals"], progress_bar=False).to_dataframe(
                async_execution=True, poll_interval=0.05
            ),
        ),
    )


def _explained_report(sim: Simulator, name: str, frame: Any, *, subtotals: str = "drop") -> str:
    truth = sim.truth(name, subtotals=subtotals)
    return explain(truth, frame, _report_attributes(truth))


def _report_attributes(truth: pa.Table) -> set[str]:
    metrics = {"Revenue", "Units", "Ledger Id", "List Price", "Note", "Last Sale"}
    return set(truth.column_names) - metrics


def _attribute_columns(sim: Simulator, name: str) -> set[str]:
    metrics = {"Sales Cube": SALES_METRICS, "Awkward Values": AWKWARD_METRICS}.get(name, {"Amount", "Weight"})
    return set(sim.truth(name, limit=0).column_names) - metrics


def _cross_tabs(checks: Checks) -> None:
    """Read from a server that leaves a cross-tab one though its objects are asked for by name."""
    with Simulator(rows=100, uncrosstab=False) as sim:
        connection = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
        for name in ("Cross-tab Two Forms On Columns", "Cross-tab Metrics First", "Metrics On Rows"):

            def read(name: str = name) -> str:
                report = Report(connection, id=sim.reports[name], progress_bar=False)
                return _explained_report(sim, name, report.to_dataframe())

            failures = (ValueError, KeyError, IndexError, TypeError)
            checks.known_failure(
                f"Report.to_dataframe, left a cross-tab, {name}", MSTRIO, read, "fails, R4", *failures
            )
        connection.close()


def _governor(checks: Checks) -> None:
    """Show what a page shorter than asked for does to a client."""
    with Simulator(rows=5_000, cells_per_page=13 * 600, gzip=False) as sim:
        connection = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
        truth = sim.truth("Sales Cube")

        def read() -> str:
            frame = SuperCube(connection, id=sim.cubes["Sales Cube"], progress_bar=False).to_dataframe()
            return (
                f"differs: R1, {len(frame):,} of {truth.num_rows:,} rows" if len(frame) < truth.num_rows else SAME
            )

        checks.run("to_dataframe, server shortens pages", MSTRIO, read)
        connection.close()
        with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn:
            checks.run("cube, server shortens pages", OURS, partial(_read_own, sim, conn.cube, "Sales Cube"))


def _old_server(checks: Checks) -> None:
    """Read from a server that cannot hide subtotals and knows no application type 76."""
    with Simulator(rows=100, iserver_version="11.1.0400.00123", web_version="11.1.0400.00123") as sim:
        connection = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
        for name in ("Plain Report", "Report With Subtotals"):

            def read(name: str = name) -> str:
                frame = Report(connection, id=sim.reports[name], progress_bar=False).to_dataframe()
                shown = sim.truth(name, subtotals="keep").drop_columns("Subtotal Of")
                if shown.num_rows > sim.truth(name).num_rows and len(frame) == shown.num_rows:
                    return "differs: R5, subtotal rows among the data"
                return explain(sim.truth(name), frame, _report_attributes(shown))

            checks.run(f"Report.to_dataframe, old server, {name}", MSTRIO, read)
        connection.close()
        with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn:
            for name in ("Plain Report", "Report With Subtotals"):
                checks.run(f"report, old server, {name}", OURS, partial(_read_own, sim, conn.report, name))


def _ours(checks: Checks, sim: Simulator) -> None:
    with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn:
        for name in CUBES:
            checks.run(f"cube, {name}", OURS, partial(_read_own, sim, conn.cube, name))
        for name in filterfalse(asking.asks_back, sim.reports):
            checks.run(f"report, {name}", OURS, partial(_read_own, sim, conn.report, name))
            if "Subtotals" in name:
                keep = partial(_read_own, sim, conn.report, name, subtotals="keep")
                checks.run(f"report, {name}, kept", OURS, keep)


def _read_own(sim: Simulator, find: Callable[..., Any], name: str, **options: Any) -> str:
    return own(sim.truth(name, **options), find(name, **options).to_arrow())
