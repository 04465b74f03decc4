"""When a load ends before its time."""

import pytest

from mstr_arrow.errors import ConnectError, InvalidRequest, ServerBusy, ServerError, TimeoutExceeded
from mstr_arrow.throughput.brake import Brake
from mstr_arrow.throughput.loads import Bounds


def busy(seconds=None, *, status=503):
    error = ServerError("Service unavailable", status=status)
    error.retry_after = seconds
    return error


@pytest.fixture
def brake():
    return Brake(Bounds(errors=0.25, latency=1.0))


@pytest.mark.parametrize("error", [busy(), busy(status=429), ServerBusy("a governor", status=500)])
def test_a_busy_server_is_left_alone_at_its_first_word(brake, error):
    brake.note_answer(0.1)
    brake.note_failure(error)
    assert brake.busy
    assert "too much to do" in brake.why
    assert not brake.lost


@pytest.mark.parametrize(("told", "rest"), [(None, 1.0), (0.0, 0.0), (7.0, 7.0), (86_400.0, 60.0)])
def test_the_rest_is_what_the_server_asks_for_within_a_minute(brake, told, rest):
    brake.note_failure(busy(told))
    assert brake.rest == rest


def test_a_few_errors_within_the_bound_end_nothing(brake):
    for number in range(40):
        brake.note_failure(InvalidRequest("no", status=400)) if number % 5 == 4 else brake.note_answer(0.1)
    assert brake.why is None


def test_a_share_of_errors_beyond_the_bound_ends_the_load(brake):
    for number in range(12):
        brake.note_failure(InvalidRequest("no", status=400)) if number % 2 else brake.note_answer(0.1)
    assert "50% of the requests failed" in brake.why
    assert not brake.lost


def test_answers_that_take_too_long_end_the_load(brake):
    for _ in range(10):
        brake.note_answer(1.5)
    assert brake.why == "more than 5 % of the requests took longer than 1 s"


def test_requests_that_wait_too_long_end_the_load_before_they_are_answered(brake):
    brake.waits([0.2] * 20)
    assert brake.why is None
    brake.waits([1.2] * 20)
    assert "took longer than 1 s" in brake.why


def test_a_server_that_refuses_all_ends_the_load_and_not_the_sweep(brake):
    brake = Brake(Bounds(errors=1.0))
    for _ in range(10):
        brake.note_failure(InvalidRequest("no", status=400))
    assert "10 requests in a row failed: InvalidRequest: no" in brake.why
    assert not brake.lost


def test_a_server_that_is_gone_ends_the_sweep_over_several_loads():
    brake = Brake(Bounds(errors=1.0))
    for _ in range(6):
        brake.note_failure(ConnectError("no connection"))
    brake.release()
    assert brake.why is None
    for _ in range(4):
        brake.note_failure(ConnectError("no connection"))
    assert brake.lost
    assert "no answers came any more" in brake.why


def test_three_requests_in_a_row_that_wait_in_vain_end_the_sweep():
    brake = Brake(Bounds())
    for _ in range(3):
        brake.note_failure(TimeoutExceeded("the server sent nothing"))
    assert brake.lost
