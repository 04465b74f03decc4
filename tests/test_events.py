import asyncio
import json
import logging
import time
from dataclasses import FrozenInstanceError, asdict

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.events import (
    RequestFinished,
    RequestStarted,
    SessionClosed,
    SessionOpened,
    SessionRenewed,
)

SECRET = "p4ss-s3cr3t"


@pytest.fixture
def watched(library, quick):
    """A connection to the scripted Library, and the events of it so far."""
    seen = []
    with ma.connect(
        library.url, username="ann", password=SECRET, settings=quick, on_event=seen.append
    ) as connection:
        yield connection, seen


def test_a_session_is_told_from_its_beginning_to_its_end(simulator, quick):
    seen = []
    login = {"username": simulator.username, "password": simulator.password}
    with ma.connect(simulator.url, settings=quick, on_event=seen.append, **login) as connection:
        connection.user()
    asked = [
        event for event in seen if getattr(event, "path", "/api/sessions") != "/api/sessions"
    ]  # the keep-alive's
    started = [event for event in asked if isinstance(event, RequestStarted)]
    finished = [event for event in asked if isinstance(event, RequestFinished)]
    assert [(event.method, event.path) for event in started] == [
        ("GET", "/api/status"),
        ("POST", "/api/auth/login"),
        ("GET", "/api/sessions/userInfo"),
        ("POST", "/api/auth/logout"),
    ]
    assert [(event.method, event.path) for event in finished] == [(event.method, event.path) for event in started]
    assert {(event.number, event.error) for event in finished} == {(1, None)}
    assert all(event.seconds > 0 for event in finished)
    assert started[1].bytes > 50
    assert finished[0].bytes > 50
    sessions = [event for event in seen if isinstance(event, SessionOpened | SessionClosed)]
    assert sessions == [SessionOpened(simulator.url, connection.server_version), SessionClosed(simulator.url, True)]
    assert seen[-1] == sessions[-1]


def test_a_repetition_says_why(library, watched):
    connection, seen = watched
    library.on("GET", "/api/x", json={"ok": True})
    library.on("GET", "/api/x", times=1, status=503, json={"code": "ERR0016", "message": "later"})
    seen.clear()
    connection.get("x", project=False)
    told = [event for event in seen if event.path == "/api/x"]
    assert [type(event).__name__ for event in told] == ["RequestStarted", "RequestFinished"] * 2
    assert [(event.number, event.why) for event in told[::2]] == [(1, None), (2, "ServerBusy [ERR0016]")]
    assert [(event.status, event.error) for event in told[1::2]] == [(503, "ServerBusy [ERR0016]"), (200, None)]
    assert told[1].bytes > 0


def test_a_request_without_an_answer_is_told(library, watched):
    connection, seen = watched

    async def never(_):
        await asyncio.sleep(30)

    library.on("POST", "/api/x", never)
    seen.clear()
    with pytest.raises(errors.TimeoutExceeded):
        connection._client.run(connection._client.http.own.request("POST", "x", wait=0.05))
    last = next(event for event in reversed(seen) if event.path == "/api/x")
    assert (last.status, last.error, last.bytes) == (None, "TimeoutExceeded", 0)


def test_a_renewal_is_told(library, quick):
    seen = []
    library.on("GET", "/api/sessions", json={"timeout": 0.03})
    with ma.connect(library.url, username="ann", password=SECRET, settings=quick, on_event=seen.append):
        deadline = time.monotonic() + 60
        while SessionRenewed(library.url) not in seen and time.monotonic() < deadline:
            time.sleep(0.01)
    assert SessionRenewed(library.url) in seen


def test_a_log_out_that_failed_is_told(library, quick):
    seen = []
    library.on("POST", "/api/auth/logout", status=500)
    ma.connect(library.url, username="ann", password=SECRET, settings=quick, on_event=seen.append).close()
    assert seen[-1] == SessionClosed(library.url, False)


def test_a_log_in_that_failed_opens_and_closes_nothing(library, quick):
    seen = []
    library.on("POST", "/api/auth/login", status=401, json={"code": "ERR003", "message": f"no {SECRET}"})
    with pytest.raises(errors.LoginError):
        ma.connect(library.url, username="ann", password=SECRET, settings=quick, on_event=seen.append)
    assert {type(event) for event in seen} == {RequestStarted, RequestFinished}
    assert seen[-1].error == "LoginError [ERR003]"


def test_events_hold_no_secret_and_no_query(library, watched):
    connection, seen = watched
    library.on("GET", "/api/x", status=400, json={"message": SECRET})
    with pytest.raises(errors.InvalidRequest):
        connection.get("x?password=q-s3cr3t", params={"token": "t-s3cr3t"}, headers={"X-Own": "h-s3cr3t"})
    told = json.dumps([asdict(event) for event in seen]) + repr(seen)
    assert "/api/x" in told
    for secret in ("s3cr3t", "token0123456789abcdefghijk", "J1", "ann"):
        assert secret not in told


def test_an_event_cannot_be_changed(watched):
    _, seen = watched
    with pytest.raises(FrozenInstanceError):
        seen[0].path = "elsewhere"


def test_a_function_that_raises_breaks_no_request(library, quick, caplog):
    def broken(event):
        raise RuntimeError(f"do not show {event}")

    with (
        caplog.at_level(logging.DEBUG, logger="mstr_arrow"),
        ma.connect(library.url, username="ann", password=SECRET, settings=quick, on_event=broken) as connection,
    ):
        assert connection.user().name == "Ann"
    assert "on_event failed: RuntimeError" in caplog.text
    assert "do not show" not in caplog.text
    assert library.open_sessions == 0


def test_a_function_that_calls_back_is_refused_and_not_waited_for(library, quick, caplog):
    calls = []

    def curious(event):
        if isinstance(event, SessionRenewed | SessionOpened) or not calls:
            return
        connection.user()

    with caplog.at_level(logging.DEBUG, logger="mstr_arrow"):
        connection = ma.connect(library.url, username="ann", password=SECRET, settings=quick, on_event=curious)
        calls.append(1)
        connection.close()
    assert "on_event failed: UsageError" in caplog.text


def test_without_a_function_no_event_is_made(library, quick, monkeypatch):
    def made(*arguments):
        raise AssertionError(arguments)

    for name in ("RequestStarted", "RequestFinished", "SessionOpened", "SessionClosed", "tell"):
        monkeypatch.setattr(f"mstr_arrow.events.{name}", made)
    with ma.connect(library.url, username="ann", password=SECRET, settings=quick) as connection:
        assert connection.user().name == "Ann"


def test_an_asynchronous_connection_tells_too(library, quick):
    seen = []

    async def go():
        login = {"username": "ann", "password": SECRET}
        async with ma.connect_async(library.url, settings=quick, on_event=seen.append, **login) as connection:
            await connection.user_async()

    asyncio.run(go())
    assert isinstance(seen[-1], SessionClosed)
