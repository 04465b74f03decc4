"""Names in errors: what was meant, and what there is. Pure."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 20
"""Names an error lists before it only counts."""


def near_names(wanted: str, names: Sequence[str]) -> list[str]:
    """Return up to five names that are spelled like ``wanted`` or contain it, the nearest first.

    >>> near_names("sales cub", ["Sales Cube", "Stock"])
    ['Sales Cube']
    """
    folded = {name.casefold(): name for name in reversed(names)}
    near = get_close_matches(wanted.casefold(), folded, n=5, cutoff=0.6)
    near += [name for name in folded if wanted.casefold() in name and name not in near]
    return [folded[name] for name in near[:5]]


def listing(names: Sequence[str]) -> str:
    """Return names in quotes, as many as a person reads.

    >>> listing(["a", "b"])
    "'a', 'b'"
    """
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(repr(name) for name in names[:SHOWN]) + more


def suggestion(wanted: str, names: Sequence[str]) -> str:
    """Return the hint for a name that is none of these.

    >>> suggestion("Regoin", ["Region", "Revenue"]), suggestion("x", ["Region"])
    ("Did you mean 'Region'?", "There are: 'Region'.")
    """
    near = near_names(wanted, names)
    return f"Did you mean {listing(near)}?" if near else f"There are: {listing(names) or 'none'}."
