"""Marked secrets, every way in, every kind of error: no mark shows anywhere but in the session's own file."""

import asyncio
import json
import logging
import pickle
import traceback

import pytest
from aiohttp import web

from mstr_arrow import errors
from mstr_arrow.opening import connect, connect_async
from mstr_arrow.session.access import access_from
from mstr_arrow.simulator import Simulator
from mstr_arrow.simulator.faults.faults import Fault

MARK = "MARKED"
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

    def error(self, error):
        chain = [error]
        while chain:
            each = chain.pop()
            self.look(each, vars(each), each.args, getattr(each, "__notes__", ()))
            if isinstance(each, errors.MstrError):
                self.look(vars(pickle.loads(pickle.dumps(each))))  # noqa: S301  our own
            chain += [other for other in (each.__cause__, each.__context__) if other is not None]
        self.told += traceback.format_exception(error)

    def learn(self, connection):
        """Take the keys of a session for secrets, too."""
        document = connection.save_session()
        self.secrets |= {document["token"], *document["cookies"].values()} - {""}

    def leaks(self):
        records = [f"{record.getMessage()} {vars(record)}" for record in self._caplog.records]
        return [text for text in self.told + records if any(secret in text for secret in self.secrets)]


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


def told_about(watch, action, *arguments, **options):
    with pytest.raises((errors.MstrError, LookupError)) as caught:
        action(*arguments, **options)
    watch.error(caught.value)


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
    access = access_from(server.url, **given)
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
        server.fail(Fault.not_json().on("GET", "/userInfo"))
        told_about(watch, conn.user)
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
    told_about(watch, connect, server.url, **wrong, settings=quick, on_event=watch.event)

    async def main():
        async with connect_async(server.url, **wrong, settings=quick, on_event=watch.event):
            pass

    told_about(watch, lambda: asyncio.run(main()))
    assert watch.leaks() == []


@pytest.mark.parametrize(
    "url", [f"https://ann:{MARK}@bi.example.com/Library", f"ftp://{MARK}", f"http://{MARK}@", f"http://[{MARK}"]
)
def test_nothing_leaks_of_a_wrong_url(watch, url):
    for given in (url, lambda: url):
        told_about(watch, connect, given, username="ann", password=WRONG)
    assert watch.leaks() == []


# Servers that repeat what they were sent


async def _repeated(request, status, kind):
    text = f"You sent {dict(request.headers)} {await request.text()}"
    if kind == "json":
        return web.json_response({"code": "ERR001", "message": text, "errors": [{"message": text}]}, status=status)
    if kind == "cut":
        return web.Response(text='{"apiToken": "' + text, status=status, content_type="application/json")
    return web.Response(text=f"<html><body>{text}</body></html>", status=status, content_type="text/html")


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


def test_the_watch_sees_a_leak(watch):
    logging.getLogger("mstr_arrow").debug("logged in by %s", PASSWORD)
    watch.error(errors.LoginError(f"no: {WRONG}"))
    assert len(watch.leaks()) >= 3
