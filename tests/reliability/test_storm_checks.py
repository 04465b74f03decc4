"""The soak of `benchmarks.storms` has every fault in it, and sees what is wrong and what is left."""

import re
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks import storms, survival, ways, weather
from benchmarks.forecast import KINDS, STEPS, End, Forecast, Publication, Trouble, forecast
from mstr_arrow.simulator import Fault, Simulator

ROWS = 600
DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"


@pytest.fixture(scope="module")
def course():
    with Simulator(rows=ROWS) as server:
        yield ways.prepared(server, ROWS, 100)


def coming(way="table", **fields):
    return Forecast(seed=1, way=way, **fields)


@pytest.fixture
def storm(course):
    yield weather.Storm(course.server, coming(), course.republications)
    course.server.heal()
    course.server.expire_sessions()


FORECASTS = [forecast(seed, ways.WAYS[seed % 8][0]) for seed in range(2_000)]

OTHERS = {"delivery_ends", "publication_fails", "publication_forgotten"}
"""What meets neither reads nor uploads."""


def test_every_fault_of_the_simulator_comes():
    makers = {name for name, made in vars(Fault).items() if isinstance(made, classmethod)}
    effects = {type(make().effect) for _, make in KINDS.values()}
    assert {type(getattr(Fault, name)(*args).effect) for name, args in ARGUMENTS.items()} <= effects
    assert makers == ARGUMENTS.keys() | OTHERS


ARGUMENTS = {
    **dict.fromkeys(
        ("session_expired", "busy", "outwaited", "empty", "html", "not_json", "reset", "reset_midway"), ()
    ),
    **dict.fromkeys(("reset_after", "truncated", "cut_short", "stalled", "trickled", "damaged", "lying_page"), ()),
    **dict.fromkeys(("reset_upload", "logged_out", "instances_dropped", "publish_ends", "execution_fails"), ()),
    **dict.fromkeys(("long_page", "other_page", "short_page", "slow"), (1,)),
    "error": (500,),
    "redirect": ("https://login.example.com/",),
    "rewritten": (bytes,),
}
"""The faults that meet reads and uploads, and what makes each."""


def test_all_that_may_be_forecast_comes():
    troubles = [trouble for each in FORECASTS for trouble in each.troubles]
    assert {trouble.kind for trouble in troubles} == KINDS.keys()
    assert {trouble.step for trouble in troubles} == STEPS.keys()
    ends = Counter(len(each.ends) for each in FORECASTS)
    assert all(ends[number] > 5 for number in (0, 1, 2, 3, 5))
    seen = {
        (publication.data, each.sees_caches, publication.dropped_after is None)
        for each in FORECASTS
        for publication in each.publications
    }
    assert {(data, sees) for data, sees, _ in seen} == {
        (data, sees) for data in ("", "other rows", "fewer rows", "moved rows") for sees in (True, False)
    }
    assert forecast(7, "report") == forecast(7, "report")


def test_what_nobody_gets_over_is_what_the_document_says():
    text = re.sub(r"\s+", " ", DOCUMENT.read_text(encoding="utf-8"))
    section = text.split("## What nobody gets over")[1].split("## ")[0]
    assert [rule for rule in survival.RULES if rule not in section] == []
    assert section.count(";") + section.count(". Tables") == len(survival.RULES)


def lost(step, times=1, **fields):
    return {"troubles": (Trouble("reset, and done", step, times=times),), **fields}


DROPPED = (End("instances", 9),)
MOVED, OTHER = Publication("moved rows", 9, 12), Publication("other rows", 9, 12)


@pytest.mark.parametrize(
    ("storm", "rule"),
    [
        (coming(), None),
        (coming(deadline=1.0), "a `deadline` that is shorter than the read"),
        (coming(troubles=(Trouble("redirect", "page"),)), "what the server says and stays with"),
        (coming(**lost("log-in")), None),
        (coming(**lost("log-in", 2)), "two lost answers to one log-in"),
        (coming(troubles=(Trouble("429", "log-in", times=3),)), None),
        (coming(**lost("instance", 2)), None),
        (coming(**lost("instance", 3)), "three lost answers to requests for one instance"),
        (coming("report", **lost("instance")), None),
        (
            coming("report", **lost("instance", sees_jobs=False)),
            "one to a request for that of a report, where the jobs are not shown",
        ),
        (coming("upload", **lost("upload session")), None),
        (coming("upload", **lost("upload session", 2)), "two lost answers to one request for an upload session"),
        (coming("upload", **lost("publish", 2)), None),
        (coming(**lost("definition", 5)), "a request that fails in all its `Retry.attempts`"),
        (
            coming("upload", troubles=(Trouble("502", "chunk", 3, 3), Trouble("429", "chunk", 6, 2))),
            "a request that fails in all its `Retry.attempts`",
        ),
        (coming("upload", troubles=(Trouble("502", "chunk", 3, 3), Trouble("429", "chunk", 7, 2))), None),
        (coming(ends=DROPPED * 5), None),
        (coming("batches", ordered=True, ends=DROPPED * 5), None),
        (
            coming("batches", ends=DROPPED),
            "an instance that is gone, where rows of it were handed out in any order",
        ),
        (coming("batches", ordered=True, publications=(MOVED,), sees_caches=False), None),
        (
            coming("batches", ordered=True, publications=(MOVED,)),
            "batches in a total order, where a publication since then shows",
        ),
        (
            coming("batches", ordered=True, publications=(OTHER,), sees_caches=False),
            "batches in a total order, where a publication since then shows",
        ),
        (coming("parquet", ordered=True, publications=(OTHER, OTHER)), None),
        (coming("parquet", publications=(OTHER, OTHER)), "a table or file that would begin a fourth time"),
        (coming("folder", ordered=True, publications=(OTHER,)), None),
        (coming("folder", ordered=True, publications=(OTHER, OTHER)), "an extraction whose data change twice"),
    ],
)
def test_what_a_client_can_get_over_is_said_beforehand(storm, rule):
    assert survival.why_not(storm) == rule


def test_most_storms_are_said_to_be_got_over():
    survivable = [each for each in FORECASTS if survival.why_not(each) is None]
    assert 0.7 < len(survivable) / len(FORECASTS) < 0.9


def ending(how, *, hopeless=None, wrong=(), left=(), seconds=1.0):
    return storms.Outcome(1, "table", ways.Ending(how, seconds), hopeless, list(wrong), list(left))


@pytest.mark.parametrize(
    ("others", "well", "said"),
    [
        ([], True, "10 storms; a client can get over 10 of them, of which 1 ended in an error (10.0%"),
        (
            [ending("InstanceGone", hopeless="gone")],
            True,
            "11 storms; a client can get over 10 of them, of which 1",
        ),
        ([ending("ServerError")] * 2, False, "12 storms; a client can get over 12 of them, of which 3"),
        ([ending("WRONG", wrong=["rows differ"])], False, "1 different or otherwise wrong; 0 hung; 0 left"),
        ([ending("right", left=["1 sessions"])], False, "0 different or otherwise wrong; 0 hung; 1 left"),
        ([ending("right", seconds=90.0)], False, "0 different or otherwise wrong; 1 hung; 0 left"),
        ([ending(ways.LIKELY)], True, "1 likely, and told so"),
    ],
)
def test_the_summary_counts_what_could_be_got_over(others, well, said):
    outcomes = [ending("right, after repeats")] * 9 + [ending("ServerError"), *others]
    assert storms.is_well(outcomes) == well
    assert said in storms.summary(outcomes)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("seed", [2, 3, 4, 6])
def test_a_storm_ends_right_or_with_an_error_of_ours(course, seed):
    outcome = storms.through(course, seed)
    assert (outcome.wrong, outcome.left, outcome.hung) == ([], [], False), storms.line(outcome)


@pytest.mark.slow
def test_of_storms_that_can_be_got_over_nearly_all_are():
    outcomes = storms.run(range(64), 4_000, 2_000)
    assert storms.is_well(outcomes), "\n".join(map(storms.line, outcomes))


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
    mixed = pa.concat_tables([truth.slice(0, 300), others.slice(300)])
    for other in (truth.slice(1), truth.take([1, 0, *range(2, ROWS)]), others, mixed):
        with pytest.raises(ways.WrongError, match="differ from the truth"):
            course.check_rows(other, course.sales(storm, ordered=False))
    storm.published.append("other rows")
    course.check_rows(others, course.sales(storm, ordered=False))
    with pytest.raises(ways.WrongError, match="differ from the truth"):
        ways.checked(course, mixed, None, storm)


@pytest.mark.parametrize(("consistent", "said"), [("likely", None), ("published once", "called 'published once'")])
def test_rows_of_two_publications_must_be_called_likely(course, consistent, said):
    storm = weather.Storm(course.server, coming(ordered=True), course.republications)
    first, moved = (course.truths[name].sort_by("Order") for name in ("", "moved rows"))
    mixed = pa.concat_tables([first.slice(0, 300), moved.slice(300)])
    assert not mixed.equals(first)
    assert not mixed.equals(moved)
    done = ways.ma.ExtractResult(path=Path(), rows=ROWS, parts=1, consistent=consistent)
    with pytest.raises(ways.WrongError, match="differ"):
        ways.checked(course, mixed, done, storm)
    storm.published.append("moved rows")
    if said is None:
        assert ways.checked(course, mixed, done, storm) == ways.LIKELY
    else:
        with pytest.raises(ways.WrongError, match=said):
            ways.checked(course, mixed, done, storm)


def test_rows_that_are_moved_keep_all_totals_and_extremes(course):
    first, moved = course.truths[""], course.truths["moved rows"]
    assert not moved.sort_by("Order").equals(first.sort_by("Order"))
    for name in ("Revenue", "Units", "Cost", "Ledger Id", "List Price"):
        assert sorted(first[name].to_pylist(), key=str) == sorted(moved[name].to_pylist(), key=str)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (ways.Ending("right", 0.0), None),
        (ways.WrongError("rows"), "WrongError('rows'), None"),
        (ValueError("not ours"), "ValueError('not ours'), None"),
    ],
)
def test_what_is_wrong_is_told(course, monkeypatch, found, said):
    def way(_course, _storm, _scratch):
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(storms, "WAYS", [("table", way)])
    assert storms.through(course, 7).wrong == ([] if said is None else [said])


@pytest.mark.parametrize("mode", ["replace", "add", "update", "upsert"])
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
    storm._strikes = {storm._answers + 3: [lambda: came.append(time.monotonic()), lambda: 1 / 0]}
    with course.connect(storm) as connection:
        ways.in_folder(course, connection.cube(weather.CUBE).with_options(total_order=True), Path(tmp_path))
    assert len(came) == 1
    assert [type(error) for error in storm.failed] == [ZeroDivisionError]
