import asyncio
from dataclasses import replace

import pytest
import stamina

from mstr_arrow.config import Retry
from mstr_arrow.errors import ServerBusy
from mstr_arrow.http.retry import Failed, attempts, retry_after


def fail(repeatable, wait):
    raise Failed(ServerBusy("no"), repeatable=repeatable, retry_after=wait)


def tries(settings, *, repeatable=True, wait=None, takes=0.0):
    """Count the attempts of something that always fails."""

    async def count():
        number = 0
        try:
            async for attempt in attempts(settings):
                with attempt:
                    number = attempt.num
                    await asyncio.sleep(takes)
                    fail(repeatable, wait)
        except Failed:
            return number

    return asyncio.run(count())


def test_attempts_are_counted_with_the_first():
    with stamina.set_testing(True, attempts=9, cap=True):
        assert tries(Retry(attempts=4)) == 4


def test_what_must_not_be_repeated_is_tried_once():
    assert tries(Retry(attempts=4), repeatable=False) == 1


def test_a_wait_beyond_the_budget_is_not_begun():
    assert tries(Retry(attempts=4, seconds=1.0), wait=3600.0) == 1


def test_an_attempt_that_takes_longer_than_all_is_repeated():
    settings = Retry(attempts=5, seconds=0.03, wait_initial=0.001)
    assert tries(settings, takes=0.04) == 2
    assert tries(replace(settings, attempts=1), takes=0.04) == 1


def test_a_wait_the_server_asks_for_replaces_the_drawn_one():
    assert tries(Retry(attempts=3, wait_initial=1e6, wait_max=1e6), wait=0.001) == 3


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:05 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value, seconds):
    assert retry_after({"Retry-After": value}, now=10.0) == seconds
