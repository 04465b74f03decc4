"""Results that were written, described for a person and for a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mstr_arrow.fetch.stats import ScanStats


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A result that was written, or printed.

    ``said`` tells it in some words. ``path`` has ``rows`` rows in ``parts`` files of ``bytes`` bytes together; it
    is None for standard output, and so are these where they are not known. ``skipped``: it was there already.
    ``stats`` are those of the read; None without one.
    """

    said: str
    path: str | None
    rows: int
    parts: int | None = None
    bytes: int | None = None
    skipped: bool = False
    data_time: str | None = None
    why_no_data_time: str | None = None
    stats: ScanStats | None = None
