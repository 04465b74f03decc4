"""One hostile answer at all endpoints, in a process with a server of its own: how calls ended, what they took."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.hostile.answers import ANSWERS
from tests.hostile.cells import CELLS
from tests.hostile.memory import forget_peak, held, peak
from tests.hostile.process import hostile_process
from tests.hostile.trial import SETTINGS, Due, Wrong, attempt

if TYPE_CHECKING:
    from tests.hostile.server import HostileServer

MOST_GROWTH = SETTINGS.limits.buffer_bytes // 2**20 + 200
"""MB by which a call may make the process grow, and all calls together: what a read may hold, and 200."""


class Most(NamedTuple):
    """The most seconds, or MB, that a call took, and what it was."""

    amount: float
    endpoint: str


NOTHING = Most(0.0, "")


@dataclass
class Round:
    """How the calls of an answer ended.

    ``wrong`` has a message by endpoint, ``held`` the MB that are left of all rounds of the process.
    """

    answer: str
    results: int = 0
    errors: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    longest: Most = NOTHING
    largest: Most = NOTHING
    held: float = 0.0

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return self.results + self.errors + len(self.wrong)


class _Place(NamedTuple):
    """What a process tries answers with; ``before`` are the MB that it held before any."""

    server: HostileServer
    due: Due
    before: float
    opened: ExitStack


_PLACE: list[_Place] = []


def begin() -> None:
    """Start the servers of this process, which end with it, and learn what calls return without hostility."""
    opened = ExitStack()
    server = opened.enter_context(hostile_process())
    due = Due(server)
    for endpoint in CELLS:
        due(endpoint)
    _PLACE.append(_Place(server, due, held(), opened))


def go_round(answer: str) -> Round:
    """Give this answer at every endpoint."""
    [place] = _PLACE
    ends, large = Round(answer), ANSWERS[answer].large
    held()
    for endpoint in CELLS:
        if large:
            held()  # or what the allocator kept of the last call would be taken from this one's
        start = forget_peak()
        try:
            end = attempt(place.server, answer, endpoint, place.due)
        except Wrong as error:
            ends.wrong[endpoint] = str(error)
        else:
            ends.results += end.error is None
            ends.errors += end.error is not None
            ends.longest = max(ends.longest, Most(end.seconds, endpoint))
            del end
        ends.largest = max(ends.largest, Most(peak() - start, endpoint))
    ends.held = held() - place.before
    return ends
