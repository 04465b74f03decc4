"""Reports that take long: run while nobody waits, behind gateways that cut, followed to their end."""

from __future__ import annotations

import asyncio
import time
from datetime import date

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.config import Limits, Retry, Settings, Timeouts
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import connect_to

PLAIN, TOTALS = "Plain Report", "Report With Subtotals"
ANSWERS = {"Least Revenue": 100_000, "Region Begins With": "N", "First Day": date(2023, 1, 1)}
QUICK = Settings(retry=Retry(attempts=2, wait_initial=0.001, wait_max=0.01), limits=Limits(first_page_rows=100))


@pytest.fixture
def simulate():
    """Start simulators."""
    started = []

    def start(**settings):
        simulator = Simulator(rows=200, **settings)
        started.append(simulator)
        return simulator.__enter__()

    yield start
    for simulator in started:
        simulator.__exit__(None, None, None)


@pytest.fixture
def connect():
    """Connect to simulators."""
    opened = []

    def connect(simulator, settings=QUICK):
        connection = connect_to(simulator, settings=settings)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


def asked(simulator):
    """List the requests about instances: method and what follows the instance's id."""
    listed = [request for request in simulator.requests if "/instances" in request.path]
    return [
        f"{request.method} {'status' if request.path.endswith('/status') else ''}".strip() for request in listed
    ]


def plain(table):
    """Make tables comparable, whatever their dictionaries are."""
    return table.to_pylist()


# What it costs


def test_a_report_that_is_ready_at_once_takes_one_request(simulate, connect):
    simulator = simulate(async_polls=0)
    table = connect(simulator).report(PLAIN).with_options(limits=Limits(first_page_rows=5_000)).to_arrow()
    assert plain(table) == plain(simulator.truth(PLAIN))
    assert asked(simulator) == ["POST"]


def test_a_report_with_subtotals_is_asked_to_leave_them_out_when_it_has_run(simulate, connect):
    simulator = simulate(async_polls=0)
    report = connect(simulator).report(TOTALS)
    assert plain(report.to_arrow()) == plain(simulator.truth(TOTALS))
    assert asked(simulator) == ["POST", "PUT"]
    assert simulator.requests[-1].body == b'{"subtotals":{"visible":false}}'


def test_an_older_server_takes_it_all_in_one_request(simulate, connect):
    simulator = simulate(async_polls=0, iserver_version="11.2.0100.00001")
    assert connect(simulator).report(TOTALS).to_arrow().num_rows == simulator.truth(TOTALS).num_rows
    assert asked(simulator) == ["POST"]
    assert "prefer" not in simulator.requests[-1].headers


def test_a_cube_takes_one_request_with_its_body(simulate, connect):
    simulator = simulate()
    assert connect(simulator).cube("Sales Cube").head(5).to_arrow().num_rows == 5
    assert asked(simulator) == ["POST"]
    assert simulator.requests[-1].body
    assert "prefer" not in simulator.requests[-1].headers


# What takes long


@pytest.mark.parametrize("name", [PLAIN, TOTALS])
def test_a_report_outlasts_a_gateway_that_cuts(simulate, connect, name):
    simulator = simulate(report_seconds=0.9, gateway_seconds=0.6)
    seen = []
    table = connect(simulator).report(name).to_arrow(on_progress=lambda stats: seen.append(stats.status))
    assert plain(table) == plain(simulator.truth(name))
    assert "running the SQL" in seen
    assert seen[-1] is None
    assert {request.status for request in simulator.requests} <= {200, 202, 204}


def test_its_schema_and_its_filtered_rows_are_of_one_run(simulate, connect):
    simulator = simulate(report_seconds=0.5, gateway_seconds=0.3)
    report = connect(simulator).report(PLAIN)
    assert "Units" in report.schema.names
    seen = []
    kept = report.filter(ma.col("Units") > 50).to_polars(on_progress=lambda stats: seen.append(stats.status))
    assert seen == [None] * len(seen)
    assert kept.height == sum((row["Units"] or 0) > 50 for row in plain(simulator.truth(PLAIN))) > 0
    assert asked(simulator).count("POST") == 1


def test_progress_is_told_while_the_columns_are_looked_at(simulate, connect):
    simulator = simulate(report_seconds=0.3)
    seen = []
    report = connect(simulator).report(PLAIN).filter(ma.col("Units") > 50)
    report.to_polars(on_progress=lambda stats: seen.append(stats.status))
    assert "running the SQL" in seen


def test_a_change_that_a_gateway_cuts_is_followed(simulate, connect):
    simulator = simulate(change_seconds=0.6, gateway_seconds=0.3)
    table = connect(simulator).report(TOTALS).to_arrow()
    assert plain(table) == plain(simulator.truth(TOTALS))
    assert asked(simulator).count("PUT") == 1


def test_a_change_that_never_arrived_is_asked_for_again(simulate, connect):
    simulator = simulate(async_polls=0)
    simulator.fail(Fault.html(504).on("PUT", "/instances/", times=2))
    assert plain(connect(simulator).report(TOTALS).to_arrow()) == plain(simulator.truth(TOTALS))
    assert asked(simulator).count("PUT") == 3
    assert asked(simulator).count("POST") == 1


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "fault",
    [Fault.error(500), Fault.empty(503), Fault.html(502), Fault.not_json(), Fault.reset(), Fault.cut_short()],
)
def test_a_change_whose_answer_tells_nothing_is_asked_for_again(simulate, connect, fault):
    simulator = simulate(async_polls=0)
    simulator.fail(fault.on("PUT", "/instances/", times=2))
    assert plain(connect(simulator).report(TOTALS).to_arrow()) == plain(simulator.truth(TOTALS))
    assert asked(simulator).count("PUT") == 3
    assert asked(simulator).count("POST") == 1


def test_a_change_that_takes_the_server_too_long_is_asked_for_fewer_rows(simulate, connect):
    simulator = simulate(async_polls=0)
    simulator.fail(Fault.error(500, iserver_code=-2147206497).on("PUT", "/instances/"))
    assert plain(connect(simulator).report(TOTALS).to_arrow()) == plain(simulator.truth(TOTALS))
    limits = [request.query["limit"] for request in simulator.requests if request.method == "PUT"]
    assert limits == ["100", "50"]


def test_a_verdict_on_a_change_is_final(simulate, connect):
    simulator = simulate(async_polls=0)
    simulator.fail(Fault.error(500, iserver_code=-2147205488).on("PUT", "/instances/", times=None))
    with pytest.raises(errors.LimitExceeded):
        connect(simulator).report(TOTALS).to_arrow()
    assert asked(simulator).count("PUT") == 1


def test_a_change_that_is_always_cut_is_told(simulate, connect):
    simulator = simulate(async_polls=0)
    simulator.fail(Fault.html(504).on("PUT", "/instances/", times=None))
    with pytest.raises(errors.ServerError, match="a gateway in front of the server cut the request") as caught:
        connect(simulator).report(TOTALS).to_arrow()
    assert "idle time of the gateway" in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"respond_async": False}, "asked to answer at once (Prefer: respond-async), and did not"),
        (
            {"iserver_version": "11.2.0100.00001"},
            "From version 11.2.0200 on, servers run reports while nobody waits",
        ),
    ],
)
def test_a_gateway_that_cuts_what_runs_while_we_wait_is_one_error(simulate, connect, settings, hint):
    simulator = simulate(report_seconds=1.0, gateway_seconds=0.2, **settings)
    with pytest.raises(errors.ServerError, match="The report may go on running on the server") as caught:
        connect(simulator).report(PLAIN).to_arrow()
    assert caught.value.status == 504
    assert hint in caught.value.hint
    assert asked(simulator) == ["POST"]


def test_a_connection_that_breaks_while_we_wait_is_told(simulate, connect):
    simulator = simulate()
    simulator.fail(Fault.reset().on("POST", "/instances", times=None))
    with pytest.raises(errors.ConnectError, match="The cube may go on running on the server") as caught:
        connect(simulator).cube("Sales Cube").to_arrow()
    assert "Ask for less at once" in caught.value.hint


def test_where_there_is_no_status_the_page_is_asked_for(simulate, connect):
    simulator = simulate(report_seconds=0.5, gateway_seconds=0.3)
    simulator.fail(
        Fault.error(404, "ERR004", message="HTTP 404 Not Found").on("GET", "/instances/.*/status$", times=None)
    )
    assert plain(connect(simulator).report(TOTALS).to_arrow()) == plain(simulator.truth(TOTALS))
    assert asked(simulator).count("GET status") == 1


# How it ends


@pytest.mark.parametrize("status", [3, 18])
def test_a_failure_is_told_in_the_servers_words(simulate, connect, status):
    simulator = simulate(report_seconds=0.2)
    simulator.fail(Fault.execution_fails(message="(The result has too many rows: 32000)", status=status))
    with pytest.raises(errors.LimitExceeded, match="too many rows: 32000"):
        connect(simulator).report(PLAIN).to_arrow()


def test_an_execution_ends_in_time_and_says_what_the_server_did(simulate, connect):
    simulator = simulate(report_seconds=20)
    settings = Settings(timeouts=Timeouts(execute=0.6))
    began = time.monotonic()
    with pytest.raises(errors.TimeoutExceeded, match=r"not ready after 0\.6 s; the server was") as caught:
        connect(simulator, settings).report(PLAIN).to_arrow()
    assert time.monotonic() - began < 5
    assert "Timeouts.execute" in caught.value.hint


def test_a_time_out_of_a_request_does_not_end_an_execution(simulate, connect):
    simulator = simulate(report_seconds=0.8)
    settings = Settings(timeouts=Timeouts(read=0.3, execute=30))
    assert connect(simulator, settings).report(PLAIN).to_arrow().num_rows == simulator.truth(PLAIN).num_rows


# An instance there is already


def instance_of(connection, report_id):
    body = connection.post(f"v2/reports/{report_id}/instances", json={}).json()
    return body["instanceId"]


def test_a_given_instance_is_read_and_none_is_made(simulate, connect):
    simulator = simulate(async_polls=0)
    connection = connect(simulator)
    whole = connection.report(TOTALS)
    given = connection.report(TOTALS, instance_id=instance_of(connection, whole.id))
    before = len(asked(simulator))
    assert plain(given.to_arrow()) == plain(simulator.truth(TOTALS))
    assert given.count_rows() == simulator.truth(TOTALS).num_rows
    assert given.filter(ma.col("Units") > 5).to_arrow().num_rows > 0
    assert set(asked(simulator)[before:]) == {"GET"}


def test_what_only_the_server_can_do_is_refused_for_a_given_instance(simulate, connect):
    simulator = simulate(async_polls=0)
    connection = connect(simulator)
    given = connection.report(PLAIN, instance_id=instance_of(connection, connection.report(PLAIN).id))
    with pytest.raises(errors.UsageError, match="a given instance is read as it is"):
        given.aggregate("Region", "Units").to_arrow()


@pytest.mark.parametrize("kind", ["report", "cube"])
def test_a_given_instance_that_is_gone_is_told(simulate, connect, kind):
    connection = connect(simulate())
    name = {"report": PLAIN, "cube": "Sales Cube"}[kind]
    scan = getattr(connection, kind)(name, instance_id="F" * 32)
    with pytest.raises(errors.InstanceGone) as caught:
        scan.to_arrow()
    assert "instance_id" in caught.value.hint


# Giving up


def running(simulator):
    """List the objects that the server runs."""
    return [job.object_name for job in list(simulator._server.jobs.running.values())]


async def given_up(connection):
    """Read the plain report, and give up when it runs."""
    runs = asyncio.Event()
    loop = asyncio.get_running_loop()
    report = await connection.report_async(PLAIN)
    read = asyncio.ensure_future(report.to_arrow_async(on_progress=lambda _: loop.call_soon_threadsafe(runs.set)))
    await runs.wait()
    read.cancel()
    with pytest.raises(asyncio.CancelledError):
        await read


def test_giving_up_cancels_the_job(simulate, connect):
    simulator = simulate(report_seconds=20)
    asyncio.run(given_up(connect(simulator)))
    assert running(simulator) == []
    assert [request.status for request in simulator.requests if request.method == "DELETE"] == [204]


def test_the_end_of_the_time_cancels_the_job(simulate, connect):
    simulator = simulate(report_seconds=20)
    settings = Settings(timeouts=Timeouts(execute=0.4))
    with pytest.raises(errors.TimeoutExceeded, match="its job was cancelled"):
        connect(simulator, settings).report(PLAIN).to_arrow()
    assert running(simulator) == []


def test_a_job_that_may_be_another_sessions_is_left_alone(simulate, connect):
    simulator = simulate(report_seconds=20)
    other = connect(simulator)
    other.post(f"v2/reports/{other.report(PLAIN).id}/instances", headers={"Prefer": "respond-async"})
    connection = connect(simulator)
    asyncio.run(given_up(connection))
    assert running(simulator) == [PLAIN, PLAIN]
    connection.close()
    assert running(simulator) == [PLAIN]


def test_another_users_privileges_leave_the_job_to_the_log_out(simulate, connect):
    simulator = simulate(report_seconds=20, monitors_jobs=False)
    settings = Settings(timeouts=Timeouts(execute=0.4))
    connection = connect(simulator, settings)
    with pytest.raises(errors.TimeoutExceeded, match="may go on until the connection is closed"):
        connection.report(PLAIN).to_arrow()
    assert running(simulator) == [PLAIN]
    connection.close()
    assert running(simulator) == []


# The SQL


def test_the_sql_of_a_report_is_shown_without_running_it(simulate, connect):
    simulator = simulate(report_seconds=20)
    report = connect(simulator).report(PLAIN)
    assert report.sql_view().startswith("select ")
    assert asyncio.run(report.sql_view_async()) == report.sql_view()
    assert running(simulator) == []


def test_the_sql_of_a_prompted_report_takes_its_answers(simulate, connect):
    report = connect(simulate()).report("Prompted Value")
    with pytest.raises(errors.PromptsOpen):
        report.sql_view()
    assert "3 prompts answered" in report.prompts(ANSWERS).sql_view()


def test_the_sql_of_a_cube_is_shown(simulate, connect):
    simulator = simulate()
    assert "Sales Cube" in connect(simulator).cube("Sales Cube").sql_view()
    assert asked(simulator) == []


@pytest.mark.parametrize(("kind", "name"), [("report", PLAIN), ("cube", "Sales Cube")])
def test_who_may_not_see_sql_is_told_what_it_takes(simulate, connect, kind, name):
    scan = getattr(connect(simulate(views_sql=False)), kind)(name)
    with pytest.raises(errors.PermissionDenied) as caught:
        scan.sql_view()
    assert "privilege for the SQL view" in caught.value.hint


# Prompts on the way


@pytest.mark.parametrize("seconds", [0.0, 0.9])
def test_prompts_are_answered_before_the_report_runs(simulate, connect, seconds):
    simulator = simulate(report_seconds=seconds, gateway_seconds=0.7)
    report = connect(simulator).report("Prompted Value").prompts(ANSWERS)
    seen = []
    table = report.to_arrow(on_progress=lambda stats: seen.append(stats.status))
    assert plain(table) == plain(simulator.truth("Prompted Value", answers=ANSWERS))
    assert "waiting for answers to prompts" in seen
    assert asked(simulator).count("POST") == 1
    assert 504 not in {request.status for request in simulator.requests if request.method != "GET"}
