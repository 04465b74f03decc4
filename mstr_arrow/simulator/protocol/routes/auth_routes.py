"""Log-in, sessions and the server's status (Wire reference, section 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mstr_arrow.simulator.model.cubes import object_id
from mstr_arrow.simulator.protocol.call import Call, Needs, Route
from mstr_arrow.simulator.responses import OBJECT_NOT_FOUND, Refusal, Response, ok
from mstr_arrow.simulator.settings.server_settings import CONTEXT
from mstr_arrow.simulator.state.tokens import login_failed

if TYPE_CHECKING:
    from mstr_arrow.simulator.state.sessions import Session

_STANDARD = 1
_WEB, _PYTHON = 35, 76
_APPLICATIONS = {8, _WEB, 46, _PYTHON}
_UP_SINCE = 1767225600000
_GUEST = "guest"
_IDENTITY = "X-MSTR-IdentityToken"
_LOCALES = ("metadataLocale", "warehouseDataLocale", "displayLocale", "messagesLocale", "numberLocale")


def tell_versions(call: Call) -> Response:
    """Tell the versions."""
    settings = call.server.settings
    return ok(
        {
            "upSince": _UP_SINCE,
            "upTime": 7_384_000,
            "upTimeText": "02 Hours 03 Minutes 04 seconds",
            "webVersion": settings.web_version,
            "iServerVersion": settings.iserver_version,
            "simulator": True,
            "minMobileCompatibleVersion": "11.2.220.0000",
        }
    )


def login(call: Call) -> Response:
    """Open a session: token in a header, the rest of it in cookies."""
    fields = _fields(call)
    mode = _number(fields, "loginMode", _STANDARD)
    _check_application(call, _number(fields, "applicationType", _WEB))
    user = _user(call, mode, str(fields.get("username", "")), str(fields.get("password", "")))
    working_set = _number(fields, "workingSet", call.server.settings.working_set)
    wishes: dict[str, object] = {name: str(fields[name]) for name in (*_LOCALES, "timeZone") if name in fields}
    wishes["maxSearch"] = _number(fields, "maxSearch", 3)
    return _open(call.server.sessions.login(user, working_set=working_set, wishes=wishes))


def delegate(call: Call) -> Response:
    """Open a session that shares the one which an identity token was made in."""
    fields = _fields(call)
    if _number(fields, "loginMode", 0) != -1:
        raise Refusal(400, "ERR006", "Login mode -1 is needed to delegate")
    root = call.server.tokens.session(str(fields.get("identityToken", "")))
    root = root.shares or root
    return _open(
        call.server.sessions.login(root.user, working_set=root.working_set, wishes=root.wishes, shares=root)
    )


def make_identity_token(call: Call) -> Response:
    """Make a token that opens a session like this one."""
    return Response(headers={_IDENTITY: call.server.tokens.identity(call.user_session)})


def check_identity_token(call: Call) -> Response:
    """Tell whether such a token is good."""
    call.server.tokens.session(call.headers.get(_IDENTITY))
    return Response()


def make_api_token(call: Call) -> Response:
    """Make a token that logs this user in, or another."""
    user, settings = call.user_session.user, call.server.settings
    fields = call.json() or {}
    if wanted := fields.get("userId"):
        known = {object_id("user", name): name for name in (user, settings.username, _GUEST)}
        if wanted not in known:
            raise Refusal(404, "ERR004", "(The user was not found.)", iserver_code=OBJECT_NOT_FOUND)
        user = known[wanted]
    return ok({"apiToken": call.server.tokens.api_token(user)})


def _open(session: Session) -> Response:
    cookies = [
        f"JSESSIONID={session.servlet}; Path={CONTEXT}; HttpOnly",
        f"iSession={session.token}; Path={CONTEXT}; HttpOnly",
    ]
    if session.balancer is not None:
        cookies.append(f"AWSALB={session.balancer}; Path=/")
    return Response(status=204, headers={"X-MSTR-AuthToken": session.token}, cookies=tuple(cookies))


def logout(call: Call) -> Response:
    """End the session."""
    call.server.logout(call.user_session)
    return Response(status=204)


def tell_session(call: Call) -> Response:
    """Tell the session's settings."""
    return ok(
        {
            "timeout": int(call.server.sessions.timeout),
            "workingSet": call.user_session.working_set,
            "maxSearch": 3,
            **dict.fromkeys(_LOCALES, "en_us"),
            "timeZone": "UTC",
            **call.user_session.wishes,
        }
    )


def renew(_call: Call) -> Response:
    """Renew the session, which every request does."""
    return Response(status=204)


def tell_user(call: Call) -> Response:
    """Tell who is logged in."""
    user = call.user_session.user
    return ok(
        {
            "metadataUser": True,
            "id": object_id("user", user),
            "fullName": user,
            "initials": user[:2].upper(),
            "profileColor": None,
        }
    )


def _fields(call: Call) -> dict[str, Any]:
    if call.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(call.body.decode(), keep_blank_values=True))
    fields = call.json()
    if fields is not None and not isinstance(fields, dict):
        raise Refusal(400, "ERR006", "The body of a login is a JSON object")
    return fields or {}


def _number(fields: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(fields.get(name, default))
    except (TypeError, ValueError) as error:
        raise Refusal(400, "ERR006", f"Invalid value of '{name}'") from error


def _check_application(call: Call, application: int) -> None:
    known = application in _APPLICATIONS and (application != _PYTHON or call.server.settings.dialect.python)
    if not known:
        raise Refusal(400, "ERR006", "(There are constraint violations: applicationType is not valid.)")


def _user(call: Call, mode: int, username: str, password: str) -> str:
    settings = call.server.settings
    match mode:
        case 8:
            return _GUEST
        case 1 | 16 if (username, password) == (settings.username, settings.password):
            return username
        case 4096 if username == settings.api_token:
            return settings.username
        case 4096 if user := call.server.tokens.user(username):
            return user
        case 1 | 16 | 4096:
            raise login_failed()
        case _:
            raise Refusal(400, "ERR006", f"Login mode {mode} is not supported")


ROUTES = (
    Route("GET", "/api/status", tell_versions, Needs.NOTHING),
    Route("POST", "/api/auth/login", login, Needs.NOTHING),
    Route("POST", "/api/auth/logout", logout, Needs.SESSION),
    Route("POST", "/api/auth/delegate", delegate, Needs.NOTHING),
    Route("POST", "/api/auth/identityToken", make_identity_token, Needs.SESSION),
    Route("GET", "/api/auth/identityToken", check_identity_token, Needs.SESSION),
    Route("POST", "/api/auth/apiTokens", make_api_token, Needs.SESSION),
    Route("GET", "/api/sessions", tell_session, Needs.SESSION),
    Route("PUT", "/api/sessions", renew, Needs.SESSION),
    Route("GET", "/api/sessions/userInfo", tell_user, Needs.SESSION),
)
