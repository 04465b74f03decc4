"""Which rows to ask for next, and how many at once. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from mstr_arrow.grid.rows import Range

if TYPE_CHECKING:
    from mstr_arrow.config import Limits


_LATE, _EARLY = 1.25, 0.6
"""Parts of the target for a page's seconds beyond which its size is changed."""

_LEAST, _GROWTH = 0.5, 1.25
"""Factors by which a change multiplies the rows, at the least and at the most."""

_SIMILAR = 1.1

_PAGES, _SMALLEST = 8, 2**20
"""Pages that the buffer is to hold at least, which are smaller for it, and the bytes they have nevertheless."""

_PATIENCE = 8
"""Whole pages that come of those that were cut short, before more rows are asked for again; twice as many each time
that this was in vain."""


class PagePlan:
    """The rows of a result that were not asked for yet, and the size of the next page.

    Pages follow the rows *received*: what a shortened page left out is asked for before anything else, and
    later pages ask for no more than the server gave, until it has given that often enough. ``first`` rows are all
    that is asked for, until `extend`. Rows before those of ``start``, which is the first page, are not asked for.
    """

    def __init__(self, total: int, limits: Limits, *, first: int | None = None, start: Range | None = None) -> None:
        self.total = total
        self.begin = 0 if start is None else start.offset
        self.end = total if first is None else min(first, total)
        self._limits = limits
        self._front = 0 if start is None else start.end
        self._missing: deque[Range] = deque([] if start is None else [start])
        self._bytes_per_row: float | None = None
        self._most: int | None = None
        self._whole = 0
        self._patience = _PATIENCE
        self._quick: int | None = None

    @property
    def page_rows(self) -> int:
        """Rows of the next page: the fixed number, or what the targets for bytes and seconds allow."""
        rows = self._target_rows()
        return max(1, min(rows, self._most or rows))

    def _target_rows(self) -> int:
        if self._limits.page_rows is not None:
            return self._limits.page_rows
        if self._bytes_per_row is None:
            return self._limits.first_page_rows
        rows = self._by_bytes()
        return min(rows, self._quick or rows)

    def _by_bytes(self) -> int:
        limits = self._limits
        size = min(limits.page_bytes, max(_SMALLEST, limits.buffer_bytes // _PAGES))
        return max(1, int(size / (self._bytes_per_row or 1)))

    def peek(self) -> Range | None:
        """Return the next range to ask for; None when every row was asked for."""
        if self._missing:
            missing = self._missing[0]
            return Range(missing.offset, min(missing.rows, self.page_rows))
        if self._front < self.end:
            return Range(self._front, min(self.page_rows, self.end - self._front))
        return None

    def extend(self) -> None:
        """Ask for twice as many rows: those so far were not enough."""
        self.end = min(self.total, 2 * self.end)

    def take(self) -> Range:
        """Return the range that `peek` showed, and count it as asked for."""
        wanted = self.peek()
        if wanted is None:
            raise IndexError("no rows are left")
        if self._missing:
            missing = self._missing.popleft()
            if wanted.end < missing.end:
                self._missing.appendleft(Range(wanted.end, missing.end - wanted.end))
        else:
            self._front = wanted.end
        return wanted

    def estimate(self, wanted: Range) -> int:
        """Estimate the bytes of a page's text."""
        if self._bytes_per_row is None:
            return self._limits.page_bytes
        return int(wanted.rows * self._bytes_per_row)

    def note_rows(self, wanted: Range, rows: int, size: int) -> None:
        """Learn that a request for ``wanted`` brought ``rows`` rows in ``size`` bytes of text."""
        if rows:
            self._bytes_per_row = size / rows
        self._follow(wanted.rows, rows)
        if 0 < rows < wanted.rows:
            self._missing.append(Range(wanted.offset + rows, wanted.rows - rows))
            self._missing = deque(sorted(self._missing))

    def _follow(self, wanted: int, rows: int) -> None:
        """Ask for no more than a page had that came short; for twice as much once it seems to have passed."""
        if 0 < rows < wanted:
            in_vain = self._most is not None and wanted <= self._most
            self._patience *= 2 if in_vain else 1
            self._most, self._whole = min(self._most or rows, rows), 0
        elif rows == self._most:
            self._whole += 1
            if self._whole >= self._patience:
                self._most, self._whole = 2 * rows, 0
                self._most = None if self._most >= self._target_rows() else self._most

    def note_seconds(self, wanted: Range, seconds: float) -> None:
        """Learn how long a page took: shrink those to come where that is too long, let them grow where it is not.

        Pages of another size than those asked for now, which were asked for before, say nothing about these.
        """
        target, now, rows = self._limits.page_seconds, self.page_rows, wanted.rows
        if self._limits.page_rows is not None or self._bytes_per_row is None:
            return
        if seconds > _LATE * target and rows <= now * _SIMILAR:
            self._quick = max(self._limits.min_page_rows, int(rows * max(_LEAST, target / seconds)))
        elif self._quick is not None and seconds < _EARLY * target and rows * _SIMILAR >= now:
            grown = int(rows * _GROWTH) + 1
            self._quick = grown if grown < self._by_bytes() else None
