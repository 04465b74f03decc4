"""Elements and objects that answers name, among those a prompt offers. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.names import as_it_looks, listing, suggestion
from mstr_arrow.prompts.kinds import as_length
from mstr_arrow.prompts.model import CHOSEN, Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from mstr_arrow.prompts.model import Prompt
    from mstr_arrow.prompts.values import Plain

_ID = "[0-9A-Fa-f]{32}"
_WIRE_ID = re.compile(rf"h[^;]*;(?P<attribute>{_ID}).*", re.DOTALL)
_COLON_ID = re.compile(rf"(?P<attribute>{_ID}):(?P<value>[^:]+)", re.DOTALL)
_OBJECT_ID = re.compile(rf"{_ID}|-\d+")
_ATTRIBUTE = (12, "12", "attribute", "ATTRIBUTE")


def check_count(prompt: Prompt, count: int) -> None:
    """Refuse more or fewer elements, objects and units than a prompt takes; errors: UsageError."""
    lowest, highest = as_length(prompt.minimum), as_length(prompt.maximum)
    things = CHOSEN[prompt.type]
    if lowest is not None and count < lowest:
        raise UsageError(f"the prompt {prompt.name!r} takes at least {_count(lowest, things)}, not {count}.")
    if highest is not None and count > highest:
        raise UsageError(f"the prompt {prompt.name!r} takes at most {_count(highest, things)}, not {count}.")


def _count(number: Decimal, things: str) -> str:
    return f"{number} {things if number > 1 else things.removesuffix('s')}"


def by_id(prompt: Prompt, item: Plain) -> Choice | None:
    """Read an item that is an id; None for a name, and for an object's id, whose type only the server tells.

    Errors: UsageError for an element of another attribute than the prompt's.
    """
    if not isinstance(item, str):
        return None
    if prompt.type == "LEVEL":
        return Choice(item, item) if _OBJECT_ID.fullmatch(item) else None
    if prompt.type != "ELEMENTS":
        return None
    found = _WIRE_ID.fullmatch(item)
    element_id = item
    if found is None:
        found = _COLON_ID.fullmatch(item)
        if found is None:
            return None
        element_id = f"h{found['value']};{found['attribute']}"
    attribute = found["attribute"].upper()
    if prompt.source_type in _ATTRIBUTE and prompt.source_id and prompt.source_id.upper() != attribute:
        raise UsageError(
            f"{item!r} is an element of another attribute than {prompt.source_name!r}, which {prompt.name!r} is of."
        )
    return Choice(element_id, item)


def spellings(item: Plain) -> tuple[str, ...]:
    """Return the texts that a choice with this value may have; a date's are those of ISO 8601 and of en_us."""
    if isinstance(item, date) and not isinstance(item, datetime):
        american = (f"{item.month}/{item.day}/{item.year}", f"{item.month:02}/{item.day:02}/{item.year}")
        return (item.isoformat(), *american)
    return (item.isoformat() if isinstance(item, datetime) else str(item),)


def find(prompt: Prompt, item: Plain, choices: Sequence[Choice]) -> Choice | None:
    """Find the choice of that name or id; None where there is none. Errors: UsageError for several.

    A name in other letters, upper and lower, is only taken where there is no other such.
    """
    texts = spellings(item)
    ways: list[tuple[Callable[[Choice], str], Callable[[str], str]]] = [
        (attrgetter("id"), str.upper),
        (attrgetter("name"), str),
        (attrgetter("name"), str.casefold),
        (attrgetter("name"), as_it_looks),
    ]
    found: dict[str, Choice] = {}
    for named, fold in ways:  # the last is slow, and seldom needed
        meant = set(map(fold, texts))
        if found := {choice.id: choice for choice in choices if fold(named(choice)) in meant}:
            break
    if len(found) > 1:
        raise UsageError(
            f"{texts[0]!r} is the name of {len(found)} {CHOSEN.get(prompt.type, 'objects')} of {prompt.name!r}.",
            hint=f"Name them by id: {listing(list(found))}.",
        )
    return next(iter(found.values()), None)


def not_there(prompt: Prompt, items: Sequence[Plain], choices: Sequence[Choice], *, all_seen: bool) -> UsageError:
    """Make the error for items that a prompt does not offer."""
    names = list(dict.fromkeys(choice.name for choice in choices))
    where = "" if all_seen else f" among the first {len(choices):,}, nor by searching"
    wanted = listing([spellings(item)[0] for item in items])
    return UsageError(
        f"the prompt {prompt.name!r} does not offer {wanted}{where}.",
        hint=suggestion(spellings(items[0])[0], names),
    )
