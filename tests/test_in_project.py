"""Work in another project over the same session."""

import asyncio
import gc
import warnings

import pytest
from aiohttp import web

from mstr_arrow import errors

RETAIL, FINANCE = "A" * 32, "B" * 32


@pytest.fixture
def sent(library):
    """Answer /api/x, and tell the projects that requests for it named."""
    library.on("GET", "/api/x", json={})
    return lambda: [
        headers.get("X-MSTR-ProjectID")
        for (_, path), headers in zip(library.requests, library.headers, strict=True)
        if path == "/api/x"
    ]


def test_a_project_is_looked_up_by_name_and_id(retail):
    assert retail.project("Finance") == retail.project(FINANCE.lower()) == (FINANCE, "Finance", "", True)
    assert asyncio.run(retail.project_async("Retail")).id == RETAIL
    with pytest.raises(errors.NotFound, match="mean 'Finance'"):
        retail.project("finances")


def test_requests_name_the_other_project_in_the_same_session(library, retail, sent):
    finance = retail.in_project("Finance")
    retail.get("x")
    finance.get("x")
    asyncio.run(finance.get_async("x"))
    retail.get("x")
    assert sent() == [RETAIL, FINANCE, FINANCE, RETAIL]
    assert (retail.project_name, finance.project_name) == ("Retail", "Finance")
    assert "Finance" in repr(finance)
    assert finance.in_project("Retail").project_id == RETAIL
    assert library.count("POST", "/api/auth/login") == 1


def test_a_wrong_project_is_explained(retail):
    with pytest.raises(errors.NotFound, match="mean 'Finance'"):
        retail.in_project("Finanze")
    with pytest.raises(errors.NotFound, match="may use: 'Retail', 'Finance'"):
        asyncio.run(retail.in_project_async("C" * 32))


def test_one_that_is_forgotten_says_nothing_and_leaves_the_session(library, retail):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        retail.in_project("Finance")
        gc.collect()
    retail.get("sessions")
    assert library.open_sessions == 1


def test_one_that_is_closed_leaves_the_session_open(library, retail, sent):
    with retail.in_project("Finance") as finance:
        finance.get("x")
    assert finance.closed
    with pytest.raises(errors.ClosedError):
        finance.get("x")
    retail.get("x")
    assert (sent(), library.open_sessions) == ([FINANCE, RETAIL], 1)
    finance.connect()
    finance.get("x")
    assert sent()[-1] == FINANCE


def test_it_ends_with_the_connection_it_was_made_from(library, retail):
    finance = retail.in_project("Finance")
    with pytest.raises(errors.UsageError, match="shares its session"):
        finance.close(log_out=True)
    retail.close()
    assert (finance.closed, library.open_sessions) == (True, 0)
    with pytest.raises(errors.ClosedError):
        finance.connect()
    finance.close()
    retail.connect()
    finance.connect()
    assert finance.project_name == "Finance"


def test_what_it_holds_is_let_go_with_it(retail):
    closed = []

    class Resource:
        def __init__(self, name):
            self.name = name

        async def aclose(self):
            closed.append(self.name)

    kept = Resource("retail")
    retail._client.session.register(kept)
    with retail.in_project("Finance") as finance:
        finance._client.session.register(Resource("finance"))
        gone = Resource("gone")
        finance._client.session.register(gone)
        finance._client.session.unregister(gone)
        assert retail._client.session.whole._keep_alive._holders == 1
    assert (closed, retail._client.session.whole._keep_alive._holders) == (["finance"], 0)
    late = retail.in_project("Finance")
    late._client.session.register(Resource("late"))
    retail.close()
    assert sorted(closed) == ["finance", "late", "retail"]


def test_an_expired_session_is_opened_again_once_for_both(library, retail, sent):
    finance = retail.in_project("Finance")

    async def expired(_):
        return web.json_response({"code": "ERR009", "message": "expired"}, status=401)

    library.on("GET", "/api/x", expired, times=1)
    finance.get("x")
    retail.get("x")
    assert sent() == [FINANCE, FINANCE, RETAIL]
    assert library.count("POST", "/api/auth/login") == 2
    assert finance._client.http.own.keys is retail._client.http.own.keys
    assert finance._client.session.instances is retail._client.session.instances


def test_cubes_are_read_and_their_instances_counted_together(simulator, connection):
    other = connection.in_project(simulator.project_id)
    assert other.cube("Sales Cube").to_arrow().equals(connection.cube("Sales Cube").to_arrow())
    assert other._client.session.instances is connection._client.session.instances
    assert other._client.session.capabilities.orientation is None
    other._client.session.capabilities.orientation = "ROW"
    assert connection._client.session.capabilities.orientation == "ROW"


def test_an_instance_is_touched_in_its_own_project(library, retail):
    library.on("GET", "/api/sessions", json={"timeout": 1800, "workingSet": 4})
    for number in range(8):
        library.on("GET", f"/api/v2/cubes/C/instances/I{number}", json={})
    finance = retail.in_project("Finance")

    async def use(connection, number, *, keep):
        place = await connection._client.session.instances.acquire(connection._client.http, "v2/cubes/C/instances")
        place.note_request()
        place.note_made(f"I{number}")
        if not keep:
            place.release()

    finance._client.run(use(finance, 0, keep=True))
    for number in range(1, 8):
        retail._client.run(use(retail, number, keep=False))
    touches = [
        (path[-2:], headers["X-MSTR-ProjectID"])
        for (_, path), headers in zip(library.requests, library.headers, strict=True)
        if "/instances/" in path
    ]
    assert touches
    assert set(touches) == {("I0", FINANCE)}


def test_two_projects_over_one_session_are_used_side_by_side_and_one_is_closed(library, retail, sent):
    with retail.in_project("Finance") as finance, retail.in_project("Finance") as other:
        finance.get("x")
        finance.close()
        other.get("x")
        retail.get("x")
        with pytest.raises(errors.ClosedError):
            finance.get("x")
    assert (sent(), library.open_sessions) == ([FINANCE, FINANCE, RETAIL], 1)


def test_requests_of_the_session_itself_name_no_project(library, retail):
    library.headers.clear()
    retail.in_project("Finance").user()
    retail.extend_session()
    assert all("X-MSTR-ProjectID" not in headers for headers in library.headers)


def test_what_was_learned_of_a_server_is_shared_by_connections_over_one_session(retail):
    session, beside = retail._client.session, retail.in_project("Finance")._client.session
    beside.capabilities.id_text_operators = False
    assert session.capabilities is beside.capabilities
    assert not session.capabilities.id_text_operators
    retail.renew()
    assert not session.capabilities.id_text_operators
    retail.close()
    retail.connect()
    assert session.capabilities.id_text_operators
    assert session.capabilities is beside.capabilities


def test_one_search_of_a_session_goes_on_at_a_time_in_whatever_project(retail):
    assert retail.in_project("Finance")._client.http.searching is retail._client.http.searching
