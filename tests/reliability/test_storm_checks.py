"""The soak of `benchmarks.storms` has every fault in it, and sees what is wrong and what is left."""

import inspect
import time
from pathlib import Path

import pytest

from benchmarks import storms, ways, weather
from mstr_arrow.simulator import Fault, Simulator

ROWS = 600


@pytest.fixture(scope="module")
def course():
    with Simulator(rows=ROWS) as server:
        yield ways.prepared(server, ROWS, 100)


@pytest.fixture
def storm(course):
    yield weather.Storm(course.server, 1, course.republications)
    course.server.heal()
    course.server.expire_sessions()


OTHERS = {"rewritten", "delivery_ends", "publication_fails", "publication_forgotten"}
"""What does nothing by itself, or meets neither reads nor uploads."""


def test_every_fault_of_the_simulator_comes():
    text = inspect.getsource(weather)
    makers = [name for name, made in vars(Fault).items() if isinstance(made, classmethod) and name not in OTHERS]
    assert len(makers) > 20
    assert [name for name in makers if f"Fault.{name}" not in text] == []


def test_a_session_that_is_left_is_seen(course, storm):
    connection = course.connect(storm)
    assert storms.left_behind(storm) == ["1 sessions"]
    connection.close()
    assert storms.left_behind(storm) == []


def test_a_session_that_was_called_dead_or_that_nobody_got_is_not_counted(course, storm):
    course.server.fail(Fault.session_expired().on("GET", "/projects"))
    course.connect(storm).close()
    assert course.server.open_sessions == 1
    course.server.fail(Fault.reset().on("POST", "/auth/login", times=2))
    with pytest.raises(ways.ma.MstrError):
        course.connect(storm)
    assert (course.server.open_sessions, storm.unanswered_logins) == (3, 2)
    assert storms.left_behind(storm) == []
    with course.connect(storm):
        assert storms.left_behind(storm) == ["1 sessions"]


def test_an_upload_session_that_is_kept_is_seen(course, storm):
    with course.connect(storm) as connection:
        cube = ways.ma.SuperCube(connection, name="Kept")
        cube.add_table("Kept", course.new)
        cube.create(auto_publish=False)
        with pytest.raises(ways.WrongError, match="not deleted"):
            ways.check_uploads(course.server, storm)
        cube.discard()
        ways.check_uploads(course.server, storm)


def test_rows_that_differ_are_seen(course, storm):
    truth, others = course.truths[""], course.truths["other rows"]
    course.check_rows(truth, course.sales(storm, ordered=False))
    mixed = ways.pa.concat_tables([truth.slice(0, 300), others.slice(300)])
    for other in (truth.slice(1), truth.take([1, 0, *range(2, ROWS)]), others, mixed):
        with pytest.raises(ways.WrongError, match="differ from the truth"):
            course.check_rows(other, course.sales(storm, ordered=False))
    storm.data = "other rows"
    course.check_rows(others, course.sales(storm, ordered=False))
    with pytest.raises(ways.WrongError, match="differ from the truth"):
        course.check_rows(mixed, course.sales(storm, ordered=False))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (ways.Ending("right", 0.0), None),
        (ways.Ending("right", ways.DEADLINE + ways.SLACK + 1), "took 81.0 s"),
        (ways.WrongError("rows"), "WrongError('rows'), None"),
        (ValueError("not ours"), "ValueError('not ours'), None"),
    ],
)
def test_what_is_wrong_is_told(course, monkeypatch, found, said):
    def way(_course, _storm, _scratch):
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(storms, "WAYS", [("a way", way)])
    assert storms.through(course, 7)[2] == ([] if said is None else [said])


@pytest.mark.parametrize("mode", ways.MODES[1:])
def test_what_an_upload_leaves_is_known(course, storm, mode):
    with course.connect(storm) as connection:
        connection.write("Quiet", course.old)
        connection.write("Quiet", course.new, mode=mode)
    shown = ways.rows_of(course.server, "Quiet")
    assert ways.same(shown, ways.merged(course.old, course.new, mode))
    assert not ways.same(shown, ways.merged(course.old, course.new.slice(1), mode))
    assert not ways.same(shown, course.old)


def test_strikes_come_once_the_answers_are_counted(course, storm, tmp_path):
    came = []
    storm.over_reading()
    storm._strikes = {storm._answers + 3: [lambda: came.append(time.monotonic()), lambda: 1 / 0]}
    course.server.heal()
    with course.connect(storm) as connection:
        ways.in_folder(course, connection.cube(weather.CUBE).with_options(total_order=True), Path(tmp_path))
    assert len(came) == 1
    assert [type(error) for error in storm.failed] == [ZeroDivisionError]
