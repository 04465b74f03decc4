"""The budget of all requests and pages of one read together: places in flight, bytes of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.http.limiter import Limiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.config import Limits
    from mstr_arrow.http.limiter import Ticket


class Budget:
    """The budget of all schedulers of one read together, within ``limits``.

    ``in_flight`` requests, as many as the ``limiter`` allows, were sent and not yet answered; ``held`` bytes of
    page text are being fetched, being decoded or waiting to be taken, and were ``most_held`` at the most. Pages now
    have ``page_rows`` rows, and had from ``fewest_rows`` to ``most_rows``. The schedulers are served in the order
    in which they came. ``ran_out``: a page was empty although rows were promised. ``known`` is what the limiter of
    an earlier read has learned.
    """

    def __init__(self, limits: Limits, known: int | None = None) -> None:
        self.limits = limits
        fixed = limits.concurrency
        most = limits.max_concurrency if fixed is None else fixed
        self.limiter = Limiter(least=fixed or 1, most=most, polite=limits.polite, known=known)
        self.ran_out = False
        self.in_flight = 0
        self.held = self.most_held = 0
        self.page_rows = self.fewest_rows = self.most_rows = 0
        self._starts: dict[object, Callable[[], None]] = {}

    @property
    def full(self) -> bool:
        """Whether as many requests are in flight as are allowed."""
        return self.in_flight >= self.limiter.limit

    def start(self, estimate: int) -> Ticket:
        """Count a request that is sent, and what its response may hold."""
        self.in_flight += 1
        self.held += estimate
        self.most_held = max(self.most_held, self.held)
        return self.limiter.on_start(self.in_flight)

    def release(self, size: int) -> None:
        """Count a page that is held no longer."""
        self.most_held = max(self.most_held, self.held)
        self.held -= size
        self.offer()

    def note_page_rows(self, rows: int) -> None:
        """Note the rows of the pages that are asked for."""
        self.fewest_rows = min(self.fewest_rows or rows, rows)
        self.most_rows = max(self.most_rows, rows)
        self.page_rows = rows

    def serve(self, who: object, start: Callable[[], None]) -> None:
        """Have ``start`` called whenever there may be room."""
        self._starts[who] = start

    def forget(self, who: object) -> None:
        """Serve one no longer."""
        self._starts.pop(who, None)

    def offer(self) -> None:
        """Tell the schedulers that there may be room."""
        for start in list(self._starts.values()):
            start()
