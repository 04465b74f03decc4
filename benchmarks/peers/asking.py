"""What mstrio-py, and mstr_arrow, read of reports that ask back: prompts, page-by, long executions."""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mstrio.connection import Connection
from mstrio.project_objects import Report
from mstrio.project_objects.prompt import Prompt

import mstr_arrow as ma
from benchmarks.peers.compare import explain, own
from benchmarks.peers.verdicts import MSTRIO, OURS, Checks
from mstr_arrow.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

METRICS = {"Revenue", "Units", "Cost", "Revenue At Level", "Share"}
PAGED = ("Paged", "Paged By Two", "Paged By Three", "Paged Types", "Paged Cross-tab", "Paged Many")
ANSWERS: dict[str, dict[str, Any]] = {
    "Prompted Value": {
        "Least Revenue": 1000,
        "Region Begins With": "N",
        "First Day": "2023-02-01T00:00:00.000+0000",
    },
    "Prompted Elements": {"Year": ["2022"], "Suppliers": ["Alpine Bakery", "Amber Bakery"]},
    "Prompted Optional": {"Most Units": 150, "Regions": ["North"]},
    "Prompted Objects": {"Metrics": ["Units"]},
    "Prompted Nested": {"Category": ["Music"], "Items": ["Cello", "Drum"], "Least Units": 20},
}


def asks_back(name: str) -> bool:
    """Tell whether a report has prompts or page-by."""
    return name.startswith(("Prompted", "Paged"))


def main(checks: Checks) -> None:
    """Run the checks of reports that ask back."""
    with Simulator(rows=10, gzip=False, max_sessions_per_user=100) as sim:
        connection = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
        _prompted(checks, sim, connection)
        _paged(checks, sim, connection)
        connection.close()
        _ours(checks, sim)
    _gateway(checks)


def _prompted(checks: Checks, sim: Simulator, connection: Connection) -> None:
    for name, answers in ANSWERS.items():
        for later in (False, True):
            title = f"Report.to_dataframe, {name}{', asynchronous' if later else ''}"
            read = partial(_read_prompted, sim, connection, name, answers, later=later)
            if name == "Prompted Objects":
                checks.known_failure(title, MSTRIO, read, "fails, asks for what was not chosen", OSError)
            elif name == "Prompted Nested":
                checks.known_failure(title, MSTRIO, read, "fails, answers once only", OSError)
            else:
                checks.run(title, MSTRIO, read)
    unanswered = Report(connection, id=sim.reports["Prompted Value"], progress_bar=False)
    checks.known_failure(
        "Report.to_dataframe, no answers", MSTRIO, unanswered.to_dataframe, "fails, R12", OSError, ValueError
    )


def _read_prompted(
    sim: Simulator, connection: Connection, name: str, answers: Mapping[str, Any], *, later: bool
) -> str:
    report = Report(connection, id=sim.reports[name], progress_bar=False)
    asked = {prompt.name: prompt for prompt in report.prompts}
    metrics = {metric["name"]: metric["id"] for metric in report.metrics}
    given = []
    for prompt_name, answer in answers.items():
        if prompt_name not in asked:
            continue  # of a level that comes later: one request for answers is all that there is
        written, kind = answer, "VALUE"
        if isinstance(answer, list) and prompt_name == "Metrics":
            written, kind = [{"id": metrics[metric], "type": "metric"} for metric in answer], "OBJECTS"
        elif isinstance(answer, list):
            written, kind = [{"name": text} for text in answer], "ELEMENTS"
        given.append(Prompt(kind, written, key=asked[prompt_name].key))
    pauses = {"async_execution": True, "poll_interval": 0.05} if later else {}
    frame = report.to_dataframe(prompt_answers=given, **pauses)
    return _explained(sim.truth(name, answers=answers), frame)


def _paged(checks: Checks, sim: Simulator, connection: Connection) -> None:
    for name in PAGED:
        checks.run(f"Report.to_dataframe, each page of {name}", MSTRIO, partial(_read_pages, sim, connection, name))


def _read_pages(sim: Simulator, connection: Connection, name: str) -> str:
    """Read the pages that mstrio-py lists, a handful of them of a report that has many."""
    report = Report(connection, id=sim.reports[name], progress_bar=False)
    report.to_dataframe()
    truth = sim.truth(name)
    forms = len(truth.column_names) - len(report.to_dataframe().columns)
    keys = truth.select(range(forms)).to_pylist()
    places: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(keys):
        places.setdefault(tuple(key.values()), []).append(row)
    listed = report.valid_page_by_elements
    habits: set[str] = set()
    for combination, rows in list(zip(listed, places.values(), strict=False))[:10]:
        chosen = report.get_selected_page_by_elements(combination)
        page = truth.take(rows).drop_columns(truth.column_names[:forms])
        verdict = _explained(page, report.to_dataframe(page_element_id=chosen))
        habits |= set(verdict.removeprefix("differs: ").split(", ")) - {"same"}
    if len(listed) < len(places):
        habits.add(f"R12 ({len(listed):,} of {len(places):,} pages)")
    return f"differs: {', '.join(sorted(habits))}" if habits else "same"


def _explained(truth: pa.Table, frame: Any) -> str:
    return explain(truth, frame, set(truth.column_names) - METRICS)


def _ours(checks: Checks, sim: Simulator) -> None:
    with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn:

        def answered(name: str, answers: Mapping[str, Any]) -> str:
            return own(sim.truth(name, answers=answers), conn.report(name).prompts(answers).to_arrow())

        def expanded(name: str) -> str:
            return own(sim.truth(name), conn.report(name).expand_pages().to_arrow())

        for name, answers in ANSWERS.items():
            checks.run(f"report, {name}", OURS, partial(answered, name, answers))
        for name in PAGED:
            checks.run(f"report, all pages of {name}", OURS, partial(expanded, name))


def _gateway(checks: Checks) -> None:
    """Read a report that takes three times as long as a gateway waits."""
    with Simulator(rows=10, gzip=False, report_seconds=1.5, gateway_seconds=0.5) as sim:
        connection = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
        truth = sim.truth("Plain Report")
        attributes = {"Region", "Store@ID", "Store@DESC", "Day"}

        def read(**options: Any) -> str:
            report = Report(connection, id=sim.reports["Plain Report"], progress_bar=False)
            return explain(truth, report.to_dataframe(**options), attributes)

        title = "Report.to_dataframe, slower than its gateway"
        checks.known_failure(title, MSTRIO, read, "fails", Exception)
        checks.run(f"{title}, asynchronous", MSTRIO, lambda: read(async_execution=True, poll_interval=0.1))
        connection.close()
        with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn:
            title = "report, slower than its gateway"
            checks.run(title, OURS, lambda: own(truth, conn.report("Plain Report").to_arrow()))
