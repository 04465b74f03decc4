"""What answers tell of instances, in every shape that is known or likely."""

import orjson
import pytest

from mstr_arrow.errors import ProtocolError
from mstr_arrow.instances.instance_status import READY, read_state

REPORT, INSTANCE = "B" * 32, "D" * 32
PAGE = b'{"id": "x", "instanceId": "I7", "status": 1, "data": {"paging": {"total": 0}}}'


def state(status, content=b"", headers=None):
    return read_state(status, headers or {}, content, source_id=REPORT)


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (f'{{"id": "{REPORT}", "instanceId": "{INSTANCE}", "status": 6}}', {}),
        (f'{{"instanceId": "{INSTANCE}", "status": "6"}}', {}),
        (f'{{"id": "{INSTANCE}", "status": 6}}', {}),
        (f'{{"mid": "{INSTANCE}"}}', {"X-MSTR-IStatus": "6"}),
        (f'{{"id": "{REPORT.lower()}", "status": 6}}', {"X-MSTR-MS-Instance": INSTANCE}),
        ("", {"Location": f"https://x/api/v2/reports/{REPORT}/instances/{INSTANCE}", "X-MSTR-IStatus": "6"}),
        ("", {"Location": f"/api/reports/{REPORT}/instances/{INSTANCE}/status", "X-MSTR-IStatus": "6"}),
    ],
)
def test_an_answer_at_once_names_the_instance(content, headers):
    found = state(202, content.encode(), headers)
    assert (found.instance_id, found.doing, found.whole) == (INSTANCE, "running the SQL", False)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"status": 1}'])
def test_202_is_never_ready(content):
    assert state(202, content).number != READY
    assert state(202, content).doing == "running"


@pytest.mark.parametrize("content", [b"", b"{}", b'{"status": 1}', b'{"status": "1"}'])
def test_200_is_ready_unless_it_says_otherwise(content):
    assert state(200, content).number == READY


@pytest.mark.parametrize(
    ("number", "doing"), [(2, "waiting for answers to prompts"), (14, "waiting for a governor")]
)
def test_the_body_decides_about_200(number, doing):
    assert state(200, b'{"status": %d}' % number).number == number
    assert state(200, b'{"status": %d}' % number).doing == doing


def test_a_number_that_nobody_knows_is_shown():
    assert state(202, b'{"status": 99}').doing == "running (status 99)"


def test_a_page_is_told_by_its_paging():
    assert state(200, PAGE).whole
    assert state(200, PAGE).instance_id == "I7"


@pytest.mark.parametrize("text", [rb"\"paging\":", b"paging"])
def test_a_text_is_no_page(text):
    assert not state(200, b'{"name": "' + text + b'", "status": 2}').whole


def test_a_failure_brings_its_message():
    assert state(200, b'{"status": 3, "message": " no memory "}').message == "no memory"


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"<html><title>Sign in", "not JSON.*Sign in"),
        (b"[1]", "no instance or a page of data: it is the number 1"),
        (b"1", "no instance or a page of data: it is the number 1"),
    ],
)
def test_what_says_nothing_of_an_instance_is_an_error_that_shows_it(content, seen):
    with pytest.raises(ProtocolError, match=seen):
        state(200, content)


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ({"id": "I7"}, {}),
        ({"mid": "I7"}, {}),
        ({}, {"Location": "/api/v2/reports/R/instances/I7?limit=1"}),
        ({"id": REPORT}, {"X-MSTR-MS-Instance": "I7"}),
    ],
)
def test_a_page_that_does_not_name_its_instance_is_of_the_one_that_is_named_elsewhere(content, headers):
    page = orjson.dumps({**content, "data": {"paging": {"total": 0}}})
    found = state(200, page, headers)
    assert (found.whole, found.instance_id) == (True, "I7")


def test_a_failure_brings_its_code():
    told = b'{"status": "3", "iServerCode": -2147205488, "message": "too many rows"}'
    assert state(200, told).failure == told
    assert state(200, b'{"status": 3, "message": "no"}').failure is None


@pytest.mark.parametrize("content", [b"", b"{}", b'{"a": 1}', b'{"name": "R"}'])
@pytest.mark.parametrize("status", [200, 202])
def test_an_answer_that_names_no_instance_and_no_status_says_nothing_of_it(status, content):
    assert not state(status, content).tells
    assert state(204, b"").tells
    assert state(status, b'{"status": 6}').tells
    assert state(status, b'{"instanceId": "I7"}').tells
