"""The brake: failures and delays that end a load, and for how long. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.errors import (
    IServerUnreachable,
    MstrError,
    ServerBusy,
    ServerError,
    TimeoutExceeded,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.throughput.loads import Bounds

ENOUGH = 10
"""Requests of a load that must have ended before a share of them says anything."""

FEW = 3
"""Requests that must have failed, or be late, before their share says anything."""

IN_A_ROW = 10
"""Requests that fail one after the other before a load ends, and the sweep where no answer comes at all."""

_TIMED_OUT = 4
"""As how many of these one counts that waited for its whole time-out."""

REST, LONGEST_REST = 1.0, 60.0
"""Seconds of quiet after a server said that it is busy: where it does not say how many, and at most."""

_BUSY = {429, 503}


@dataclass(slots=True)
class Brake:
    """Watches the requests of a load, one load after the other.

    ``why`` is the reason to send no more requests, None as long as there is none. ``busy`` is True after the server
    called itself overloaded, and asked for ``rest`` seconds of quiet. ``lost`` is True where no responses come any
    more, which ends the sweep; failures at the end of one load count in the next.
    """

    bounds: Bounds
    why: str | None = None
    busy: bool = False
    lost: bool = False
    rest: float = 0.0
    _answered: int = 0
    _late: int = 0
    _failed: int = 0
    _in_a_row: int = 0
    _unanswered: int = 0

    def release(self) -> None:
        """Begin with the next load."""
        self.why, self.busy, self.rest = None, False, 0.0
        self._answered = self._late = self._failed = self._in_a_row = 0

    def note_answer(self, seconds: float) -> None:
        """Note a request that the server answered after so many seconds."""
        self._answered += 1
        self._late += seconds > self.bounds.latency
        self._in_a_row = self._unanswered = 0
        self._look()

    def note_damage(self) -> None:
        """Note that an answer, noted before, has wrong content."""
        self._answered -= 1
        self._failed += 1
        self._look()

    def note_failure(self, error: MstrError) -> None:
        """Note a request that failed."""
        self._failed += 1
        self._in_a_row += 1
        if isinstance(error, TransportError):
            self._unanswered += _TIMED_OUT if isinstance(error, TimeoutExceeded) else 1
        elif not isinstance(error, IServerUnreachable):
            self._unanswered = 0
        if is_busy(error):
            told = error.retry_after if isinstance(error, ServerError) else None
            self.busy = True
            self.rest = max(self.rest, min(LONGEST_REST, REST if told is None else told))
            self._stop(f"the server said that it has too much to do: {error.label}")
        elif self._unanswered >= IN_A_ROW:
            self.give_up(f"no answers came any more: {error}")
        elif self._in_a_row >= IN_A_ROW:
            self._stop(f"{self._in_a_row} requests in a row failed: {error}")
        self._look()

    def give_up(self, why: str) -> None:
        """Note that no responses can come any more."""
        self.lost = True
        self._stop(why)

    def waits(self, seconds: Iterable[float]) -> None:
        """Note how many seconds the requests in flight have been waiting."""
        late = sum(each > self.bounds.latency for each in seconds)
        if late:
            self._look(late)

    def _look(self, waiting: int = 0) -> None:
        """Stop where too many have failed, or take too long."""
        ended = self._answered + self._failed
        if ended >= ENOUGH and self._failed >= FEW and self._failed > self.bounds.errors * ended:
            self._stop(f"{self._failed / ended:.0%} of the requests failed")
        late = self._late + waiting
        if self._answered + waiting >= ENOUGH and late >= FEW and late > 0.05 * (self._answered + waiting):
            self._stop(f"more than 5 % of the requests took longer than {self.bounds.latency:g} s")

    def _stop(self, why: str) -> None:
        self.why = self.why or why


def is_busy(error: MstrError) -> bool:
    """Tell whether an error means that the server is overloaded, or asks for quiet."""
    told = isinstance(error, ServerError) and error.status in _BUSY
    return told or isinstance(error, ServerBusy | IServerUnreachable)
