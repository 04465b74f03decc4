import gzip

import orjson
import pytest

from mstr_arrow import errors
from mstr_arrow.http.blotting import blot_out
from mstr_arrow.http.error_map import error_for
from mstr_arrow.http.iserver import ISERVER
from mstr_arrow.http.response import Response
from mstr_arrow.http.retry import is_transient, was_turned_away
from mstr_arrow.http.subject import Subject
from mstr_arrow.masked import Masked


def typed(status, body=b"", path="/api/v2/cubes/C1", subject=None, **headers):
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return error_for(status, headers, raw, method="GET", path=path, subject=subject)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "ERR003", errors.LoginError),
        (401, "ERR009", errors.SessionExpired),
        (401, "ERR0009", errors.SessionExpired),
        (404, "ERR004", errors.NotFound),
        (403, "ERR0014", errors.PermissionDenied),
        (500, "ERR017", errors.PermissionDenied),
        (503, "ERR0016", errors.ServerBusy),
        (500, "ERR001", errors.ServerError),
        (500, "ERR0R22", errors.ServerError),
        (400, "ERR0R22", errors.InvalidRequest),
        (400, "8004cb0a", errors.ServerBusy),
        (429, None, errors.ServerBusy),
        (413, None, errors.LimitExceeded),
        (403, None, errors.PermissionDenied),
    ],
)
def test_codes_are_compared_as_numbers(status, code, kind):
    error = typed(status, {"code": code, "message": "no", "ticketId": "T1"})
    assert type(error) is kind
    assert (error.status, error.code, error.ticket_id, error.message) == (status, code, "T1", "no")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (-2147216959, errors.LoginError),
        (-2147072486, errors.ServerBusy),
        (-2147209151, errors.NotFound),
        (-2147468986, errors.InstanceGone),
        (-2147214568, errors.PermissionDenied),
        (-2147072488, errors.NotPublished),
        (-2147466604, errors.NotPublished),
        (-2147205488, errors.LimitExceeded),
        (-2147072563, errors.ServerBusy),
        (-2147209056, errors.ServerBusy),
        (-2147209053, errors.ServerBusy),
        (-1, errors.ServerError),
    ],
)
def test_the_i_server_code_decides_even_as_text(number, kind):
    for sent in (number, str(number)):
        error = typed(500, {"code": "ERR001", "iServerCode": sent, "message": "no"})
        assert type(error) is kind
        assert error.iserver_code == number


def test_every_i_server_code_has_a_hint():
    assert all(meaning.hint.endswith(".") for meaning in ISERVER.values())


def test_an_error_starts_with_class_and_codes():
    text = str(typed(404, {"code": "ERR004", "iServerCode": -2147468986, "message": "gone", "ticketId": "T"}))
    assert text.startswith("InstanceGone [ERR004, I-Server -2147468986]: gone (GET /api/v2/cubes/C1, HTTP 404, ")


def test_the_first_of_several_errors_counts():
    error = typed(400, {"errors": [{"code": "8004cb0a", "message": "one"}, {"code": "x", "message": "two"}]})
    assert (error.code, error.message, error.details) == ("8004cb0a", "one", ("two",))
    assert "one; two" in str(error)


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"errors":[]}', b'"text"', b"{", b""])
def test_odd_bodies_fall_back_to_the_status(body):
    assert type(typed(503, body)) is errors.ServerBusy


def test_a_web_page_is_quoted_without_its_tags():
    page = b"<!DOCTYPE html><html><head><style>p{color:red}</style></head><body><h1>Bad Gateway</h1></body>"
    error = typed(502, page)
    assert "HTML: Bad Gateway" in str(error)
    assert "color" not in str(error)
    assert "gateway" in error.hint


def test_a_missing_instance_is_told_from_a_missing_cube():
    body = {"code": "ERR004", "message": "not found"}
    path = "/api/v2/cubes/C/instances/I"
    assert type(typed(404, body, path=path, subject=Subject.INSTANCE)) is errors.InstanceGone
    assert type(typed(404, body, path="/api/v2/cubes/C")) is errors.NotFound


def test_a_refusal_without_a_code_is_one_of_the_log_in_where_the_request_was_one():
    assert type(typed(401, subject=Subject.LOG_IN)) is errors.LoginError
    assert type(typed(401)) is errors.SessionExpired


@pytest.mark.parametrize(("status", "message"), [(404, "HTTP 404 Not Found"), (405, "HTTP 405 Method Not Allowed")])
def test_an_unknown_route_proposes_the_context_path(status, message):
    body = orjson.dumps({"code": "ERR004", "message": message})
    error = error_for(status, {}, body, method="GET", path="/api/status", base_hint="Did you mean X?")
    assert type(error) is errors.NotFound
    assert error.hint == "Did you mean X?"
    assert "too old" in typed(status, body).hint


@pytest.mark.parametrize(
    ("location", "shown", "hint"),
    [
        ("https://sso.example.com/login?token=s", "https://sso.example.com", "log-in page"),
        ("https://bi.example.com/MicroStrategyLibrary/api/status", "https://bi.example.com", "https://"),
        ("/elsewhere", "within the host", "not followed"),
    ],
)
def test_a_redirect_names_the_host_and_what_to_do(location, shown, hint):
    error = typed(302, b"", Location=location)
    assert type(error) is errors.ProtocolError
    assert shown in error.message
    assert hint in error.hint
    assert "token=s" not in str(error)


@pytest.mark.parametrize("secret", ["a", "7", "-", "b4c", "é", ";"])
def test_a_very_short_secret_is_hidden_where_it_stands_alone_and_nothing_else(secret):
    told = {"message": "wrong (constraint-violations) at 7b4ca", "ticketId": "7b4ca7a7b4c7"}
    body = orjson.dumps({**told, "code": "ERR006"})
    assert blot_out(body, [Masked(secret)]) == body
    for echo in (
        f'you sent "{secret}".',
        f"it is:\n{secret}\nor",
        f"pwd={secret}&user",
        f"{secret} ",
        secret,
    ):
        body = orjson.dumps({"message": echo})
        hidden = orjson.loads(blot_out(body, [Masked(secret)]))["message"]
        assert hidden == echo.replace(secret, "***")


@pytest.mark.parametrize("before", ["\n", "\t", "\x01", "\\", '"'])
def test_a_very_short_secret_behind_an_escape_is_hidden(before):
    body = orjson.dumps({"message": f"you sent {before}7x"})
    assert "7x" not in orjson.loads(blot_out(body, [Masked("7x")]))["message"]


def test_an_answer_unpacks_its_body():
    packed = gzip.compress(b'{"a":1}')
    assert Response(200, {}, packed, "gzip").json() == {"a": 1}
    assert Response(200, {}, b"[2]").content() == b"[2]"


@pytest.mark.parametrize(
    ("body", "encoding", "said"),
    [
        (gzip.compress(b"x" * 1000, mtime=0)[:-9], "gzip", "ends early"),
        (b"nonsense", "gzip", "damaged"),
        (b"x", "br", "not asked for"),
    ],
)
def test_a_damaged_packing_is_a_protocol_error(body, encoding, said):
    with pytest.raises(errors.ProtocolError, match=said):
        Response(200, {}, body, encoding).content()


def test_a_page_in_place_of_json_is_shown_and_explained():
    with pytest.raises(errors.ProtocolError, match="Sign in") as caught:
        Response(200, {}, b"<html><title>Sign in</title>").json()
    assert "log-in page" in caught.value.hint


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.ConnectError("x"), True),
        (errors.TimeoutExceeded("x"), True),
        (errors.TlsError("x"), False),
        (errors.ProtocolError("x"), False),
        (errors.ClosedError("x"), False),
        (errors.ProxyError("x"), False),
        (errors.PermissionDenied("x", status=500), False),
        (errors.InvalidRequest("x", status=500), False),
        (errors.IServerUnreachable("x", status=503), True),
        (errors.ServerError("x", status=500), True),
        (errors.ServerError("x", status=500, iserver_code=-5), False),
        (errors.ServerBusy("x", status=500, iserver_code=-2147209053), True),
        (errors.ServerBusy("x", status=500, iserver_code=-2147072486), False),
        (errors.ServerError("x", status=501), False),
        (errors.ServerError("x", status=502), True),
        (errors.NotFound("x", status=404), False),
        (errors.SessionExpired("x", status=401), False),
    ],
)
def test_what_is_worth_another_try(error, expected):
    assert is_transient(error) is expected


@pytest.mark.parametrize(
    ("error", "wait", "expected"),
    [
        (errors.ServerBusy("x", status=429), None, True),
        (errors.ServerBusy("x", status=503), 0.0, True),
        (errors.ServerBusy("x", status=503), None, False),
        (errors.IServerUnreachable("x", status=503), 3.0, True),
        (errors.ServerBusy("x", status=500, iserver_code=-2147209053), None, True),
        (errors.ServerBusy("x", status=500, iserver_code=-2147073380), None, True),
        (errors.ServerBusy("x", status=500, iserver_code=-2147072194), 3.0, False),
        (errors.ServerBusy("x", status=500, iserver_code=-2147072486), 3.0, False),
        (errors.ServerError("x", status=503, iserver_code=-5), 3.0, False),
        (errors.PermissionDenied("x", status=429), 3.0, False),
        (errors.ServerError("x", status=500), 3.0, False),
        (errors.ServerError("x", status=502), 3.0, False),
        (errors.ServerError("x", status=504), 3.0, False),
        (errors.ConnectError("x", cut=True), None, False),
        (errors.TimeoutExceeded("x"), None, False),
    ],
)
def test_what_was_turned_away(error, wait, expected):
    assert was_turned_away(error, wait) is expected
