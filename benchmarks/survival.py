"""Whether a client can get over a storm, said beforehand by what is forecast. Pure.

Each rule is one of docs/reliability.md, "What nobody gets over", word by word. A storm that none of them holds for
is one that a client has to get over, whether or not this one does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.forecast import ATTEMPTS, DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.forecast import Forecast, Nature, Trouble

INSTANCES = 3
"""How many instances are made for one page, and how often a table or file begins."""

_LOST: tuple[Nature, ...] = ("open", "unreadable", "silent")
_FAILING: tuple[Nature, ...] = (*_LOST, "turned away")


def why_not(storm: Forecast) -> str | None:
    """Say why no client gets over a storm; None where one can.

    >>> from benchmarks.forecast import Forecast, Trouble
    >>> why_not(Forecast(seed=1, way="table", troubles=(Trouble("502", "log-in"),))) is None
    True
    >>> why_not(Forecast(seed=1, way="table", troubles=(Trouble("502", "log-in", times=2),)))
    'two lost answers to one log-in'
    """
    return next((rule for rule, holds in RULES.items() if holds(storm)), None)


def _impatient(storm: Forecast) -> bool:
    return storm.deadline < DEADLINE


def _refused(storm: Forecast) -> bool:
    return any(each.nature == "verdict" for each in storm.troubles)


def _log_in(storm: Forecast) -> bool:
    return _times(storm.at("log-in", "open", "unreadable")) > 1  # silent it cannot be: it has no body


def _upload_session(storm: Forecast) -> bool:
    return _times(storm.at("upload session", *_LOST)) > 1


def _instances(storm: Forecast) -> bool:
    return _times(storm.at("instance", *_LOST)) >= INSTANCES


def _unseen_run(storm: Forecast) -> bool:
    return storm.way == "report" and not storm.sees_jobs and bool(storm.at("instance", *_LOST))


def _attempts(storm: Forecast) -> bool:
    """Tell whether one request fails so often: chunks go one after the other, so a run of faults meets one."""
    few = {each.step for each in storm.troubles} - {"page", "chunk", "log-out"}
    if any(_times(storm.at(step, *_FAILING)) >= ATTEMPTS for step in few):
        return True
    failing: set[int] = set()
    for each in storm.at("chunk", *_FAILING):
        failing.update(range(each.skip, each.skip + (each.times or 0)))
    return any(failing.issuperset(range(first, first + ATTEMPTS)) for first in failing)


def _handed_out(storm: Forecast) -> bool:
    return storm.way == "batches" and not storm.ordered and _loses_instances(storm)


def _changed(storm: Forecast) -> bool:
    shows = any(storm.sees_caches or each.data in {"other rows", "fewer rows"} for each in storm.publications)
    return storm.way == "batches" and shows and _loses_instances(storm)


def _begins(storm: Forecast) -> bool:
    """Tell whether that may be so: first in any order or unsure, and again after each publication."""
    unsure = not storm.ordered or not storm.sees_caches
    begins = 1 + unsure + len(storm.publications)
    return storm.way in {"table", "parquet"} and _loses_instances(storm) and begins > INSTANCES


def _changes_twice(storm: Forecast) -> bool:
    return storm.way == "folder" and len(storm.publications) > 1 and _loses_instances(storm)


RULES: dict[str, Callable[[Forecast], bool]] = {
    "a `deadline` that is shorter than the read": _impatient,
    "what the server says and stays with": _refused,
    "two lost answers to one log-in": _log_in,
    "two lost answers to one request for an upload session": _upload_session,
    "three lost answers to requests for one instance": _instances,
    "one to a request for that of a report, where the jobs are not shown": _unseen_run,
    "a request that fails in all its `Retry.attempts`": _attempts,
    "an instance that is gone, where rows of it were handed out in any order": _handed_out,
    "batches in a total order, where a publication since then shows": _changed,
    "a table or file that would begin a fourth time": _begins,
    "an extraction whose data change twice": _changes_twice,
}
"""What nobody gets over, by the words of the document."""


def _loses_instances(storm: Forecast) -> bool:
    """Tell whether an instance is lost, with its session or alone."""
    dropped = any(each.dropped_after is not None for each in storm.publications)
    return bool(storm.ends or dropped or storm.at("page", "session", "instance"))


def _times(troubles: list[Trouble]) -> int:
    return sum(each.times or 0 for each in troubles)
