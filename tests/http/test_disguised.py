"""Errors that come as successes: told from answers by their members, and treated as the errors they are."""

import gzip

import orjson
import pytest

from mstr_arrow import errors
from mstr_arrow.http.disguised import error_within
from mstr_arrow.http.error_map import error_for, infer_status
from mstr_arrow.http.response import Response
from mstr_arrow.http.retry import is_transient

TOLD = {
    "code": "ERR001",
    "iServerCode": -2147072488,
    "message": "(not published)",
    "ticketId": "T1",
    "details": None,
}


def response(body, status=200, **headers):
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(status, headers, raw, headers.get("Content-Encoding", ""))


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize(
    "body",
    [
        TOLD,
        {"code": "ERR001", "message": "no"},
        {"code": "ERR0R22"},
        {"code": "8004cb0a", "message": "no"},
        {"code": -2147072488, "message": "no"},
        {"iServerCode": "-2147072488", "message": "no"},
        {"code": "ERR001", "iServerCode": -2147072488, "message": "no", "status": 500, "id": "R1"},
        {"errors": [{"code": "ERR006", "message": "no"}]},
        {"errors": [{"code": "8004cb0a"}, {"code": "ERR001", "message": "two"}], "ticketId": "T1"},
        b"\xef\xbb\xbf \n" + orjson.dumps(TOLD),
        orjson.dumps(TOLD).decode().encode("utf-16"),
    ],
)
def test_an_error_is_told_whatever_the_status_of_the_success(status, body):
    assert error_within(response(body, status)) is not None


@pytest.mark.parametrize("header", ["gzip", "GZIP", "x-gzip", "identity, gzip"])
def test_an_error_is_told_where_it_is_packed(header):
    assert error_within(response(gzip.compress(orjson.dumps(TOLD)), **{"Content-Encoding": header})) is not None


@pytest.mark.parametrize(
    "body",
    [
        {"status": 1, "message": "result ready"},
        {"status": 3, "message": "bad chunk", "iServerCode": -2147212544},
        {"status": "18", "message": "bad chunk", "iServerCode": -2147212544},
        {"id": "A1", "name": "Errors", "code": "ERR001", "message": "a cube's own words"},
        {"instanceId": "I1", "code": "ERR001", "data": {}},
        {"code": "EUR", "message": "a currency"},
        {"code": 200, "message": "OK"},
        {"iServerCode": 0, "message": ""},
        {"iServerCode": None, "message": ""},
        {"message": "hello"},
        {"errors": []},
        {"errors": [], "id": "A1"},
        {"errors": ["one"]},
        {"errors": [{"code": "ERR001"}], "result": [1]},
        {"prompts": [{"code": "ERR001"}]},
        [TOLD],
        "ERR001",
        b"",
        b'{"code": "ERR001"',
        b'"code"',
    ],
)
def test_an_answer_of_like_members_is_none(body):
    assert error_within(response(body)) is None


def test_an_answer_about_many_is_left_to_whoever_asked():
    assert error_within(response({"errors": [TOLD]}, 207)) is None


def test_a_long_body_is_not_looked_into():
    assert error_within(response(orjson.dumps(TOLD) + b" " * 2**17)) is None


@pytest.mark.parametrize(
    ("code", "message", "kind", "meant"),
    [
        ("ERR001", "no", errors.ServerError, 500),
        ("ERR003", "no", errors.LoginError, 401),
        ("ERR009", "no", errors.SessionExpired, 401),
        ("ERR004", "no", errors.NotFound, 404),
        ("ERR006", "no", errors.InvalidRequest, 400),
        ("ERR0014", "no", errors.PermissionDenied, 403),
        ("ERR0016", "no", errors.ServerBusy, 503),
        ("ERR001", "HTTP 405 Method Not Allowed", errors.NotFound, 405),
        ("8004cb0a", "no", errors.ServerBusy, 500),
    ],
)
def test_it_is_judged_by_its_code_and_keeps_the_status_that_came(code, message, kind, meant):
    body = orjson.dumps({"code": code, "message": message})
    error = error_for(200, {}, body, method="GET", path="/api/x")
    assert type(error) is kind
    assert (error.status, error.code, error.message, infer_status(error)) == (200, code, message, meant)


def test_one_that_says_no_more_is_tried_again_as_with_its_own_status():
    body = orjson.dumps({"code": "ERR001", "message": "no"})
    assert is_transient(error_for(200, {}, body, method="GET", path="/api/x"))
    assert not is_transient(error_for(200, {}, orjson.dumps(TOLD), method="GET", path="/api/x"))
