import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.config import Network, Retry, Timeouts


def connected(library, settings):
    return ma.connect(library.url, username="ann", password="secret", project="Retail", settings=settings)


def test_a_total_bounds_a_request_with_its_repetitions(library, quick):
    library.on("GET", "/api/x", status=503)
    retry = Retry(attempts=1000, seconds=600, wait_initial=0.01, wait_max=0.01)
    settings = replace(quick, timeouts=replace(quick.timeouts, total=0.3), retry=retry)
    with connected(library, settings) as connection:
        with pytest.raises(errors.TimeoutExceeded, match=r"within 0\.3 s, repetitions included") as caught:
            connection.get("x")
        assert "Timeouts.total" in caught.value.hint
        assert library.count("GET", "/api/x") > 2
        assert connection.user().name == "Ann", "the connection goes on"


def test_a_total_ends_a_request_that_is_never_answered(library, quick):
    async def never(_):
        await asyncio.sleep(30)

    library.on("POST", "/api/x", never)
    timeouts = Timeouts(connect=2, read=60, execute=60, logout=1, total=0.2)
    connection = connected(library, replace(quick, timeouts=timeouts))
    with connection, pytest.raises(errors.TimeoutExceeded, match=r"POST /api/x"):
        connection.post("x")


def test_a_shorter_time_out_keeps_its_own_words(library, quick):
    async def never(_):
        await asyncio.sleep(30)

    library.on("POST", "/api/x", never)
    timeouts = Timeouts(connect=0.1, read=0.1, logout=1, total=20)
    connection = connected(library, replace(quick, timeouts=timeouts))
    with connection, pytest.raises(errors.TimeoutExceeded, match=r"Timeouts\.read"):
        connection.post("x")


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_requests_are_under_way_than_connections(library, quick, limit):
    under_way, most = 0, 0

    async def counted(_):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return web.json_response({})

    library.on("GET", "/api/x", counted)
    # Those that wait for a place may wait longer than a connection may take.
    timeouts = Timeouts(connect=0.1, read=0.2, logout=1)
    settings = replace(quick, timeouts=timeouts, network=Network(connections=limit))

    async def many(connection):
        await asyncio.gather(*(connection.get_async("x") for _ in range(12)))

    with connected(library, settings) as connection:
        asyncio.run(many(connection))
    assert (most, library.count("GET", "/api/x")) == (limit, 12)


def test_a_request_gives_its_place_back_when_it_fails(library, quick):
    library.on("GET", "/api/x", status=400)
    with connected(library, replace(quick, network=Network(connections=1))) as connection:
        for _ in range(3):
            with pytest.raises(errors.InvalidRequest):
                connection.get("x")
        assert connection.user().name == "Ann"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_neither_token_nor_cookies_follow_a_redirect(library, quick, method, status):
    with type(library)() as elsewhere:
        library.on(method, "/api/x", status=status, headers={"Location": f"{elsewhere.url}/api/x"})
        elsewhere.on(method, "/api/x", json={"stolen": True})
        with connected(library, quick) as connection, pytest.raises(errors.ProtocolError, match="redirected"):
            connection.request(method, "x")
        assert elsewhere.requests == []
    assert library.count(method, "/api/x") == 1


def test_a_password_follows_no_redirect(library, quick):
    with type(library)() as elsewhere:
        library.on("POST", "/api/auth/login", status=307, headers={"Location": f"{elsewhere.url}/api/auth/login"})
        with pytest.raises(errors.ProtocolError, match="redirected") as caught:
            connected(library, quick)
        assert elsewhere.requests == []
    assert "secret" not in str(caught.value)


def test_an_error_names_the_request_that_was_refused(library, quick):
    body = {"code": "ERR006", "message": "no such element", "ticketId": "T1"}
    library.on("POST", "/api/v2/cubes/C1/instances", status=400, json=body)
    with connected(library, quick) as connection, pytest.raises(errors.InvalidRequest) as caught:
        connection.post("v2/cubes/C1/instances?secret=q", json={"x": 1})
    error = caught.value
    assert (error.method, error.path) == ("POST", "/api/v2/cubes/C1/instances")
    assert (error.status, error.code, error.ticket_id) == (400, "ERR006", "T1")
    assert "(POST /api/v2/cubes/C1/instances, HTTP 400, ticket T1)" in str(error)


def test_no_log_in_is_looked_for_in_a_netrc(library, quick, tmp_path, monkeypatch):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login ann password n3trc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    connected(library, quick).close()
    assert not any("Authorization" in headers for headers in library.headers)
