"""The outcomes of ``mstr-arrow fetch``, in a line and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.filesize import decimal

from mstr_arrow.cli.render.tables import count
from mstr_arrow.cli.render.wording import WORDS
from mstr_arrow.wording import say_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.cli.fetching.fetch_outcome import FetchOutcome
    from mstr_arrow.errors import MstrError


def summarise(fetched: Sequence[FetchOutcome], seconds: float) -> str:
    """Say in a line what was done, when it is over."""
    totals = _totals(fetched)
    outcomes = ", ".join(f"{totals[each]} {each}" for each in ("done", "skipped", "failed") if totals[each])
    size = f", {decimal(totals['bytes'])}" if totals["bytes"] else ""
    return f"{count(len(fetched), 'object')}: {outcomes}; {count(totals['rows'])}{size} in {seconds:.1f} s"


def as_json(fetched: Sequence[FetchOutcome], seconds: float) -> dict[str, Any]:
    """Describe what was done for a program."""
    return {"objects": [_one(each) for each in fetched], **_totals(fetched), "seconds": round(seconds, 3)}


def _totals(fetched: Sequence[FetchOutcome]) -> dict[str, int]:
    written = [each.written for each in fetched if each.written is not None]
    return {
        **{outcome: sum(each.outcome == outcome for each in fetched) for outcome in ("done", "skipped", "failed")},
        "rows": sum(each.rows for each in written),
        "bytes": sum(each.bytes or 0 for each in written),
    }


def _one(fetched: FetchOutcome) -> dict[str, Any]:
    found, written = fetched.found, fetched.written
    stats = written and written.stats
    return {
        "name": found.name if found else fetched.name,
        "id": found.id if found else None,
        "type": found.kind if found else None,
        "outcome": fetched.outcome,
        "path": written.path if written else None,
        "rows": written.rows if written else None,
        "bytes": written.bytes if written else None,
        "parts": written.parts if written else None,
        "seconds": round(fetched.seconds, 3),
        "data_time": written.data_time if written else None,
        "why_no_data_time": written.why_no_data_time if written else None,
        "consistent": stats.consistent if stats else None,
        "bad_values": {name: values.count for name, values in stats.bad_values.items()} if stats else {},
        "requests": stats.requests if stats else 0,
        "retries": stats.retries if stats else 0,
        "error": _error(fetched.error) if fetched.error else None,
    }


def _error(error: MstrError) -> dict[str, str | None]:
    return {
        "class": type(error).__name__,
        "message": f"{say_in_words(error.message, WORDS)}{error.facts}",
        "hint": say_in_words(error.hint, WORDS) if error.hint else None,
    }
