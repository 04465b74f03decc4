"""The time that the server takes, as a model of independent parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_OUTLIER = 8
"""How many times as long an outlier takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeModel:
    """The time that responses take.

    A request that needs a project waits for a place among the session's requests, then for one of the server's
    workers. The request holds both while the server makes the response, and for the model's time after that. The
    response then goes over a link that all responses share.
    """

    request_ms: float = 0.0
    """Milliseconds of a worker that every request takes, on the median."""

    rows_per_second: float | None = None
    """Rows of data that a worker renders in a second; null: rows take no time."""

    workers: int | None = None
    """Requests that are served at once, the others waiting in the order of arrival; null sets no limit."""

    session_limit: int | None = None
    """Requests of one session that are served at once; null sets no limit."""

    halves_above: int | None = None
    """Requests, served and waiting, above which only half of the workers serve; null: all workers go on."""

    lock_ms: float = 0.0
    """Milliseconds of a request under a lock, which one request holds at a time, however many workers there are."""

    cold_ms: float = 0.0
    """Milliseconds on top for the first request for an object, or for a page of an object."""

    noise: float = 0.0
    """Width of the log-normal distribution of a request's time, around an unchanged median."""

    outliers: float = 0.0
    """Share of requests, from 0 to 1, that take eight times as long."""

    stall_every: float | None = None
    """Seconds from the start of one stall, in which no request is served, to the start of the next; null: none."""

    stall_seconds: float = 0.0
    """Seconds that a stall lasts."""

    gateway_ms: float = 0.0
    """Milliseconds that a request spends on the way, which keep no worker busy."""

    bytes_per_second: float | None = None
    """Bytes on the wire that the link carries in a second, for all responses together; null: any."""

    def seconds(self, rows: int) -> float:
        """Return the seconds that a response with this many rows takes a worker, on the median."""
        return self.request_ms / 1000 + (rows / self.rows_per_second if self.rows_per_second else 0.0)

    def draw_seconds(self, rows: int, luck: random.Random) -> float:
        """Draw the seconds that one response with this many rows takes a worker."""
        seconds = self.seconds(rows)
        if self.noise:
            seconds *= luck.lognormvariate(0.0, self.noise)
        if self.outliers and luck.random() < self.outliers:
            seconds *= _OUTLIER
        return seconds

    def seconds_of_stall(self, now: float) -> float:
        """Return the seconds until a stall is over, 0 outside of stalls; ``now`` is the server's age in seconds."""
        if not self.stall_every or now < self.stall_every:
            return 0.0
        return max(0.0, self.stall_seconds - now % self.stall_every)
