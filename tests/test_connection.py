import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.opening import connect, connect_async


def login(library, settings, **options):
    return connect(library.url, **{"username": "ann", "password": "secret", "settings": settings, **options})


def seen(library, method, path):
    """Wait until the server has seen a request."""
    end = time.monotonic() + 60
    while not library.count(method, path):
        assert time.monotonic() < end, f"{method} {path} never came"
        time.sleep(0.005)


async def called(function):
    function()


async def never(_):
    await asyncio.sleep(30)
    return web.Response()


# Opening


def test_a_connection_knows_server_user_and_project(retail):
    assert retail.server_version == "11.5.0900.00123"
    assert retail.user() == ("U1", "Ann")
    assert (retail.project_id, retail.project_name) == ("A" * 32, "Retail")
    assert [project.name for project in retail.projects()] == ["Retail", "Finance"]


def test_nothing_secret_shows(retail):
    assert "secret" not in repr(retail)
    assert "token" not in repr(retail)


@pytest.mark.parametrize("project", ["Finance", "B" * 32, "b" * 32])
def test_a_project_is_chosen_by_name_or_id(library, quick, project):
    with login(library, quick, project=project) as connection:
        assert connection.project_name == "Finance"


@pytest.mark.parametrize(
    ("project", "said"), [("Finanze", "Did you mean 'Finance'"), ("C" * 32, "may use: 'Retail'")]
)
def test_a_wrong_project_is_explained_and_logged_out(library, quick, project, said):
    with pytest.raises(errors.NotFound, match=said):
        login(library, quick, project=project)
    assert library.open_sessions == 0


def test_without_a_project_the_only_one_is_taken(library, quick):
    library.projects = library.projects[:1]
    with login(library, quick) as connection:
        assert connection.project_name == "Retail"


def test_without_a_project_the_first_need_of_one_lists_them(library, quick):
    with login(library, quick) as connection:
        assert connection.get("projects").status == 200
        with pytest.raises(errors.UsageError, match="'Retail', 'Finance'"):
            connection.project_id  # noqa: B018  the property asks the server


def test_wrong_credentials_are_told_once(library, quick):
    refusal = {"code": "ERR003", "iServerCode": -2147216959, "message": "no secret"}
    library.on("POST", "/api/auth/login", status=401, json=refusal)
    with pytest.raises(errors.LoginError) as caught:
        login(library, quick)
    assert library.count("POST", "/api/auth/login") == 1
    assert "secret" not in str(caught.value) + repr(caught.value)


def test_a_url_that_is_no_library_gets_no_password(library, quick):
    with pytest.raises(errors.NotFound, match=r"/MicroStrategyLibrary\?"):
        connect(f"http://127.0.0.1:{library.port}", username="ann", password="secret", settings=quick)
    assert all(method == "GET" for method, _ in library.requests)


def test_a_log_in_without_token_is_a_protocol_error(library, quick):
    library.on("POST", "/api/auth/login", text="<html>Sign in</html>")
    with pytest.raises(
        errors.ProtocolError,
        match=r"without the header X-MSTR-AuthToken, .* starts with 'HTML: Sign in",
    ):
        login(library, quick)


def test_a_guarded_status_leaves_the_version_unknown(library, quick):
    library.on("GET", "/api/status", status=401, json={"code": "ERR009"})
    with login(library, quick) as connection:
        assert connection.server_version is None


def test_credentials_are_checked_before_anything_is_sent(library):
    with pytest.raises(errors.UsageError, match="password="):
        connect(library.url, username="ann")
    with pytest.raises(errors.UsageError, match="username="):
        connect_async(library.url, password="secret")
    assert library.requests == []


# Closing


def test_leaving_the_context_logs_out(library, quick):
    with login(library, quick) as connection:
        assert library.open_sessions == 1
    assert (library.open_sessions, connection.closed) == (0, True)
    connection.close()
    assert library.count("POST", "/api/auth/logout") == 1
    with pytest.raises(errors.ClosedError):
        connection.get("projects")


def test_an_exception_logs_out_and_stays_the_error(library, quick):
    with pytest.raises(ZeroDivisionError), login(library, quick):
        1 / 0  # noqa: B018  the error is the point
    assert library.open_sessions == 0


@pytest.mark.parametrize("how", ["refused", "hangs"])
def test_a_failing_log_out_neither_hides_the_error_nor_hangs(library, quick, how):
    library.on("POST", "/api/auth/logout", never if how == "hangs" else None, status=500)
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError), login(library, quick):
        1 / 0  # noqa: B018  the error is the point
    assert time.monotonic() - began < quick.timeouts.logout + 2


def test_async_twins_serve_the_callers_loop(library, quick):
    async def main():
        async with connect_async(library.url, username="ann", password=lambda: "secret", settings=quick) as one:
            two = await connect_async(library.url, project="Retail", settings=quick)
            assert library.open_sessions == 2
            assert (await one.user_async()).name == "Ann"
            names, answer = await asyncio.gather(one.projects_async(), two.get_async("/api/projects"))
            assert [project.name for project in names] == [item["name"] for item in answer.json()]
            await two.close_async()
            assert library.open_sessions == 1

    asyncio.run(main())
    assert library.open_sessions == 0


def test_an_async_context_that_fails_logs_out(library, quick):
    async def main():
        async with connect_async(library.url, settings=quick):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        asyncio.run(main())
    assert library.open_sessions == 0


@pytest.mark.parametrize("stage", ["login", "projects"])
def test_a_cancelled_connect_leaves_no_session(library, quick, stage):
    async def slow(request):
        await asyncio.sleep(0.2)
        return await (library._login if stage == "login" else library._projects)(request)

    method, path = ("POST", "/api/auth/login") if stage == "login" else ("GET", "/api/projects")
    library.on(method, path, slow)

    async def main():
        opening = asyncio.ensure_future(
            asyncio.wait_for(connect_async(library.url, project="Retail", settings=quick), 10)
        )
        await asyncio.to_thread(seen, library, method, path)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    asyncio.run(main())
    assert library.count("POST", "/api/auth/logout") == 1
    assert library.open_sessions == 0


def test_a_forgotten_connection_warns_and_logs_out(library, quick):
    opened = [login(library, quick)]
    with pytest.warns(ResourceWarning, match="never closed"):
        opened.clear()
    seen(library, "POST", "/api/auth/logout")


def test_resources_are_closed_before_the_log_out_whatever_they_raise(library, quick):
    order = []

    class Resource:
        def __init__(self, name):
            self.name = name

        async def aclose(self):
            order.append((self.name, library.open_sessions))
            if self.name == "bad":
                raise RuntimeError("in the way")

    with login(library, quick) as connection:
        gone = Resource("gone")
        for resource in (Resource("first"), gone, Resource("bad")):
            connection._client.session.register(resource)
        connection._client.session.unregister(gone)
    assert order == [("bad", 1), ("first", 1)]
    assert library.open_sessions == 0


def test_a_connection_shows_none_of_its_plumbing(retail):
    plumbing = {"run", "bridge", "http", "session", "register", "unregister", "hold", "release"}
    assert not plumbing & set(dir(retail))


def test_a_cube_keeps_the_session_of_a_connection_that_is_gone(library, quick):
    opened = [login(library, quick)]
    cubes = [ma.SuperCube(opened[0], name="Stores")]
    opened.clear()
    gc.collect()
    assert library.open_sessions == 1
    with pytest.warns(ResourceWarning, match="never closed"):
        cubes.clear()
    seen(library, "POST", "/api/auth/logout")


# Keep-alive


def test_the_session_is_renewed_only_while_it_is_held(library, quick):
    library.on("GET", "/api/sessions", json={"timeout": 0.03})
    connection = login(library, quick)
    session, run = connection._client.session, connection._client.run
    run(called(session.hold))
    run(called(session.hold))
    run(called(session.release))
    seen(library, "PUT", "/api/sessions")
    run(called(session.release))
    renewed = library.count("PUT", "/api/sessions")
    time.sleep(0.1)
    assert library.count("PUT", "/api/sessions") <= renewed + 1
    connection.close()


def test_a_context_is_held(library, quick):
    library.on("GET", "/api/sessions", json={"timeout": 0.03})
    with login(library, quick):
        seen(library, "PUT", "/api/sessions")
        library.on("PUT", "/api/sessions", times=3, status=500)
        before = library.count("PUT", "/api/sessions")
        end = time.monotonic() + 60
        while library.count("PUT", "/api/sessions") < before + 5:
            assert time.monotonic() < end, "keep-alive gave up after an error"
            time.sleep(0.01)
    assert library.open_sessions == 0


# Any endpoint


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_any_endpoint_can_be_called(library, retail, method):
    library.on(method.upper(), "/api/x", status=207, json={"done": method})
    answer = getattr(retail, method)("/api/x")
    assert (answer.status, answer.json()) == (207, {"done": method})
    assert answer.headers["Content-Type"].startswith("application/json")
    assert library.headers[-1]["X-MSTR-ProjectID"] == "A" * 32
    assert asyncio.run(getattr(retail, f"{method}_async")("x")).json() == {"done": method}


@pytest.mark.parametrize("path", ["/api/sessions", "sessions", "sessions?x=1"])
def test_endpoints_about_the_session_get_no_project(library, retail, path):
    retail.get(path)
    assert "X-MSTR-ProjectID" not in library.headers[-1]


@pytest.mark.parametrize(("project", "sent"), [("Finance", "B" * 32), ("b" * 32, "B" * 32), (False, None)])
def test_a_request_names_the_project_that_is_given(library, retail, project, sent):
    library.on("GET", "/api/x", json={})
    before = library.count("GET", "/api/projects")
    for _ in range(2):
        retail.get("x", project=project)
        assert library.headers[-1].get("X-MSTR-ProjectID") == sent
    assert library.count("GET", "/api/projects") - before == (project == "Finance")
    assert retail.project_name == "Retail"


def test_a_request_for_a_wrong_project_is_not_sent(library, retail):
    with pytest.raises(errors.NotFound, match="Did you mean 'Finance'"):
        retail.get("x", project="Finanze")
    assert library.count("GET", "/api/x") == 0


def test_a_request_without_authentication_carries_no_key_and_keeps_none(library, retail):
    library.on("GET", "/api/x", json={}, headers={"Set-Cookie": "JSESSIONID=J2; Path=/"})
    retail.get("x", include_auth=False)
    assert {"X-MSTR-AuthToken", "Cookie", "X-MSTR-ProjectID"}.isdisjoint(library.headers[-1])
    retail.get("x", include_auth=False, project="Finance")
    assert "X-MSTR-AuthToken" not in library.headers[-1]
    assert library.headers[-1]["X-MSTR-ProjectID"] == "B" * 32
    library.on("GET", "/api/x", status=401, json={"code": "ERR009"})
    with pytest.raises(errors.SessionExpired):
        retail.get("x", include_auth=False)
    retail.get("sessions")
    assert "JSESSIONID=J1" in library.headers[-1]["Cookie"]
    assert library.count("POST", "/api/auth/login") == 1


def test_head_gives_the_headers_of_an_answer_that_would_be_packed(library, retail):
    library.on("HEAD", "/api/x", headers={"Content-Encoding": "gzip", "X-MSTR-CubeStatus": "64"})
    for answer in (retail.head("x"), asyncio.run(retail.head_async("x"))):
        assert (answer.status, answer.headers["x-mstr-cubestatus"], answer.content) == (200, "64", b"")


@pytest.mark.parametrize("body", [{}, [{"name": "No id"}], ["text"], None])
def test_an_answer_that_lists_no_projects_is_a_protocol_error(library, retail, body):
    library.on("GET", "/api/projects", json=body or {"a": 1})
    with pytest.raises(errors.ProtocolError, match="no list of projects"):
        retail.projects()


def test_a_generic_answer_that_is_not_json_says_so(library, retail):
    library.on("GET", "/api/x", text="hello")
    assert retail.get("x").content == b"hello"
    with pytest.raises(errors.ProtocolError):
        retail.get("x").json()


# With a simulated I-Server: cookies, projects and tokens are enforced


def test_a_session_is_opened_used_and_closed(simulator, quick):
    before = simulator.open_sessions
    with connect(
        simulator.url, username=simulator.username, password=simulator.password, settings=quick
    ) as connection:
        assert simulator.open_sessions == before + 1
        assert connection.project_name == simulator.project
        assert connection.get(f"v2/cubes/{simulator.cubes['Sales Cube']}").json()["name"] == "Sales Cube"
    assert simulator.open_sessions == before


def test_wrong_credentials_and_projects_leave_no_session(simulator, quick):
    before = simulator.open_sessions
    options = {"username": simulator.username, "password": simulator.password, "settings": quick}
    with pytest.raises(errors.LoginError, match=r"ERR003, I-Server -2147216959"):
        connect(simulator.url, **{**options, "password": "wrong"})
    with pytest.raises(errors.NotFound, match="Did you mean 'Simulated Retail'"):
        connect(simulator.url, **options, project="Simulated Retial")
    assert simulator.open_sessions == before


def test_closing_an_expired_session_is_quiet(quick):
    from mstr_arrow.simulator import Simulator

    now = [0.0]
    with Simulator(rows=10, clock=lambda: now[0]) as server:
        connection = connect(server.url, username=server.username, password=server.password, settings=quick)
        now[0] = 1e6
        connection.close()
        assert server.open_sessions == 0
        assert [request.path for request in server.requests].count("/api/auth/login") == 1


def test_threads_share_a_connection(connection):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: connection.user().name, range(40)))
    assert set(answers) == {"demo"}


# Processes


def script(library, body, host="127.0.0.1"):
    """Run a script with an open connection ``c`` to the Library in a process of its own."""
    head = f"""
        import os, sys, time
        from mstr_arrow.opening import connect
        c = connect("{library.url.replace("127.0.0.1", host)}", username="ann", password="secret", project="Retail")
    """
    code = textwrap.dedent(head) + textwrap.dedent(body)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        ("", 0, ""),
        pytest.param("sys.exit(3)", 3, "", marks=pytest.mark.slow),
        pytest.param("1 / 0", 1, "ZeroDivisionError", marks=pytest.mark.slow),
        ("with c: raise KeyboardInterrupt", -signal.SIGINT, "KeyboardInterrupt"),
    ],
)
def test_a_script_that_ends_without_closing_logs_out(library, ending, code, said):
    process = script(library, ending)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert said in err
    assert err == "" or said
    assert library.count("POST", "/api/auth/login") == 1
    assert library.open_sessions == 0


READING = """
import threading, time
import mstr_arrow
from mstr_arrow.simulator import Simulator
server = Simulator(rows=200_000, gzip=False).__enter__()
connection = mstr_arrow.connect(server.url, username=server.username, password=server.password)
cube = connection.cube("Sales Cube", limits=mstr_arrow.Limits(page_rows=200))
began = threading.Event()
def call():
    while connection.get("projects"): began.set()
def batches():
    for batch in cube: began.set()
def table():
    cube.to_arrow(on_progress=lambda stats: stats.rows and began.set())
def wrong():
    began.set()
    1 / 0
for daemon in (False, True):
    threading.Thread(target={}, daemon=daemon).start()
began.wait()
"""


@pytest.mark.parametrize(
    "reading", ["call", *(pytest.param(each, marks=pytest.mark.slow) for each in ("batches", "table"))]
)
def test_threads_that_read_end_quietly_when_the_main_thread_does(reading):
    program = [sys.executable, "-c", READING.replace("{}", reading)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_other_errors_of_threads_are_still_told():
    program = [sys.executable, "-c", READING.replace("{}", "wrong")]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert "ZeroDivisionError" in done.stderr


def test_a_log_out_at_the_end_can_open_a_new_connection(library):
    library.on("GET", "/api/x", headers={"Connection": "close"})
    process = script(library, "c.get('x')", host="localhost")  # a name takes an executor to look up
    _, err = process.communicate(timeout=60)
    assert (err, library.open_sessions) == ("", 0)


def test_ctrl_c_ends_a_wait_and_logs_out(library):
    library.on("GET", "/api/slow", never)
    process = script(library, "c.get('slow')")
    seen(library, "GET", "/api/slow")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    assert "never retrieved" not in err
    assert library.open_sessions == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_refuses_the_connection_and_leaves_the_session_alone(library):
    process = script(
        library,
        """
        import warnings
        from mstr_arrow.errors import ForkedError
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of any fork beside threads
        child = os.fork()
        if child == 0:
            try:
                c.get("projects")
            except ForkedError as error:
                print("refused", flush=True)
            c.close()
            with connect(c._client.http.own.base) as own:
                print(own.user().name, flush=True)
            sys.exit(0)
        _, status = os.waitpid(child, 0)
        print(status, c.user().name, flush=True)
        """,
    )
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("refused\nAnn\n0 Ann\n", "")
    assert library.count("POST", "/api/auth/login") == library.count("POST", "/api/auth/logout") == 2
    assert library.requests[-1] == ("POST", "/api/auth/logout")
