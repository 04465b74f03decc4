"""Subscriptions are made and deleted once, though answers get lost, and nothing half made is left."""

import asyncio

import pytest

from mstr_arrow import delivery
from mstr_arrow.config import Settings, Timeouts
from mstr_arrow.errors import MstrError, NotFound, TimeoutExceeded
from mstr_arrow.simulator import Fault
from tests.support.servers import connect_to

SUBSCRIPTIONS = r"/subscriptions$"
ONE = r"/subscriptions/\w+$"

LOST = [Fault.reset(), Fault.outwaited(504), Fault.html(502), Fault.error(500), Fault.not_json(), Fault.cut_short()]
NAMES = ["reset", "gateway", "html", "500", "not json", "cut short"]


def subscribe(conn, **options):
    return conn.subscribe("Once", "Sales Cube", "Every Morning", conn.user(), delivery.HistoryList(), **options)


def count(server, name="Once"):
    return sum(one.body["name"] == name for one in server._server.subscriptions.all.values())


@pytest.mark.parametrize("fault", LOST, ids=NAMES)
def test_a_subscription_is_made_once(server, conn, fault):
    twin = subscribe(conn)  # which is not taken for the new one
    sent = len(server.deliveries)
    server.fail(fault.on("POST", SUBSCRIPTIONS))
    made = subscribe(conn, send_now=True)
    assert count(server) == 2
    assert made.id != twin.id
    assert len(server.deliveries) == sent + 1
    made.delete()
    twin.delete()


def test_a_slow_server_that_made_it_all_the_same_is_believed(server, conn):
    server.fail(Fault.stalled(3).on("POST", SUBSCRIPTIONS))
    made = subscribe(conn)
    assert count(server) == 1
    made.delete()


@pytest.mark.parametrize("fault", [Fault.html(502), Fault.error(500)], ids=["html", "500"])
def test_trouble_that_stays_leaves_none(server, conn, fault):
    server.fail(fault.on("POST", SUBSCRIPTIONS, times=None))
    with pytest.raises(MstrError):
        subscribe(conn)
    assert count(server) == 0


def test_one_that_is_given_up_while_it_is_made_is_deleted(server, conn):
    server.fail(Fault.stalled(3).on("POST", SUBSCRIPTIONS))

    me = conn.user()

    async def given_up():
        async with asyncio.timeout(0.5):
            await conn.subscribe_async("Once", "Sales Cube", "Every Morning", me, delivery.HistoryList())

    with pytest.raises(TimeoutError):
        asyncio.run(given_up())
    assert count(server) == 0


@pytest.mark.parametrize(
    "fault", [Fault.reset(), Fault.outwaited(504), Fault.html(502)], ids=["reset", "504", "502"]
)
def test_a_subscription_is_deleted_once(server, conn, fault):
    made = subscribe(conn)
    server.fail(fault.on("DELETE", ONE))
    made.delete()
    assert count(server) == 0
    with pytest.raises(NotFound):
        made.delete()


@pytest.mark.parametrize("fault", LOST[:4], ids=NAMES[:4])
def test_a_change_is_made_whatever_becomes_of_its_answer(server, conn, fault):
    made = subscribe(conn)
    server.fail(fault.on("PUT", ONE))
    assert made.update(name="Changed").name == "Changed"
    server.fail(fault.on("PATCH", ONE))
    assert made.pause().paused is True
    made.delete()


def test_a_session_that_ends_is_opened_again(server, conn):
    made = subscribe(conn)
    server.expire_sessions()
    assert made.update(name="Later").name == "Later"
    server.expire_sessions()
    made.send()
    server.expire_sessions()
    assert made.wait(timeout=2).outcome == "success"
    server.expire_sessions()
    made.delete()


def test_a_wait_that_is_too_long_is_an_error_of_ours(server, conn):
    made = subscribe(conn)
    server.fail(Fault.delivery_ends(0))
    made.send()
    with pytest.raises(TimeoutExceeded):
        made.wait(timeout=0.05)
    made.delete()


@pytest.mark.parametrize("step", ["make", "delete"])
def test_what_nobody_can_look_at_is_told_with_the_way_to_see_it(server, conn, daily, step):
    before = len(server.requests)
    method, path = ("POST", SUBSCRIPTIONS) if step == "make" else ("DELETE", ONE)
    server.fail(Fault.html(502).on(method, path))
    server.fail(Fault.html(502).on("GET", r"/subscriptions(/\w+)?$", skip=1 if step == "make" else 0, times=None))
    with pytest.raises(MstrError, match=r"not known: see subscriptions\(\) before you ask for it again"):
        subscribe(conn) if step == "make" else daily.delete()
    server.heal()
    assert sum(request.method == method for request in server.requests[before:]) == 1
    assert count(server) == 0


def test_a_time_out_while_nothing_is_there_says_how_to_see_it(server):
    settings = Settings(timeouts=Timeouts(connect=0.3, read=0.3, execute=0.3))
    server.fail(Fault.slow(30).on("POST", SUBSCRIPTIONS))
    with (
        connect_to(server, settings=settings) as hurried,
        pytest.raises(TimeoutExceeded, match=r"see subscriptions\(\) before"),
    ):
        subscribe(hurried)
    assert count(server) == 0
