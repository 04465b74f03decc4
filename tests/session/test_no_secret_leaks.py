"""Marked secrets, every way in, every kind of error: no mark shows anywhere but in the session's own file."""

import asyncio
import html
import io
import json
import logging
import pickle
import re
import traceback
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote, quote_plus

import pyarrow as pa
import pytest
from aiohttp import web

from mstr_arrow import errors
from mstr_arrow.http.blotting import blot_out
from mstr_arrow.masked import Masked, mask
from mstr_arrow.opening import connect, connect_async
from mstr_arrow.session.access import access_from
from mstr_arrow.simulator import Simulator
from mstr_arrow.simulator.faults.fault import Fault

MARK = "MARKED"
PACKAGE = Path(errors.__file__).parent
PASSWORD = f'{MARK}-pass"word\\ü'
WRONG = f"{MARK}-wrong"


class Watch:
    """All that was told: log records of every logger, events, errors, and the looks of objects."""

    def __init__(self, caplog):
        self.told = []
        self.secrets = {MARK}
        self._caplog = caplog

    def event(self, event):
        self.told.append(repr(event))

    def look(self, *objects):
        self.told += [f"{each!r} {each!s}" for each in objects]

    def error(self, error, *, variables=True):
        chain = [error]
        while chain:
            each = chain.pop()
            self.look(each, vars(each), each.args, getattr(each, "__notes__", ()))
            if isinstance(each, errors.MstrError):
                self.look(vars(pickle.loads(pickle.dumps(each))))
            chain += [other for other in (each.__cause__, each.__context__) if other is not None]
        self.told += traceback.format_exception(error)
        self.told += frames_with_variables(error) if variables else ()

    def learn(self, connection):
        """Take the keys of a session for secrets, too."""
        document = connection.save_session()
        self.secrets |= {document["token"], *document["cookies"].values()} - {""}

    def leaks(self):
        records = [f"{record.getMessage()} {vars(record)}" for record in self._caplog.records]
        return [text for text in self.told + records if any(secret in text for secret in self.secrets)]


def frames_with_variables(error):
    """Give what tools show of tracebacks with variables: those of our own frames, as far as errors are shown."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    while told is not None:
        for frame in told.stack:
            if PACKAGE in Path(frame.filename).parents:
                yield from (f"{frame.name}: {name} = {value}" for name, value in (frame.locals or {}).items())
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)


@pytest.fixture
def watch(caplog):
    caplog.set_level(1)
    for name in ("mstr_arrow", "aiohttp", "asyncio", "stamina"):
        caplog.set_level(1, logger=name)
    return Watch(caplog)


@pytest.fixture
def server():
    with Simulator(rows=500, password=PASSWORD) as simulator:
        yield simulator


def told_about(watch, action, *arguments, variables=True, **options):
    with pytest.raises((errors.MstrError, LookupError)) as caught:
        action(*arguments, **options)
    watch.error(caught.value, variables=variables)


def credentials(server, watch, quick, mode):
    """Return the arguments of a log-in, and remember what is secret in them."""
    named = {"username": server.username, "password": PASSWORD}
    if mode in {"standard", "LDAP"}:
        return {**named, "login_mode": 16 if mode == "LDAP" else 1}
    with connect(server.url, **named, settings=quick) as ann:
        key, identity = ann.create_api_token(), ann.identity_token()
        document = ann.save_session()
        ann.close(log_out=False)
    watch.secrets |= {key, identity, document["token"], *document["cookies"].values()}
    return {
        "API token": {"api_key": key},
        "identity token": {"identity_token": identity},
        "session": {"session": document},
        "session as text": {"session": json.dumps(document)},
    }[mode]


MODES = ["standard", "LDAP", "API token", "identity token", "session", "session as text"]


@pytest.mark.parametrize("mode", MODES)
def test_nothing_leaks_by_any_mode(server, quick, watch, mode):
    given = credentials(server, watch, quick, mode)
    access = access_from(
        server.url, **given | {name: mask(value) for name, value in given.items() if name == "session"}
    )
    opening = connect_async(server.url, **given)
    watch.look(access, access.resolve_here(), access.login, access.source and "", opening)
    with connect(server.url, **given, project=server.project, settings=quick, on_event=watch.event) as conn:
        watch.learn(conn)
        watch.look(
            conn,
            conn._client.http,
            conn._client.http.own.keys,
            conn._client.session,
            conn.settings,
            conn.session_info(),
            conn.user_info(),
        )
        told_about(watch, conn.get, "v2/cubes/nonsense")
        told_about(watch, conn.get, "no/such/route")
        told_about(watch, conn.cube, "Salse Cube")
        told_about(watch, conn.validate_identity_token, 5)
        for fault in (
            Fault.html(502),
            Fault.redirect("https://elsewhere.example.com/login?token=x"),
            Fault.error(403, "ERR0014"),
            Fault.error(500, iserver_code=-2147072486),
            Fault.session_expired(),
        ):
            server.fail(fault.on("GET", "/userInfo", times=None))
            told_about(watch, conn.user)
            server.heal()
        server.fail(Fault.not_json().on("GET", "/userInfo", times=None))
        told_about(watch, conn.user)
        server.heal()
        server.fail(Fault.reset_midway().on("GET", "/userInfo", times=None))
        told_about(watch, conn.user)
        server.heal()
        server.expire_sessions()
        server.fail(Fault.error(401, "ERR003").on("POST", "/auth/", times=None))
        told_about(watch, conn.user)
        told_about(watch, conn.renew)
        server.heal()
        watch.look(conn, conn._client.session)
    told_about(watch, conn.user)
    watch.look(conn)
    assert watch.leaks() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "ann", "password": WRONG},
        {"username": "ann", "password": lambda: WRONG},
        {"username": "ann", "password": WRONG.encode},
        {"username": WRONG.encode(), "password": WRONG},
        {"api_key": WRONG},
        {"identity_token": WRONG},
        {"username": "ann", "password": WRONG, "api_key": WRONG},
        {"username": "ann", "password": WRONG, "login_mode": 8},
        {"password": WRONG},
        {"session": {"token": WRONG, "cookies": {"JSESSIONID": WRONG}}},
        {"session": {"token": WRONG, "cookies": {"JSESSIONID": 5, "x": WRONG}}},
        {"session": '{"token": "' + WRONG},
        {"session": {"token": WRONG, "base_url": "https://other.example.com/MicroStrategyLibrary"}},
    ],
)
def test_nothing_leaks_of_what_is_refused(server, quick, watch, wrong):
    variables = not isinstance(wrong.get("username"), bytes)  # which is no secret
    told_about(watch, connect, server.url, **wrong, settings=quick, on_event=watch.event, variables=variables)

    async def main():
        async with connect_async(server.url, **wrong, settings=quick, on_event=watch.event):
            pass

    told_about(watch, lambda: asyncio.run(main()), variables=variables)
    assert watch.leaks() == []


@pytest.mark.parametrize(
    "url", [f"https://ann:{MARK}@bi.example.com/Library", f"ftp://{MARK}", f"http://{MARK}@", f"http://[{MARK}"]
)
def test_nothing_leaks_of_a_wrong_url(watch, url):
    for given in (url, lambda: url):
        told_about(watch, connect, given, username="ann", password=WRONG, variables=False)
    assert watch.leaks() == []


# Servers that repeat what they were sent


async def _repeated(request, status, kind):
    text = f"You sent {dict(request.headers)} {await request.text()}"
    if kind == "json":
        return web.json_response({"code": "ERR001", "message": text, "errors": [{"message": text}]}, status=status)
    if kind == "cut":
        return web.Response(text='{"apiToken": "' + text, status=status, content_type="application/json")
    return web.Response(text=f"<html><body>{text}</body></html>", status=status, content_type="text/html")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("kind", ["json", "html", "cut"])
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 500])
def test_nothing_leaks_though_the_server_repeats_it(library, quick, watch, status, kind):
    async def repeat(request):
        return await _repeated(request, status, kind)

    async def opened(_):
        response = web.Response(status=204, headers={"X-MSTR-AuthToken": f"{MARK}-token"})
        response.set_cookie("JSESSIONID", f"{MARK}-cookie")
        return response

    library.on("POST", "/api/auth/login", opened)
    with connect(library.url, username="ann", password=PASSWORD, settings=quick, on_event=watch.event) as conn:
        for method, path in (
            ("GET", "x"),
            ("GET", "sessions"),
            ("GET", "sessions/userInfo"),
            ("POST", "auth/apiTokens"),
        ):
            library.on(method, f"/api/{path}", repeat)
        library.on("GET", "/api/auth/identityToken", repeat)
        for action in (
            lambda: conn.get("x").json(),
            conn.session_info,
            conn.user,
            conn.create_api_token,
            lambda: conn.validate_identity_token(f"{MARK}-identity"),
        ):
            try:
                action()
            except (errors.MstrError, KeyError) as error:
                watch.error(error)
        for path in ("login", "delegate"):
            library.on("POST", f"/api/auth/{path}", repeat)
        told_about(watch, conn.renew)
    for arguments in ({"username": "ann", "password": PASSWORD}, {"api_key": WRONG}, {"identity_token": WRONG}):
        told_about(watch, connect, library.url, **arguments, settings=quick, on_event=watch.event)
    assert watch.leaks() == []


SPELLED = {
    "as it is": lambda text: text,
    "percent-encoded": lambda text: quote(text, safe=""),
    "as in a form": quote_plus,
    "as HTML": html.escape,
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64, with a name before it": lambda text: b64encode(f"ann:{text}".encode()).decode(),
    "base64, with more around it": lambda text: b64encode(f"x{text}yz".encode()).decode(),
    "base64 for URLs": lambda text: urlsafe_b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("spell", SPELLED)
@pytest.mark.parametrize("page", [b'{"message": "you sent %s"}', b"<html>you sent %s</html>"])
def test_a_page_that_repeats_a_secret_is_quoted_without_it(spell, page):
    secret = PASSWORD + "/?ÿ>~"
    spelled = SPELLED[spell](secret)
    shown = blot_out(page.replace(b"%s", json.dumps(spelled)[1:-1].encode()), [Masked(secret)])
    assert b"***" in shown
    assert spelled[4:-4] not in shown.decode()


@pytest.mark.parametrize("way", ["to_arrow", "to_polars", "batches", "asynchronously"])
def test_a_cell_that_is_the_token_is_not_shown(quick, watch, way):
    with (
        Simulator(rows=50) as server,
        connect(server.url, username=server.username, password=server.password, settings=quick) as conn,
    ):
        watch.learn(conn)
        token = conn.save_session()["token"].encode()
        server.fail(Fault.rewritten(lambda body: re.sub(rb'"(East|West)"', b'"%s"' % token, body)).on(times=None))
        cube = conn.cube("Sales Cube", types={"Region": pa.int32()})
        ways = {
            "to_arrow": cube.to_arrow,
            "to_polars": cube.to_polars,
            "batches": lambda: list(cube),
            "asynchronously": lambda: asyncio.run(cube.to_arrow_async()),
        }
        with pytest.raises(errors.ConversionError, match=r"\*\*\*") as caught:
            ways[way]()
        watch.error(caught.value, variables=False)
    assert watch.leaks() == []


def test_tools_that_show_variables_show_no_secret(library, quick):
    traceback_of = pytest.importorskip("rich.traceback").Traceback
    console = pytest.importorskip("rich.console").Console

    async def refuse(_):
        return web.json_response({"code": "ERR003", "message": "no"}, status=401)

    for path in ("login", "delegate"):
        library.on("POST", f"/api/auth/{path}", refuse)
    out = io.StringIO()
    for arguments in ({"username": "ann", "password": WRONG}, {"api_key": WRONG}, {"identity_token": WRONG}):
        with pytest.raises(errors.MstrError) as caught:
            connect(library.url, **arguments, settings=quick)
        error = caught.value
        shown = traceback_of.from_exception(type(error), error, error.__traceback__.tb_next, show_locals=True)
        console(file=out, width=200).print(shown)
    assert "password = <masked>" in out.getvalue()
    assert MARK not in out.getvalue()


def test_the_watch_sees_a_leak(watch):
    logging.getLogger("mstr_arrow").debug("logged in by %s", PASSWORD)
    watch.error(errors.LoginError(f"no: {WRONG}"))
    assert len(watch.leaks()) >= 3
