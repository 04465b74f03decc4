"""When a cube's publication is done: what was seen of it, look by look, and what that means. Pure.

The rule follows the wire reference, sections 3.4, 7.1 and 7.2: the status may still tell of the data there were
before, and the monitor forgets jobs at their end. So the time of the data decides, where it may be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from mstr_arrow.publishing.cube_status import CubeStatus
from mstr_arrow.responses import local_moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.instances.freshness import Cache

OLD_DATA_SECONDS = 60.0
"""How long a publication that has ended by all other accounts may leave the caches as they were."""

QUIET_SECONDS = 15.0
"""How long nothing may be seen of a publication before it counts as ended, where no jobs or caches are shown."""

Verdict: TypeAlias = Literal["running", "asks", "failed", "cancelled", "old data"]
"""The meanings: it runs; an instance will tell; it failed or was cancelled; it ended and changed nothing."""

_ENDED = {"completed", "error", "stopped"}


@dataclass(frozen=True, slots=True)
class Look:
    """The state of a cube at one time, each part None where it was not shown.

    ``status`` of the cube; ``job``: the monitor's word for the job, empty where it has none of that number;
    ``caches`` of the cube on all nodes.
    """

    status: CubeStatus | None = None
    job: str | None = None
    caches: tuple[Cache, ...] | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The states of a publication so far.

    ``before``: the caches that the cube had, None where they are not shown; ``was_ready`` whether it could be read
    then. ``job`` is the number of the job, where it is known. ``processing``: the status told of a publication;
    ``last`` is what was seen last, and since ``quiet`` (seconds, of any clock) it tells of none. ``lost``: the
    session that the job ran in has ended.
    """

    before: tuple[Cache, ...] | None
    was_ready: bool
    job: str | None = None
    processing: bool = False
    lost: bool = False
    last: Look = Look()
    quiet: float | None = None

    def after(self, look: Look, now: float) -> Seen:
        """Return the states with one more look."""
        processing = look.status is not None and CubeStatus.PROCESSING in look.status
        busy = processing or (bool(look.job) and look.job not in _ENDED)
        quiet = None if busy else now if self.quiet is None else self.quiet
        return replace(self, processing=self.processing or processing, last=look, quiet=quiet)

    @property
    def ended(self) -> bool:
        """Whether the publication has certainly ended, or its job with its session."""
        if self.quiet is None:
            return False
        return self.processing or self.lost or self.last.job is not None

    @property
    def proof(self) -> str | None:
        """The proof that the data are new, once an instance could be made; None where there is none."""
        if self.before is not None and self.last.caches is not None:
            return proof_of(self.before, self.last.caches, self.job)
        ready = self.last.status is not None and CubeStatus.READY in self.last.status
        return "status and instance" if ready and (self.processing or not self.was_ready) else None

    def verdict(self, now: float) -> Verdict:
        """Say what was seen means."""
        match self.last.job:
            case "stopped":
                return "cancelled"
            case "error":
                return "failed"
        if self.quiet is None:
            return "running"
        if self.proof is not None:
            return "asks"
        if self.before is not None and self.last.caches is not None:
            return "old data" if self.ended and now - self.quiet >= OLD_DATA_SECONDS else "running"
        return "asks" if self.ended or now - self.quiet >= QUIET_SECONDS else "running"


def proof_of(before: Iterable[Cache], now: Iterable[Cache], job: str | None) -> str | None:
    """Say what of the caches proves that a cube was published since; None where nothing does.

    >>> from mstr_arrow.instances.freshness import Cache
    >>> old, new = Cache("2026-01-15 08:30:00", "7"), Cache("2026-01-15 08:31:00", "8")
    >>> proof_of([old], [new], None), proof_of([old], [Cache(old.moment, "8")], "8"), proof_of([old], [old], "8")
    ('data time', 'job', None)
    """
    before, now = list(before), list(now)
    latest = max((moment for cache in before if (moment := local_moment(cache.moment))), default=None)
    if any((moment := local_moment(cache.moment)) and (latest is None or moment > latest) for cache in now):
        return "data time"
    jobs = {cache.job for cache in now if cache.job} - {cache.job for cache in before}
    return "job" if jobs and (job is None or job in jobs) else None
