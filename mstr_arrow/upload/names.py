"""Names a dataset, table, column, attribute or metric may have. Wire reference, section 6.2. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from unicodedata import normalize

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHARACTERS = 250
FORBIDDEN = '\\"[]'


def check_name(what: str, name: str) -> None:
    """Raise UsageError for a name the server may refuse: nothing was sent yet.

    >>> check_name("table", "Sales 2024")
    """
    if not isinstance(name, str):
        raise UsageError(f"the {what} {name!r} has a name of type {type(name).__name__}.", hint="Names are texts.")
    if not name.strip():
        raise UsageError(f"a {what} has no name.", hint="Name it.")
    if len(name) > MAX_CHARACTERS:
        raise UsageError(
            f"the {what} {name[:40] + '…'!r} has a name of {len(name)} characters.", hint="250 may be."
        )
    if name != name.strip():
        raise UsageError(f"the name of the {what} {name!r} starts or ends with white space.", hint="Strip it.")
    if bad := sorted({letter for letter in name if letter in FORBIDDEN or not letter.isprintable()}):
        letters = " ".join(repr(letter)[1:-1] for letter in bad)
        raise UsageError(
            f"the {what} {name!r} has characters in its name that may not be: {letters}", hint="Rename it."
        )


def check_names(what: str, names: Iterable[str]) -> None:
    """Check each name, and that no two are the same but for case or Unicode form, which the server may ignore."""
    names = list(names)
    for name in names:
        check_name(what, name)
    for folded, times in Counter(map(_fold, names)).items():
        if times > 1:
            same = [name for name in names if _fold(name) == folded]
            each = " and ".join(repr(name) for name in same)
            how = "the same name"
            if len(set(same)) > 1:
                cases = len({name.casefold() for name in same}) == 1
                where = "in upper and lower case" if cases else "in how Unicode writes their letters"
                how = f"names that differ {where} only"
            raise UsageError(f"{times} {_plural(what)} have {how}: {each}.", hint="Rename all but one.")


def _plural(what: str) -> str:
    """Make a plural of such as "column of table 'Sales'" and "attribute or metric"."""
    kinds, of, owner = what.partition(" of ")
    return " or ".join(f"{kind}s" for kind in kinds.split(" or ")) + of + owner


def _fold(name: str) -> str:
    return normalize("NFC", name.casefold())
