import asyncio
import gzip
import logging
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from mstr_arrow import background, errors, events
from mstr_arrow.config import Retry, Settings, Timeouts
from mstr_arrow.http.client import Http
from mstr_arrow.masked import Masked
from mstr_arrow.session.project_http import ProjectHttp

OK = b'{"ok":true}'


async def _ask(base, settings, method, path, **options):
    http = Http(base, settings)
    try:
        return await http.request(method, path, **options)
    finally:
        await http.aclose()


@pytest.fixture
def ask(library, quick):
    """Send one request to the scripted Library."""

    def send(method, path, **options):
        return background.run(_ask(library.url, quick, method, path, **options))

    return send


@contextmanager
def raw_server(*answers):
    """Answer the n-th connection with the n-th bytes (the last ones for ever) and close it."""
    seen = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                seen.append(client.recv(65536))
                client.sendall(answers[min(len(seen), len(answers)) - 1])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def http_answer(body, *, length=None, status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Length: {length or len(body)}\r\n\r\n".encode() + body


def test_an_answer_tells_how_long_it_took(library, ask):
    library.on("GET", "/api/x", json={"ok": True})
    response = ask("get", "x")
    assert response.json() == {"ok": True}
    assert response.retries == 0
    assert 0 < response.seconds_connecting < response.seconds_waiting
    assert response.seconds_transferring >= 0
    assert response.headers["content-TYPE"].startswith("application/json")


def test_a_packed_body_arrives_packed(library, ask):
    packed = gzip.compress(OK)
    library.on("GET", "/api/x", body=packed, headers={"Content-Encoding": "gzip"})
    response = ask("GET", "x")
    assert (response.body, response.encoding, response.json()) == (packed, "gzip", {"ok": True})
    assert library.headers[-1]["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_read_is_repeated_until_it_succeeds(library, ask, status):
    library.on("GET", "/api/x", json={"ok": True})
    library.on("GET", "/api/x", times=2, status=status, text="<html>later</html>")
    assert ask("GET", "x").retries == 2


REASON = b'{"code":"ERR004","message":"(Message not found.)","iServerCode":-2147468986}'


@pytest.mark.parametrize(
    "damaged",
    [
        {"body": gzip.compress(REASON)[:20], "headers": {"Content-Encoding": "gzip"}},
        {"body": gzip.compress(REASON)[:-12], "headers": {"Content-Encoding": "gzip"}},
        {"body": REASON[:40]},
    ],
)
def test_a_reason_that_cannot_be_read_is_asked_for_again(library, ask, damaged):
    library.on("GET", "/api/x", status=404, body=REASON)
    library.on("GET", "/api/x", times=2, status=404, **damaged)
    with pytest.raises(errors.InstanceGone):
        ask("GET", "x")
    assert library.count("GET", "/api/x") == 3
    library.on("POST", "/api/x", status=404, **damaged)
    with pytest.raises(errors.NotFound):
        ask("POST", "x")
    assert library.count("POST", "/api/x") == 1


def test_retry_after_is_honoured(library, ask):
    library.on("GET", "/api/x", json={})
    library.on("GET", "/api/x", times=1, status=503, headers={"Retry-After": "3600"})
    with pytest.raises(errors.ServerBusy):  # an hour is beyond Retry.seconds
        ask("GET", "x")
    library.on("GET", "/api/x", times=1, status=503, headers={"Retry-After": "0"})
    assert ask("GET", "x").retries == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_is_not_repeated_unless_declared_safe(library, ask, method):
    library.on(method, "/api/x", json={})
    library.on(method, "/api/x", times=1, status=503)
    with pytest.raises(errors.ServerBusy):
        ask(method, "x")
    assert library.count(method, "/api/x") == 1
    library.on(method, "/api/x", times=1, status=503)
    assert ask(method, "x", safe=True).retries == 1


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 429},
        {"status": 503, "headers": {"Retry-After": "0"}},
        {"status": 503, "headers": {"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"}},
        {"status": 500, "json": {"code": "ERR001", "iServerCode": -2147209053, "message": "full"}},
    ],
)
def test_a_change_is_repeated_where_it_was_turned_away(library, ask, refusal):
    library.on("POST", "/api/x", json={})
    library.on("POST", "/api/x", times=1, **refusal)
    assert ask("POST", "x").retries == 1
    library.on("POST", "/api/x", times=1, **refusal)
    with pytest.raises(errors.ServerBusy):
        ask("POST", "x", safe=False)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_change_that_may_have_been_made_is_not_repeated(library, ask, status):
    library.on("POST", "/api/x", json={})
    library.on("POST", "/api/x", times=1, status=status, headers={"Retry-After": "0"})
    with pytest.raises(errors.ServerError):
        ask("POST", "x")
    assert library.count("POST", "/api/x") == 1


def test_a_final_refusal_is_not_repeated(library, ask):
    library.on("GET", "/api/x", status=500, json={"code": "ERR001", "iServerCode": -2147072542, "message": "no"})
    with pytest.raises(errors.ServerError):
        ask("GET", "x")
    assert library.count("GET", "/api/x") == 1


DENIED = [
    pytest.param({"code": "ERR001", "iServerCode": -2147072488}, errors.NotPublished, id="not published"),
    pytest.param({"code": "ERR001", "iServerCode": -2147216373}, errors.NotFound, id="no such object"),
    pytest.param({"code": "ERR004"}, errors.NotFound, id="not found"),
]


@pytest.mark.parametrize(("told", "error"), DENIED)
def test_that_nothing_is_there_is_confirmed_where_the_status_tells_of_trouble(library, ask, told, error):
    library.on("GET", "/api/x", json={"n": 1})
    library.on("GET", "/api/x", times=1, status=500, json={"message": "no", **told})
    assert ask("GET", "x").json() == {"n": 1}
    library.on("GET", "/api/y", status=500, json={"message": "no", **told})
    with pytest.raises(error):
        ask("GET", "y")
    assert library.count("GET", "/api/y") == 2


@pytest.mark.parametrize(("told", "error"), DENIED)
def test_that_nothing_is_there_is_believed_where_the_status_says_so(library, ask, told, error):
    library.on("GET", "/api/x", status=404, json={"message": "no", **told})
    with pytest.raises(error):
        ask("GET", "x")
    assert library.count("GET", "/api/x") == 1


@pytest.mark.parametrize(("told", "error"), DENIED)
def test_what_makes_something_is_not_sent_again_to_confirm(library, ask, told, error):
    library.on("POST", "/api/x", status=500, json={"message": "no", **told})
    with pytest.raises(error):
        ask("POST", "x")
    assert library.count("POST", "/api/x") == 1


def test_attempts_end(library, ask, quick):
    library.on("GET", "/api/x", status=502, text="<html>Bad Gateway</html>")
    with pytest.raises(errors.ServerError, match="Bad Gateway"):
        ask("GET", "x")
    assert library.count("GET", "/api/x") == quick.retry.attempts


@pytest.mark.parametrize("broken", [b"", http_answer(OK[:5], length=len(OK)), b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_a_broken_answer_to_a_read_is_asked_for_again(quick, broken):
    with raw_server(broken, broken, http_answer(OK)) as (base, seen):
        response = background.run(_ask(base, quick, "GET", "x"))
    assert (response.body, response.retries, len(seen)) == (OK, 2, 3)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("broken", [b"", http_answer(OK[:5], length=len(OK))])
def test_a_broken_answer_to_a_change_is_an_error(quick, broken, method):
    with raw_server(broken, http_answer(OK)) as (base, seen):
        with pytest.raises(errors.ConnectError, match=r"ended early|broke"):
            background.run(_ask(base, quick, method, "x"))
        assert len(seen) == 1


def test_what_is_no_http_is_a_protocol_error(quick):
    with raw_server(b"220 mail.example.com ESMTP\r\n") as (base, seen):
        with pytest.raises(errors.ProtocolError, match="HTTP"):
            background.run(_ask(base, quick, "GET", "x"))
        assert len(seen) == 1


def test_a_refused_connection_is_tried_again_even_for_a_change(quick):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    seen = []
    with pytest.raises(errors.ConnectError, match="refused"):
        background.run(_ask(base, replace(quick, on_event=seen.append), "POST", "x"))
    assert [event.number for event in seen if isinstance(event, events.RequestStarted)] == [1, 2, 3]


def test_an_unknown_host_is_named(quick):
    with pytest.raises(errors.ConnectError, match=r"no\.such\.host\.invalid") as caught:
        background.run(_ask("http://no.such.host.invalid", quick, "GET", "x"))
    assert "spelling" in caught.value.hint


@pytest.mark.parametrize(("wait", "kept"), [("read", "read"), ("execute", "execute")])
def test_every_wait_for_a_first_byte_ends(library, wait, kept):
    async def never(_):
        await asyncio.sleep(30)
        return web.Response()

    library.on("POST", "/api/x", never)
    times = {"read": 0.05, "execute": 0.05, "connect": 0.05, ("read" if wait == "execute" else "execute"): 60.0}
    with pytest.raises(errors.TimeoutExceeded, match=f"Timeouts.{kept}"):
        background.run(_ask(library.url, Settings(timeouts=Timeouts(**times)), "POST", "x", wait=wait))


def test_silence_in_the_middle_of_a_body_ends(library):
    async def stalls(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"[1,")
        await asyncio.sleep(30)
        return response

    library.on("POST", "/api/x", stalls)
    settings = Settings(timeouts=Timeouts(read=0.05, execute=60))
    with pytest.raises(errors.TimeoutExceeded):
        background.run(_ask(library.url, settings, "POST", "x", wait="execute"))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirects_are_not_followed(library, ask, method):
    library.on(method, "/api/x", status=302, headers={"Location": "https://sso.example.com/login"})
    with pytest.raises(errors.ProtocolError, match=r"sso\.example\.com"):
        ask(method, "x")
    assert len(library.requests) == 1


def test_parameters_and_bodies_are_spelled_as_the_api_does(library, ask):
    queries = []

    async def keep(request):
        queries.append(request.rel_url.raw_query_string)
        return web.Response(status=204)

    library.on("POST", "/api/x", keep)
    ask("POST", "x?a=1", params={"type": [776, 779], "deep": True, "root": None, "name": "a b&c"}, json={"é": 1})
    assert queries == ["a=1&type=776&type=779&deep=true&name=a+b%26c"]
    assert library.bodies == ['{"é":1}'.encode()]
    assert library.headers[0]["Content-Type"] == "application/json"


def test_a_project_is_sent_as_asked(library, quick):
    async def several():
        http = Http(library.url, quick)
        library.on("GET", "/api/x", json={})
        try:
            retail = ProjectHttp(http)
            with pytest.raises(errors.UsageError, match="'Retail', 'Finance'"):
                await retail.request("GET", "x")
            assert await retail.find_project() is None
            await http.request("GET", "x")
            await (await retail.beside_named("C" * 32)).request("GET", "x")
            library.projects = library.projects[:1]
            assert await retail.find_project() is None
            await retail.request("GET", "x")
            await http.request("GET", "x")
        finally:
            await http.aclose()

    background.run(several())
    sent = [
        h.get("X-MSTR-ProjectID") for r, h in zip(library.requests, library.headers, strict=True) if "x" in r[1]
    ]
    assert sent == [None, "C" * 32, "A" * 32, None]


def test_secrets_stay_out_of_logs_and_errors(library, quick, caplog):
    async def session():
        http = Http(library.url, quick)
        http.keys.token = "tok-1"
        try:
            with pytest.raises(errors.ServerError) as caught:
                await http.request("GET", "x?secret=q", headers={"X-Secret": Masked('pa"ss')})
            return repr(http), repr(caught.value), str(caught.value)
        finally:
            await http.aclose()

    library.on("GET", "/api/x", status=400, json={"message": 'bad tok-1 and pa"ss'})
    with caplog.at_level(logging.DEBUG, logger="mstr_arrow"):
        told = " ".join([*background.run(session()), caplog.text])
    assert "GET /MicroStrategyLibrary/api/x -> 400" in told
    assert "bad *** and ***" in told
    for secret in ("tok-1", 'pa"ss', "secret=q"):
        assert secret not in told


def test_a_request_that_waits_for_another_attempt_ends_when_the_session_closes(library, quick):
    async def request_and_close():
        http = Http(library.url, replace(quick, retry=Retry(attempts=50, wait_initial=0.2, wait_max=0.2)))
        task = asyncio.ensure_future(http.request("GET", "x"))
        await asyncio.wait([task], timeout=0.1)
        await http.aclose()
        with pytest.raises(errors.ClosedError, match=r"closed during GET .*/api/x"):
            await task

    library.on("GET", "/api/x", status=503)
    background.run(request_and_close())


def test_requests_under_way_end_when_the_session_closes(library, quick):
    async def never(_):
        loop.call_soon_threadsafe(arrived.set)
        await asyncio.sleep(30)
        return web.Response()

    async def both():
        nonlocal loop
        loop = asyncio.get_running_loop()
        http = Http(library.url, quick)
        task = asyncio.ensure_future(http.request("GET", "x"))
        await asyncio.wait_for(arrived.wait(), 5)
        await http.aclose()
        with pytest.raises(errors.ClosedError):
            await task
        with pytest.raises(errors.ClosedError):
            await http.request("GET", "x")

    loop, arrived = None, asyncio.Event()
    library.on("GET", "/api/x", never)
    background.run(both())


def test_an_unreadable_ca_file_is_named(tmp_path):
    from mstr_arrow.config import Tls

    bad = tmp_path / "ca.pem"
    bad.write_text("nonsense")
    for path in (bad, tmp_path / "missing.pem"):
        with pytest.raises(errors.UsageError, match=path.name):
            background.run(_ask("https://127.0.0.1:1", Settings(tls=Tls(ca_file=str(path))), "GET", "x"))


def test_a_big_body_is_sent_whole_at_every_attempt(library, ask):
    body = bytes(range(256)) * 8192
    library.on("PUT", "/api/x", status=204)
    library.on("PUT", "/api/x", times=1, status=503)
    ask("PUT", "x", data=body, safe=True)
    assert library.bodies == [body, body]
    assert library.headers[-1]["Content-Length"] == str(len(body))


def test_a_host_that_cannot_be_one_is_a_usage_error(quick):
    with pytest.raises(errors.UsageError, match="host's name"):
        background.run(_ask(f"http://{'x' * 70}.example.com", quick, "GET", "x"))
