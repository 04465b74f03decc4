"""The life of a session: it ends, another is opened for all that wait, and what belonged to it is told."""

import asyncio
import os
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import polars as pl
import pytest
from aiohttp import web

from mstr_arrow import errors
from mstr_arrow.config import Limits, Retry
from mstr_arrow.http.subject import Subject
from mstr_arrow.objects.supercube import SuperCube
from mstr_arrow.opening import connect, connect_async
from mstr_arrow.session.keepalive import KeepAlive
from mstr_arrow.simulator import Simulator
from mstr_arrow.simulator.faults.fault import Fault
from mstr_arrow.upload.upload import Upload


@pytest.fixture
def server():
    with Simulator(rows=2_000) as simulator:
        yield simulator


def login(server, quick, **options):
    given = {"username": server.username, "password": server.password, "project": server.project}
    return connect(server.url, **{**given, "settings": quick, **options})


@pytest.fixture
def conn(server, quick):
    with login(server, quick) as connection:
        yield connection


def count(server, method, path):
    return [(request.method, request.path) for request in server.requests].count((method, path))


async def until(true):
    """Wait until a condition is true."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110  what happens elsewhere has no event
            await asyncio.sleep(0.005)


def logins(server):
    return count(server, "POST", "/api/auth/login")


# Another session in place of one that has ended


@pytest.mark.parametrize("end", ["expire_sessions", "forget_servlets"])
def test_the_next_request_opens_another_session(server, conn, end):
    getattr(server, end)()
    assert conn.user().name == "demo"
    assert (logins(server), conn.project_name) == (2, server.project)


def test_a_change_is_sent_again_as_the_server_did_nothing(server, conn):
    server.expire_sessions()
    cube = SuperCube(conn, name="After the End")
    cube.add_table("T", pl.DataFrame({"a": ["x"]}))
    cube.create()
    assert logins(server) == 2
    assert server.dataset("After the End")["T"].num_rows == 1


def test_a_password_that_was_changed_is_fetched_anew(server, quick):
    passwords = iter([server.password, "wrong", server.password])
    with login(server, quick, password=lambda: next(passwords)) as conn:
        server.expire_sessions()
        with pytest.raises(errors.SessionExpired, match=r"no other could be opened: LoginError.*ERR003"):
            conn.user()
        conn.renew()
        assert conn.user().name == "demo"


def test_credentials_that_were_refused_are_not_sent_again(server, quick):
    passwords = [server.password]
    with login(server, quick, password=lambda: passwords[0]) as conn:
        passwords[0] = "wrong"
        server.expire_sessions()
        for _ in range(3):
            with pytest.raises(errors.SessionExpired) as caught:
                conn.user()
            assert isinstance(caught.value.__cause__, errors.LoginError)
        assert logins(server) == 2
        passwords[0] = server.password
        with pytest.raises(errors.SessionExpired):
            conn.user()
        conn.renew()
        assert conn.user().name == "demo"


def test_a_log_in_that_failed_by_chance_is_tried_again(server, conn):
    server.expire_sessions()
    server.fail(Fault.html(502).on("POST", "/auth/login", times=2))
    with pytest.raises(errors.SessionExpired, match="HTTP 502"):
        conn.user()
    assert conn.user().name == "demo"


def test_a_function_that_fails_comes_out_as_it_is(server, quick):
    passwords = iter([server.password])

    def password():
        for known in passwords:
            return known
        raise LookupError("the vault is closed")

    with login(server, quick, password=password) as conn:
        server.expire_sessions()
        with pytest.raises(LookupError, match="the vault is closed"):
            conn.user()


def test_a_session_that_ends_at_once_again_is_told(library, retail):
    library.on("GET", "/api/x", status=401, json={"code": "ERR009", "message": "expired"})
    with pytest.raises(errors.SessionExpired):
        retail.get("x")
    assert library.count("POST", "/api/auth/login") == 2
    assert library.count("GET", "/api/x") == 2


def test_a_late_cookie_of_the_old_session_does_not_reach_the_new_one(library, retail):
    async def late(request):
        expired = web.json_response({"code": "ERR009", "message": "expired"}, status=401)
        expired.set_cookie("JSESSIONID", "of-nobody", path="/MicroStrategyLibrary")
        if request.query["n"] == "1":
            await until(lambda: library.count("POST", "/api/auth/login") == 2)
            await asyncio.sleep(0.05)
        return expired

    library.on("GET", "/api/x", json={})
    library.on("GET", "/api/x", late, times=2)

    async def both():
        slow = asyncio.ensure_future(retail.get_async("x", params={"n": 1}))
        await asyncio.sleep(0.05)
        await asyncio.gather(slow, retail.get_async("x", params={"n": 2}))
        await retail.get_async("projects")

    asyncio.run(both())
    assert library.count("POST", "/api/auth/login") == 2
    assert "JSESSIONID=J1" in library.headers[-1]["Cookie"]


def test_another_server_may_answer_at_the_next_log_in(server, quick):
    with Simulator(rows=10, seed=7, iserver_version="11.3.0600.00001") as other:
        urls = iter([server.url, other.url])
        with connect(lambda: next(urls), username="demo", password="demo", settings=quick) as conn:
            token = conn._client.http.own.token
            server.expire_sessions()
            assert conn.user().name == "demo"
            assert (conn._client.http.own.base, conn.server_version) == (other.url, "11.3.0600.00001")
            assert all(token not in str(request.headers) for request in other.requests)


@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_twenty_that_meet_the_end_cause_one_log_in(server, conn, way):
    async def tasks():
        return await asyncio.gather(*(conn.user_async() for _ in range(20)))

    gate = threading.Barrier(20)

    def one(_):
        gate.wait()
        return conn.user()

    for round_ in (2, 3):
        server.expire_sessions()
        if way == "threads":
            with ThreadPoolExecutor(20) as pool:
                users = list(pool.map(one, range(20)))
        else:
            users = asyncio.run(tasks())
        assert {user.name for user in users} == {"demo"}
        assert (logins(server), server.open_sessions) == (round_, 1)


def test_twenty_that_meet_the_end_for_good_cause_one_log_in_and_all_are_told(server, quick):
    passwords = [server.password]
    with login(server, quick, password=lambda: passwords[0]) as conn:
        passwords[0] = "wrong"
        server.expire_sessions()

        async def tasks():
            return await asyncio.gather(*(conn.user_async() for _ in range(20)), return_exceptions=True)

        assert {type(answer) for answer in asyncio.run(tasks())} == {errors.SessionExpired}
        assert logins(server) == 2


def test_whoever_gives_up_waiting_does_not_end_the_log_in_of_the_others(server, conn):
    server.expire_sessions()
    server.fail(Fault.slow(0.3).on("POST", "/auth/login"))

    async def main():
        hasty, patient = (asyncio.ensure_future(conn.user_async()) for _ in range(2))
        await until(lambda: conn._client.session.whole._renewal._under_way)
        hasty.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hasty
        return await patient

    assert asyncio.run(main()).name == "demo"
    assert (logins(server), server.open_sessions) == (2, 1)


def test_closing_during_a_log_in_leaves_no_session(server, quick):
    conn = login(server, quick)
    server.expire_sessions()
    server.fail(Fault.slow(0.3).on("POST", "/auth/login"))

    async def main():
        waiting = asyncio.ensure_future(conn.user_async())
        await until(lambda: conn._client.session.whole._renewal._under_way)
        await conn.close_async()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(main())
    assert (logins(server), server.open_sessions) == (2, 0)


# What belonged to the session that has ended


def test_a_scan_whose_instance_died_after_its_schema_was_read_goes_on_with_another(server, conn):
    scan = conn.cube("Sales Cube")
    assert scan.schema.names
    server.expire_sessions()
    assert scan.to_arrow().num_rows == 2_000
    assert logins(server) == 2


def test_a_read_whose_session_ends_as_it_begins_goes_on_in_another(server, conn):
    server.fail(Fault.logged_out().on("POST", "/instances"))
    assert conn.cube("Sales Cube").to_arrow().num_rows == 2_000
    assert (logins(server), server.open_sessions) == (2, 1)


def test_a_read_that_loses_its_instance_on_the_way_is_told_and_the_next_one_reads(server, conn):
    scan = conn.cube("Sales Cube", limits=Limits(page_rows=200, concurrency=1, buffer_bytes=1))
    batches = scan.to_batches()
    next(batches)
    server.expire_sessions()
    with pytest.raises(errors.InstanceGone, match=r"another session was opened.*Start again.*logged out elsewhere"):
        list(batches)
    assert scan.to_arrow().num_rows == 2_000
    assert logins(server) == 2


def test_an_upload_that_loses_its_session_is_told_and_can_be_started_again(server, conn):
    table = pl.DataFrame({"a": ["x", "y"], "n": [1, 2]})
    cube = SuperCube(conn, name="Lost")
    cube.add_table("T", table)
    cube.create(auto_publish=False)
    server.expire_sessions()
    assert conn.user().name == "demo"
    assert conn._client.session.resources_of(Upload) == []
    with pytest.raises(errors.UsageError, match=r"nothing waits.*lost when the session ends"):
        cube.publish()
    again = SuperCube(conn, id=cube.id)
    again.add_table("T", table)
    again.update()
    assert server.dataset("Lost")["T"].num_rows == 2


@pytest.mark.parametrize(
    ("path", "options", "error"),
    [
        ("v2/cubes/C1/instances/I1", {}, errors.InstanceGone),
        ("reports/R1/instances/I1/status", {}, errors.InstanceGone),
        ("datasets/D1/uploadSessions/U1", {}, errors.SessionExpired),
        ("metadataSearches/results", {"params": {"searchId": "S1"}}, errors.SessionExpired),
        ("model/cubes", {"headers": {"X-MSTR-MS-Changeset": "C1"}}, errors.SessionExpired),
    ],
)
def test_what_is_gone_with_its_session_is_not_asked_for_in_the_next(library, retail, path, options, error):
    library.on("GET", f"/api/{path}", status=401, json={"code": "ERR009", "message": "expired", "ticketId": "T1"})
    with pytest.raises(
        error, match=r"the session expired, and with it the .* another session was opened"
    ) as caught:
        retail.get(path, **options)
    assert (caught.value.code, caught.value.ticket_id, caught.value.path) == ("ERR009", "T1", f"/api/{path}")
    assert library.count("POST", "/api/auth/login") == 2
    assert library.count("GET", f"/api/{path}") == 1


@pytest.mark.parametrize(
    ("subject", "error"),
    [
        (Subject.INSTANCE, errors.InstanceGone),
        (Subject.UPLOAD, errors.SessionExpired),
        (Subject.SEARCH, errors.SessionExpired),
        (Subject.MODEL, errors.SessionExpired),
    ],
)
def test_a_request_about_what_was_lost_with_the_session_says_so_whatever_its_path(library, retail, subject, error):
    library.on("GET", "/api/x", status=401, json={"code": "ERR009", "message": "expired"})
    with pytest.raises(error, match=f"and with it the {subject.value} that this request was about"):
        retail._client.run(retail._client.http.request("GET", "x", subject=subject))
    assert (library.count("POST", "/api/auth/login"), library.count("GET", "/api/x")) == (2, 1)


def test_a_request_about_nothing_of_the_session_is_sent_again_whatever_its_path(library, retail):
    path = "v2/cubes/C1/instances/I1"
    library.on("GET", f"/api/{path}", json={})
    library.on("GET", f"/api/{path}", times=1, status=401, json={"code": "ERR009", "message": "expired"})
    retail._client.run(retail._client.http.request("GET", path))
    assert (library.count("POST", "/api/auth/login"), library.count("GET", f"/api/{path}")) == (2, 2)


def test_a_connection_that_broke_behind_the_server_is_replaced_but_no_change_repeated(library, retail):
    broken = {"code": "ERR001", "iServerCode": -2147207419, "message": "broken"}
    for method in ("GET", "POST"):
        library.on(method, "/api/x", json={})
        library.on(method, "/api/x", times=1, status=500, json=broken)
    assert retail.get("x").status == 200
    with pytest.raises(errors.SessionExpired, match="lost the Intelligence Server"):
        retail.post("x")
    assert library.count("POST", "/api/auth/login") == 3
    assert library.count("POST", "/api/x") == 1


# Sessions that nobody here can replace


@pytest.mark.parametrize(
    ("kind", "said"),
    [("session", "opened elsewhere"), ("identity token", "delegated by an identity token")],
)
def test_a_session_of_somebody_else_that_ended_is_told_as_such(server, conn, quick, kind, said):
    given = {"session": conn.save_session()} if kind == "session" else {"identity_token": conn.identity_token()}
    with connect(server.url, **given, settings=quick) as other:
        server.expire_sessions()
        for _ in range(2):
            with pytest.raises(
                errors.SessionExpired, match=f"{said}.*logged out elsewhere.*Connect anew"
            ) as caught:
                other.user()
            assert (caught.value.status, caught.value.code) == (401, "ERR009")
        with pytest.raises(errors.UsageError, match=said):
            other.renew()
    assert logins(server) == 1


def test_a_function_that_makes_identity_tokens_delegates_again(server, conn, quick):
    with connect(server.url, identity_token=conn.identity_token, settings=quick) as other:
        server.expire_sessions()
        assert other.user().name == "demo"
        assert count(server, "POST", "/api/auth/delegate") == 2


def test_a_log_out_elsewhere_ends_all_sessions_of_the_user_and_they_recover(quick):
    with Simulator(rows=2_000, logout_ends_all=True) as server:
        with login(server, quick) as one, login(server, quick) as guest:
            two = login(server, quick)
            assert one.cube("Sales Cube").count_rows() == 2_000
            two.close()
            assert not one.has_session
            assert one.cube("Sales Cube").to_arrow().num_rows == 2_000
            assert guest.user().name == "demo"
        assert server.open_sessions == 0


OF_A_GATEWAY = [Fault.html(401), Fault.empty(401), Fault.error(401, "ERR001"), Fault.error(401, "E17")]
OF_THE_SERVER = [Fault.session_expired(), Fault.error(401, "ERR009")]


def keys_asked_for(server):
    return [
        request.path.rpartition("/")[2]
        for request in server.requests
        if request.path.endswith(("/auth/login", "/auth/logout", "/userInfo"))
    ]


@pytest.mark.parametrize("fault", OF_A_GATEWAY)
@pytest.mark.parametrize("ends_all", [False, True])
def test_a_session_that_may_live_is_logged_out_before_the_next_is_opened(quick, fault, ends_all):
    with Simulator(rows=10, logout_ends_all=ends_all) as server, login(server, quick) as one:
        server.fail(fault.on("GET", "/userInfo"))
        before = len(keys_asked_for(server))
        assert one.user().name == "demo"
        assert keys_asked_for(server)[before:] == ["userInfo", "logout", "login", "userInfo"]
        assert server.open_sessions == 1
        assert one.cube("Sales Cube").count_rows() == 10


@pytest.mark.parametrize("fault", OF_THE_SERVER)
def test_a_session_that_the_server_says_has_ended_is_not_logged_out(quick, fault):
    with Simulator(rows=10, logout_ends_all=True) as server, login(server, quick) as one:
        server.fail(fault.on("GET", "/userInfo"))
        before = len(keys_asked_for(server))
        assert one.user().name == "demo"
        assert keys_asked_for(server)[before:] == ["userInfo", "login", "userInfo"]


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault.error(500), Fault.html(502), Fault.busy(503, retry_after=60), Fault.error(403, "ERR014")),
        *(Fault.reset(), Fault.outwaited(), Fault.redirect("https://bi.example.com/")),
    ],
)
def test_a_log_out_has_patience_of_its_own(quick, fault):
    settings = replace(quick, retry=Retry(attempts=1), timeouts=replace(quick.timeouts, logout=5))
    with Simulator(rows=10) as server:
        with login(server, settings):
            server.fail(fault.on("POST", "/auth/logout", times=3))
        assert server.open_sessions == 0
        assert count(server, "POST", "/api/auth/logout") in {
            2,
            4,
        }  # the lost answer of one that worked is followed by 401


def test_a_log_out_that_meets_no_session_is_not_repeated(quick):
    with Simulator(rows=10) as server:
        with login(server, quick):
            server.fail(Fault.error(401, "ERR001").on("POST", "/auth/logout", times=None))
        assert count(server, "POST", "/api/auth/logout") == 1


# Calls about the session


def test_a_session_is_renewed_by_force_and_the_former_one_logged_out(server, conn):
    token = conn._client.http.own.token
    conn.renew()
    assert conn._client.http.own.token != token
    assert (logins(server), count(server, "POST", "/api/auth/logout"), server.open_sessions) == (2, 1, 1)
    asyncio.run(conn.renew_async())
    assert (logins(server), server.open_sessions, conn.user().name) == (3, 1, "demo")


def test_has_session_opens_none(server, conn):
    assert conn.has_session
    server.expire_sessions()
    assert not conn.has_session
    assert not asyncio.run(conn.has_session_async())
    assert logins(server) == 1
    conn.extend_session()
    assert conn.has_session


def test_the_session_tells_about_itself(server, conn):
    info, user, status = conn.session_info(), conn.user_info(), conn.status()
    assert (info.timeout, info.working_set, info.max_search) == (1800.0, 10, 3)
    assert (user.name, user.initials, user.in_metadata) == ("demo", "DE", True)
    assert (status.server_version, status.web_version) == (conn.server_version, server.settings.web_version)
    assert status.up_since.year == 2026

    async def twins():
        await conn.extend_session_async()
        return await conn.session_info_async(), await conn.user_info_async(), await conn.status_async()

    assert asyncio.run(twins()) == (info, user, status)


@pytest.mark.parametrize("body", [{}, [], {"timeout": "1800", "workingSet": None}, {"timeout": -1}])
def test_a_server_that_tells_little_is_no_error(library, retail, body):
    library.on("GET", "/api/sessions", json=body)
    info = retail.session_info()
    assert info.timeout in {None, 1800.0}
    assert info.working_set is None


# Closing, and opening again


def test_a_connection_is_opened_again_as_it_was(server, quick):
    conn = login(server, quick)
    cube = conn.cube("Sales Cube")
    conn.close()
    with pytest.raises(errors.ClosedError):
        conn.user()
    conn.connect()
    conn.connect()
    assert (conn.project_name, logins(server), server.open_sessions) == (server.project, 2, 1)
    assert cube.to_arrow().num_rows == 2_000
    asyncio.run(conn.close_async())
    asyncio.run(conn.connect_async())
    assert conn.has_session
    with conn:
        pass
    assert server.open_sessions == 0


def test_a_session_that_is_handed_over_is_left_open(server, quick):
    conn = login(server, quick)
    saved = conn.save_session()
    conn.close(log_out=False)
    assert server.open_sessions == 1
    with type(conn).from_session(saved, settings=quick) as other:
        assert other.project_name == server.project
    assert server.open_sessions == 1
    connect(session=saved, settings=quick).close(log_out=True)
    assert server.open_sessions == 0


# Keep-alive


@pytest.fixture
def impatient(library, quick):
    """A connection to a server whose sessions end soon."""
    library.on("GET", "/api/sessions", json={"timeout": 0.6})
    with connect(library.url, username="ann", password="secret", settings=quick) as connection:
        yield connection


class Exchange:
    """What keep-alive sees of a connection: when it was last used, which is now for as long as it is busy."""

    base = "https://bi.example.com"

    def __init__(self):
        self.keys, self.busy, self.since, self.renewed = self, True, 0.0, []

    @property
    def used_at(self):
        return asyncio.get_running_loop().time() if self.busy else self.since

    async def request(self, *_, **__):
        self.renewed.append(asyncio.get_running_loop().time())
        self.busy = True

    def tell(self, _):
        pass


def test_a_busy_session_is_left_alone_and_an_idle_one_kept_alive(monkeypatch):
    monkeypatch.setattr("mstr_arrow.session.keepalive.SHORTEST", 0.01)
    looks = []

    async def timeout():
        looks.append(True)
        return 0.06

    async def main():
        http, alive = Exchange(), KeepAlive(timeout)
        alive.start(http)
        alive.hold()
        await until(lambda: len(looks) > 3)
        assert http.renewed == []
        http.busy, http.since = False, asyncio.get_running_loop().time()
        await until(lambda: http.renewed)
        assert http.renewed[0] >= http.since + 0.02
        alive.stop()

    asyncio.run(main())


def test_each_request_is_a_use_of_the_session(retail):
    keys = retail._client.session.http.own.keys
    before = keys.used_at
    retail.get("sessions/userInfo")
    assert keys.used_at > before


def test_keep_alive_opens_no_session_but_keeps_the_next_one_alive(library, impatient):
    async def expired(_):
        return web.json_response({"code": "ERR009", "message": "expired"}, status=401)

    library.on("PUT", "/api/sessions", status=204)
    library.on("PUT", "/api/sessions", expired, times=1)
    library.on("GET", "/api/x", json={})
    library.on("GET", "/api/x", expired, times=1)

    def wait_for(number):
        end = time.monotonic() + 60
        while library.count("PUT", "/api/sessions") < number:
            assert time.monotonic() < end, "keep-alive ended"
            time.sleep(0.01)

    wait_for(1)
    time.sleep(0.5)
    assert library.count("PUT", "/api/sessions") == 1
    assert library.count("POST", "/api/auth/login") == 1
    impatient.get("x")
    assert library.count("POST", "/api/auth/login") == 2
    wait_for(2)


def test_a_slow_consumer_keeps_its_instance_alive(quick):
    now = [0.0]
    with Simulator(rows=2_000, session_timeout=1, clock=lambda: now[0]) as server:
        conn = login(server, quick)
        batches = conn.cube("Sales Cube", limits=Limits(page_rows=200, concurrency=1, buffer_bytes=1)).to_batches()
        rows = next(batches).num_rows
        for _ in range(6):
            now[0] += 0.5
            end = time.monotonic() + 60
            before = count(server, "PUT", "/api/sessions")
            while count(server, "PUT", "/api/sessions") == before:
                assert time.monotonic() < end, "keep-alive ended"
                time.sleep(0.02)
        assert rows + sum(batch.num_rows for batch in batches) == 2_000
        assert logins(server) == 1
        conn.close()


# Nothing is left


def fail(_):
    raise LookupError("mine")


CYCLES = int(os.environ.get("MSTR_ARROW_CYCLES", "50"))
USES = [
    lambda conn: conn.user(),
    lambda conn: conn.get("v2/cubes/nonsense"),
    fail,
    lambda conn: next(iter(conn.cube("Sales Cube", limits=Limits(page_rows=100)).to_batches())),
    lambda conn: conn.renew(),
]


def test_no_session_is_left_after_many_cycles_with_errors(server, quick):
    failures = 0
    for number in range(CYCLES):
        try:
            with login(server, quick) as conn:
                USES[number % 5](conn)
        except (errors.MstrError, LookupError):
            failures += 1
    with pytest.raises(errors.LoginError):
        login(server, quick, password="wrong")
    with pytest.raises(errors.NotFound):
        login(server, quick, project="none")
    assert (failures, server.open_sessions) == (CYCLES * 2 // 5, 0)


def test_an_expired_session_shows_both_errors_in_the_traceback(server, quick):
    passwords = iter([server.password, "wr0ng-marked"])
    with login(server, quick, password=lambda: next(passwords)) as conn:
        server.expire_sessions()
        with pytest.raises(errors.SessionExpired) as caught:
            conn.user()
    told = "".join(traceback.format_exception(caught.value))
    assert "LoginError" in told
    assert "wr0ng-marked" not in told


def test_async_openings_that_expire_go_on(server, quick):
    async def main():
        async with connect_async(server.url, username="demo", password="demo", settings=quick) as conn:
            server.expire_sessions()
            return (await conn.user_async()).name

    assert asyncio.run(main()) == "demo"
