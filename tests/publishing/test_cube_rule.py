"""When a publication of a cube is done, from what was seen of it."""

import pytest

from mstr_arrow.instances.freshness import Cache
from mstr_arrow.publishing import cube_rule
from mstr_arrow.publishing.cube_rule import Look, Seen, proof_of
from mstr_arrow.publishing.cube_status import CubeStatus

READY, BUSY, NONE = CubeStatus(98), CubeStatus(99), CubeStatus(0)
OLD = (Cache("2026-01-15 08:30:00", "7"),)
NEW = (Cache("2026-01-15 08:31:00", "8"),)
SAME_SECOND = (Cache("2026-01-15 08:30:00", "8"),)


def verdict(*looks, before=None, was_ready=True, seconds=1.0, **more):
    """Give the last verdict of looks so many seconds apart, and the proof where an instance would be made."""
    seen, now = Seen(before, was_ready=was_ready, **more), 0.0
    for look in looks:
        seen, now = seen.after(look, now), now + seconds
    state = seen.verdict(now - seconds)
    return state, seen.proof if state == "asks" else None


@pytest.mark.parametrize(
    ("looks", "given", "expected"),
    [
        # where the caches are shown, they alone prove it
        ([Look(READY, "", NEW)], {"before": OLD}, ("asks", "data time")),
        ([Look(READY, "", SAME_SECOND)], {"before": OLD}, ("asks", "job")),
        ([Look(READY, "", SAME_SECOND)], {"before": OLD, "job": "8"}, ("asks", "job")),
        ([Look(READY, "", SAME_SECOND)], {"before": OLD, "job": "9"}, ("running", None)),
        ([Look(READY, "completed", OLD)], {"before": OLD}, ("running", None)),
        ([Look(BUSY, None), Look(READY, None, OLD)], {"before": OLD}, ("running", None)),
        ([Look(READY, "", NEW)], {"before": ()}, ("asks", "data time")),
        # a job or a status that tells of a publication goes before all else
        ([Look(BUSY, "", NEW)], {"before": OLD}, ("running", None)),
        ([Look(READY, "executing", NEW)], {"before": OLD}, ("running", None)),
        ([Look(READY, "waiting_on_governor")], {}, ("running", None)),
        ([Look(READY, "error", OLD)], {"before": OLD}, ("failed", None)),
        ([Look(READY, "stopped")], {}, ("cancelled", None)),
        # where they are not, the status has to have told of it, or the job to be over
        ([Look(BUSY), Look(READY)], {}, ("asks", "status and instance")),
        ([Look(BUSY), Look(NONE)], {}, ("asks", None)),
        ([Look(READY)], {}, ("running", None)),
        ([Look(READY, "")], {}, ("asks", None)),
        ([Look(READY, "completed")], {}, ("asks", None)),
        ([Look(NONE), Look(READY)], {"was_ready": False}, ("asks", "status and instance")),
        ([Look(READY)], {"lost": True}, ("asks", None)),
    ],
)
def test_what_was_seen_means(looks, given, expected):
    assert verdict(*looks, **given) == expected


def test_old_data_are_waited_for_and_then_told():
    looks = [Look(BUSY), Look(READY, None, OLD), Look(READY, None, OLD)]
    assert verdict(*looks, before=OLD, seconds=cube_rule.OLD_DATA_SECONDS / 2) == ("running", None)
    assert verdict(*looks, before=OLD, seconds=2 * cube_rule.OLD_DATA_SECONDS) == ("old data", None)


def test_a_job_that_may_wait_unseen_is_not_given_up_where_caches_are_shown():
    looks = [Look(READY, None, OLD)] * 3
    assert verdict(*looks, before=OLD, seconds=2 * cube_rule.OLD_DATA_SECONDS) == ("running", None)


def test_where_nothing_is_shown_it_is_asked_after_a_while():
    assert verdict(*[Look(READY)] * 3, seconds=cube_rule.QUIET_SECONDS / 4) == ("running", None)
    assert verdict(*[Look(READY)] * 3, seconds=2 * cube_rule.QUIET_SECONDS) == ("asks", None)


@pytest.mark.parametrize(
    ("before", "now", "job", "proof"),
    [
        ("2026-01-15 08:30:00", "01/15/2026 08:30:01", None, "data time"),
        ("2026-01-15 08:30:00", "2026-01-15T08:30:01.250Z", None, "data time"),
        ("2026-01-15 08:30:00", "2026-01-15 08:29:00", None, None),
        ("2026-01-15 08:30:00", "yesterday", None, None),
        (None, "2026-01-15 08:30:00", None, "data time"),
    ],
)
def test_times_are_compared_as_times(before, now, job, proof):
    assert proof_of([Cache(before)], [Cache(now)], job) == proof


def test_a_new_time_on_one_node_of_several_is_enough():
    assert proof_of([*OLD, *OLD], [*OLD, *NEW], None) == "data time"
