"""Every code of the reference becomes the error of its family, however the server spells it."""

import pickle

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow import errors
from mstr_arrow.http.error_map import error_for
from mstr_arrow.http.iserver import ISERVER
from mstr_arrow.http.retry import is_transient
from mstr_arrow.http.subject import Subject

PATHS = st.sampled_from(["/api/v2/cubes/C1", "/api/datasets", "/api/v2/reports/R1/instances/I1", "/api/auth/login"])
SUBJECTS = st.sampled_from([None, *Subject])

# Wire reference, section 2.2: the code's number, the usual HTTP status, the family.
FAMILIES = [
    (1, 500, errors.ServerError),
    (2, 500, errors.IServerUnreachable),
    (3, 401, errors.LoginError),
    (4, 404, errors.NotFound),
    (5, 400, errors.InvalidRequest),
    (6, 400, errors.InvalidRequest),
    (7, 400, errors.InvalidRequest),
    (8, 500, errors.ServerBusy),
    (9, 401, errors.SessionExpired),
    (10, 400, errors.NotSupported),
    (13, 503, errors.IServerUnreachable),
    (14, 403, errors.PermissionDenied),
    (14, 401, errors.PermissionDenied),
    (15, 400, errors.AlreadyExists),
    (15, 409, errors.AlreadyExists),
    (16, 503, errors.ServerBusy),
    (17, 403, errors.PermissionDenied),
    (17, 500, errors.PermissionDenied),
    *((number, 400, errors.InvalidRequest) for number in (20, 21, 22, 23, 24)),
    *((number, 500, errors.ServerError) for number in (20, 21, 22, 23, 24)),
]

# Section 2.3: which codes have a family of their own.
ISERVER_FAMILIES = {
    errors.LoginError: [-2147216959],
    errors.NotFound: [-2147209151, -2147216373],
    errors.PermissionDenied: [-2147214568],
    errors.InstanceGone: [-2147468986],
    errors.NotPublished: [-2147072488, -2147466604],
    errors.SessionExpired: [-2147207419],
    errors.NotSupported: [-2147171501, -2147171502, -2147171503, -2147171504],
    errors.LimitExceeded: [
        *(-2147205488, -2147049887, -2147212121, -2147212076),
        *(-2147072551, -2147072552, -2147071870, -2147071825, -2147071811),
    ],
    errors.ServerBusy: [
        *(-2147072486, -2147206497, -2147072194, -2147072538),
        *(-2147073380, -2147213301, -2147072562, -2147072563, -2147072564, -2147072565),
        *(-2147209053, -2147209054, -2147209055, -2147209056, -2147209165, -2147209166),
        *(-2147202902, -2147202904, -2147202906),
    ],
    errors.ServerError: [-2147072542, -2147072549, -2147213784, -2147212544],
}
STATUSES = [400, 401, 403, 404, 405, 409, 413, 500, 501, 502, 503, 504]


def typed(status, body, method="GET", path="/api/v2/cubes/C1"):
    return error_for(status, {}, orjson.dumps(body), method=method, path=path)


@pytest.mark.parametrize(("number", "status", "family"), FAMILIES)
@pytest.mark.parametrize("zeros", ["", "0", "00", "0000"])
def test_digits_are_compared_as_numbers(number, status, family, zeros):
    code = f"ERR{zeros}{number}"
    error = typed(status, {"code": code, "message": "no", "ticketId": "T1"})
    assert type(error) is family
    assert (error.code, error.status, error.ticket_id, error.method, error.path) == (
        *(code, status, "T1"),
        *("GET", "/api/v2/cubes/C1"),
    )


@pytest.mark.parametrize(
    "code", ["ERR0R22", "ERR", "err009", "ERR-9", "ERR९", "9", "XERR009", "8004cb0", "", None, 9]
)
def test_other_codes_are_texts_and_leave_it_to_the_status(code):
    assert type(typed(500, {"code": code, "message": "no"})) is errors.ServerError
    assert type(typed(403, {"code": code, "message": "no"})) is errors.PermissionDenied


@pytest.mark.parametrize(
    ("number", "family"), [(number, family) for family, numbers in ISERVER_FAMILIES.items() for number in numbers]
)
def test_the_code_of_the_i_server_decides(number, family):
    for status in STATUSES:
        for sent in (number, str(number)):
            error = typed(status, {"code": "ERR001", "iServerCode": sent, "message": "no"})
            assert type(error) is family
            assert error.iserver_code == number
            assert f"I-Server {number}" in error.label


def test_no_code_of_the_i_server_is_forgotten():
    known = {number for numbers in ISERVER_FAMILIES.values() for number in numbers}
    others = {-2147169526, -2147468903}  # 8004cb0a, in hexadecimal; open prompts, tested with the prompts
    assert set(ISERVER) == known | others


def test_a_hexadecimal_code_is_the_i_servers():
    error = typed(400, {"errors": [{"code": "8004cb0a", "message": "too many", "ticketId": "T"}]})
    assert (type(error), error.code, error.iserver_code) == (errors.ServerBusy, "8004cb0a", -2147169526)
    assert error.ticket_id == "T"
    assert not is_transient(error)


def test_what_the_parts_of_an_answer_say_is_kept():
    parts = [{"code": "ERR006", "message": "bad metric"}, {"message": "bad metric"}, {"message": "bad form"}]
    error = typed(400, {"code": "ERR001", "message": "Bulk failed.", "subErrors": parts})
    assert (type(error), error.message) == (errors.InvalidRequest, "Bulk failed.")
    assert error.details == ("bad metric", "bad form")
    nested = [{"message": "", "subErrors": [{"message": "inner", "iServerCode": "-2147214568"}]}]
    error = typed(500, {"errors": nested})
    assert (type(error), error.message, error.iserver_code) == (errors.PermissionDenied, "inner", -2147214568)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "message", "iServerCode", "ticketId", "errors", "subErrors", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(status=st.integers(400, 599), body=JSON.map(orjson.dumps) | st.binary(), path=PATHS, subject=SUBJECTS)
def test_whatever_comes_becomes_an_error_that_says_what_to_do(status, body, path, subject):
    error = error_for(status, {}, body, method="POST", path=path, subject=subject)
    assert isinstance(error, errors.ServerError | errors.ProxyError)
    assert error.message
    assert error.hint
    if isinstance(error, errors.ServerError):
        assert (error.status, error.method, error.path) == (status, "POST", path)
        assert error.iserver_code is None or isinstance(error.iserver_code, int)
        assert f"HTTP {status}" in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("status", STATUSES)
def test_a_web_page_in_place_of_an_error_is_quoted(status):
    page = b"<!DOCTYPE html><html><head><style>p {}</style></head><body><h1>No way</h1></body></html>"
    error = error_for(status, {}, page, method="GET", path="/api/v2/cubes/C1")
    assert "HTML: No way" in str(error)
    assert error.code is None
