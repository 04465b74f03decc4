"""Names in errors: those that were meant, and those that exist. Pure."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

SHOWN = 20
"""Names an error lists before it only counts."""

LETTERS = 300
"""Letters of a name that an error shows: servers take no longer ones."""

_INVISIBLE = {"Cc", "Cf"}
"""Categories of characters that nobody sees."""


def find_named(wanted: str, things: Iterable[T], name: Callable[[T], str]) -> list[T]:
    r"""Return the things of a name: as it is given; else whatever its case; else as it looks to a person.

    >>> find_named("sales", ["Sales", "SALES ", "sales 2"], str)
    ['Sales']
    >>> find_named("sales 24", ["Sales\N{NO-BREAK SPACE}24 ", "Sales"], str)
    ['Sales\xa024 ']
    """
    if not isinstance(wanted, str):
        return []  # type: ignore[unreachable]  # whatever was given in place of a name
    things = list(things)
    for fold in (str, str.casefold, _as_it_looks_in_any_case):
        meant = fold(wanted)
        if found := [thing for thing in things if fold(name(thing)) == meant]:
            return found
    return []


def as_it_looks(name: str) -> str:
    """Return what two names share that look the same: blanks of any kind and number are one, none is at an end.

    Letters are composed, and what is invisible is left out.

    >>> as_it_looks(" Sales  Cube\N{ZERO WIDTH SPACE} ")
    'Sales Cube'
    """
    composed = unicodedata.normalize("NFC", name)
    if not composed.isprintable():
        composed = composed.translate({ord(letter): _look_of(letter) for letter in set(composed)})
    return " ".join(composed.split())


def _look_of(letter: str) -> str | None:
    """Return how a letter looks: a blank of any kind as a space; None for what nobody sees."""
    if letter.isspace():
        return " "
    return None if unicodedata.category(letter) in _INVISIBLE else letter


def _as_it_looks_in_any_case(name: str) -> str:
    return unicodedata.normalize("NFC", as_it_looks(name).casefold())


def matcher(pattern: str | None) -> Callable[[str], bool]:
    """Make the function that tells whether a name fits a pattern: ``*`` is any text, ``?`` one letter, in any case.

    >>> [name for name in ("Sales Cube", "sales [1]", "Resales") if matcher("sales*")(name)]
    ['Sales Cube', 'sales [1]']
    """
    if pattern is None:
        return lambda _: True
    words = {"*": ".*", "?": "."}
    written = "".join(words.get(letter) or re.escape(letter) for letter in pattern.casefold())
    compiled = re.compile(written, re.DOTALL)
    return lambda name: compiled.fullmatch(name.casefold()) is not None


def only(
    found: Sequence[T], what: str, wanted: str, tell: Callable[[T], str], *, hint: str = "Give the id."
) -> T | None:
    """Return the only thing that was found, None where nothing was; errors: UsageError that tells of several.

    >>> only(["A1"], "tables", "sales", str)
    'A1'
    """
    if len(found) > 1:
        raise UsageError(f"{len(found)} {what} are named {wanted!r}: {', '.join(map(tell, found))}.", hint=hint)
    return found[0] if found else None


def near_names(wanted: str, names: Sequence[str]) -> list[str]:
    """Return up to five names that are spelled like ``wanted`` or contain it, the nearest first.

    >>> near_names("sales cub", ["Sales Cube", "Stock"])
    ['Sales Cube']
    """
    if not wanted.strip():  # which every name contains
        return []
    folded = {name.casefold(): name for name in reversed(names)}
    near = get_close_matches(wanted.casefold(), folded, n=5, cutoff=0.6)
    near += [name for name in folded if wanted.casefold() in name and name not in near]
    return [folded[name] for name in near[:5]]


def listing(names: Sequence[str]) -> str:
    r"""Return names in quotes, as many as a person reads; blanks of all kinds as the usual one, which finds them.

    >>> listing(["a", "b\N{NO-BREAK SPACE}c"])
    "'a', 'b c'"
    """
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(quote_name, names[:SHOWN])) + more


def quote_name(name: str) -> str:
    """Return the start of a name in quotes, which is all of any that a person gave.

    >>> print(quote_name("Sales"), quote_name("n" * 1000)[-24:])
    'Sales' nnnnn' … (1,000 letters)
    """
    more = f" … ({len(name):,} letters)" if len(name) > LETTERS else ""
    return repr("".join(" " if unicodedata.category(each) == "Zs" else each for each in name[:LETTERS])) + more


def suggestion(wanted: str, names: Sequence[str]) -> str:
    """Return the hint for a name that is none of these.

    >>> suggestion("Regoin", ["Region", "Revenue"]), suggestion("x", ["Region"])
    ("Did you mean 'Region'?", "There are: 'Region'.")
    """
    near = near_names(wanted, names)
    return f"Did you mean {listing(near)}?" if near else f"There are: {listing(names) or 'none'}."
