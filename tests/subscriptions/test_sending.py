"""Sending subscriptions, and following how that goes."""

import asyncio
from datetime import UTC, datetime

import pytest

import mstr_arrow as ma
from mstr_arrow import delivery
from mstr_arrow.errors import DeliveryFailed, InvalidRequest, PromptsOpen, ServerError, TimeoutExceeded, UsageError
from mstr_arrow.simulator import Fault
from mstr_arrow.subscriptions import subscription_requests
from mstr_arrow.subscriptions.delivery_status import read_status
from tests.support.servers import IDLE, connect_to

SEND = r"/send$"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(subscription_requests, "FIRST_PAUSE", 0.005)


def sends(server):
    return [request for request in server.requests if request.path.endswith("/send")]


def test_one_that_never_ran_has_a_status(server, conn, daily):
    before = len(server.requests)
    status = daily.status()
    assert (status.stage, status.outcome, status.is_finished) == ("never ran", None, False)
    assert len(server.requests) == before + 1, "that it never ran is not asked twice"
    assert asyncio.run(daily.status_async()) == status
    assert conn.subscription("Daily").last_run is None


def test_one_is_sent_and_followed_to_its_end(server, daily):
    before = len(server.deliveries)
    daily.send()
    seen = []
    status = daily.wait(on_progress=seen.append)
    assert (status.stage, status.outcome, status.total, status.messages) == ("finished", "success", 1, ())
    assert status.began.tzinfo is not None
    assert status.began.microsecond == 123_000
    assert seen[-1] == status
    (sent,) = server.deliveries[before:]
    assert (sent.subscription, sent.mode, sent.recipients) == ("Daily", "EMAIL", ("Ann Lee",))
    assert asyncio.run(daily.wait_async(timeout=1)) == status


def test_the_run_before_is_not_taken_for_the_one_that_was_sent(server, daily):
    daily.send()
    first = daily.wait()
    server.fail(Fault.delivery_ends(0))  # never ends
    daily.send()
    with pytest.raises(TimeoutExceeded, match=r"not delivered after 0\.05 s; it is executing"):
        daily.wait(timeout=0.05)
    asyncio.run(daily.send_async())
    assert daily.wait().began > first.began


def test_a_new_one_can_be_sent_at_once(server, conn):
    before = len(server.deliveries)
    made = conn.subscribe("Now", "Sales Cube", [], conn.user(), delivery.HistoryList(), send_now=True)
    assert made.wait().outcome == "success"
    assert len(server.deliveries) == before + 1
    made.delete()


@pytest.mark.parametrize(
    ("state", "said"),
    [(2, "has failed: no disk"), (3, "has been cancelled: no disk"), (4, "has timed out on the server: no disk")],
)
def test_a_delivery_that_fails_is_an_error_with_the_reason(server, daily, state, said):
    server.fail(Fault.delivery_ends(state, "no disk"))
    daily.send()
    with pytest.raises(DeliveryFailed, match=f"'Daily' {said}") as raised:
        daily.wait()
    assert raised.value.status == daily.status()


def test_one_that_is_skipped_is_told_so(server, daily):
    server.fail(Fault.delivery_ends(5, "no rows"))
    daily.send()
    assert (daily.wait().outcome, daily.status().messages) == ("skipped", ("no rows",))


def test_waiting_for_what_was_never_sent_ends(daily):
    with pytest.raises(TimeoutExceeded, match="no run of it has begun"):
        daily.wait(timeout=0.02)


def test_an_older_server_has_another_way_to_send(quick):
    from mstr_arrow.simulator import Simulator

    sim = Simulator(rows=50, delivery_api=1, delivery_polls=2, delivery_seconds=0.05, **IDLE)
    with sim, connect_to(sim, settings=quick) as conn:
        phone = conn.subscription("On My Phone")
        phone.send()
        stages = []
        assert phone.wait(on_progress=lambda status: stages.append(status.stage)).outcome == "success"
        assert stages[:2] == ["executing", "executing"]
        assert conn.subscription("On My Phone").status().is_finished
        assert conn.subscriptions("On My Phone")[0].last_run > datetime(2026, 1, 15, tzinfo=UTC)
        assert len(conn.schedules()) == 4
        assert [request.path.startswith("/api/v2") for request in sends(sim)] == [True, False]


# Prompts


@pytest.fixture
def asking(conn):
    """A subscription to a report that asks for a year, twice."""
    made = conn.subscribe("Asking", "Prompted Twice", "Every Morning", conn.user(), delivery.HistoryList())
    yield made
    made.delete()


def test_answers_are_sent_along(server, asking):
    asking.send(answers={"Year": 2024})
    assert asking.wait().outcome == "success"
    assert len(server.deliveries[-1].instances) == 1
    answered = [request.body for request in server.requests if request.path.endswith("/prompts/answers")]
    assert b"2024" in answered[-1]


def test_without_answers_the_delivery_fails(asking):
    asking.send()
    with pytest.raises(DeliveryFailed, match="The prompts of 'Prompted Twice' are not answered"):
        asking.wait()


def test_answers_that_do_not_fit_send_nothing(server, conn, asking, daily):
    before = len(sends(server))
    with pytest.raises(UsageError, match="Year"):
        asking.send(answers={"Yaer": 2024})
    with pytest.raises(UsageError, match="asks anything"):
        daily.send(answers={"Year": 2024})
    needed = conn.subscribe("Needed", "Prompted Value", "Every Morning", conn.user(), delivery.HistoryList())
    try:
        with pytest.raises((PromptsOpen, UsageError)):
            needed.send(answers={"nothing": 1})
    finally:
        needed.delete()
    assert len(sends(server)) == before


def test_a_server_without_instances_of_subscriptions_answers_too(server, asking):
    server.fail(Fault.error(404, "ERR004", message="HTTP 404 Not Found").on("POST", r"/content/"))
    asking.send(answers={"Year": 2024})
    assert asking.wait().outcome == "success"


def test_a_new_one_may_hold_answers(server, conn):
    content = delivery.Content("Prompted Twice", answers={"Year": 2023})
    made = conn.subscribe("Answered", content, "Every Morning", conn.user(), delivery.HistoryList())
    try:
        assert made.definition["contents"][0]["personalization"]["prompt"]["enabled"] is True
        made.send()
        assert made.wait().outcome == "success"
    finally:
        made.delete()
    assert server.deliveries[-1].subscription == "Answered"


# Lost answers


@pytest.mark.parametrize("fault", [Fault.reset(), Fault.outwaited(504), Fault.outwaited(502)])
def test_what_went_though_its_answer_was_lost_is_not_sent_again(server, daily, fault):
    before = len(server.deliveries)
    server.fail(fault.on("POST", SEND))
    daily.send()
    assert daily.wait().outcome == "success"
    assert len(server.deliveries) == before + 1


@pytest.mark.parametrize(
    "fault", [Fault.html(502), Fault.error(500), Fault.reset_upload(after=0), Fault.not_json()]
)
def test_what_may_have_gone_is_not_sent_again_and_the_error_says_how_to_see(server, daily, fault):
    before = len(sends(server)), len(server.deliveries)
    server.fail(fault.on("POST", SEND))
    with pytest.raises(ma.MstrError, match=r"not sent again: see status\(\)"):
        daily.send()
    assert len(server.deliveries) == before[1]
    assert len(sends(server)) <= before[0] + 1


def test_what_was_turned_away_is_sent_again(server, daily):
    before = len(server.deliveries)
    server.fail(Fault.busy(retry_after=0).on("POST", SEND))
    daily.send()
    assert len(server.deliveries) == before + 1


def test_a_refusal_is_what_the_server_says(server, daily):
    server.fail(Fault.error(400, "ERR006", message="not now").on("POST", SEND))
    with pytest.raises(InvalidRequest, match="not now") as raised:
        daily.send()
    assert "status()" not in str(raised.value)


def test_trouble_with_a_status_is_asked_again(server, daily):
    server.fail(Fault.html(502).on("GET", r"/status$"))
    assert daily.status().stage == "never ran"
    server.fail(Fault.error(500, "ERR001", iserver_code=-2147214568).on("GET", r"/status$"))
    with pytest.raises(ServerError):
        daily.status()


@pytest.mark.parametrize(
    ("body", "stage", "outcome"),
    [
        ({"stage": 1, "state": 0}, "executing", None),
        ({"stage": "1", "state": "0"}, "executing", None),
        ({"stage": 2, "state": 1}, "finished", "success"),
        ({"stage": "FINISHED", "state": "Success"}, "finished", "success"),
        ({"stage": "finished", "state": "CANCELED"}, "finished", "cancelled"),
        ({"state": 5}, "finished", "skipped"),
        ({"stage": 0, "state": 0}, "unknown", None),
        ({"stage": 9, "state": 9}, "unknown", None),
        ({}, "unknown", None),
    ],
)
def test_every_way_to_tell_a_status_is_read(body, stage, outcome):
    status = read_status(body)
    assert (status.stage, status.outcome) == (stage, outcome)


@pytest.mark.parametrize("path", [SEND, r"/prompts/answers$"])
def test_answers_are_given_again_where_the_session_ends_meanwhile(server, asking, path):
    before = len(server.deliveries)
    server.fail(Fault.logged_out().on(None, path))
    asking.send(answers={"Year": 2024})
    assert asking.wait().outcome == "success"
    assert len(server.deliveries) == before + 1


def test_a_lost_answer_is_told_where_the_status_cannot_be_asked_either(server, daily):
    server.fail(Fault.html(502).on("POST", SEND))
    server.fail(Fault.reset().on("GET", r"/status$", skip=1, times=None))
    with pytest.raises(ServerError, match=r"not sent again: see status\(\)"):
        daily.send()
    server.heal()
