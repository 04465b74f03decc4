"""The outcome of fetching an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.cli.options.written import Written
    from mstr_arrow.errors import MstrError


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOutcome:
    """The outcome of an object, by the name that was given, or that it has: one of ``written`` and ``error``."""

    name: str
    found: ObjectInfo | None = None
    written: Written | None = None
    error: MstrError | None = None
    seconds: float = 0.0

    @property
    def outcome(self) -> str:
        """The outcome in a word."""
        if self.written is None:
            return "failed"
        return "skipped" if self.written.skipped else "done"
