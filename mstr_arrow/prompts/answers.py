"""Answers to prompts, as values: plain ones, which the prompt gives a meaning, and typed ones. Pure.

A plain value is read as the prompt's type says: ``2024`` as a number, ``["East", "West"]`` as elements or objects,
``"Revenue > 10"`` or a condition made with ``mstr_arrow.col`` as an expression, ``None`` or ``[]`` as no answer.
The functions here insist on one meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from mstr_arrow.errors import UsageError
from mstr_arrow.query.expressions import Expression
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.prompts.model import PromptType
    from mstr_arrow.prompts.values import Plain


class Answer:
    """An answer to one prompt."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Values(Answer):
    """Plain values: what they mean is for the prompt to say."""

    items: tuple[Plain, ...]

    def __repr__(self) -> str:
        return repr(self.items[0] if len(self.items) == 1 else list(self.items))


@dataclass(frozen=True, slots=True)
class Typed(Answer):
    """Plain values for a prompt of one type: made by `value`, `elements`, `objects`, `level`."""

    type: PromptType
    items: tuple[Plain, ...]

    def __repr__(self) -> str:
        return f"{self.type.lower()}({', '.join(map(repr, self.items))})"


@dataclass(frozen=True, slots=True)
class Condition(Answer):
    """A condition on what an EXPRESSION prompt offers."""

    what: Expression

    def __repr__(self) -> str:
        return f"expression({self.what!r})"


@dataclass(frozen=True, slots=True)
class Body(Answer):
    """An expression or a level in the server's own words."""

    type: Literal["EXPRESSION", "LEVEL"]
    body: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"{self.type.lower()}({dict(self.body)!r})"


@dataclass(frozen=True, slots=True)
class Default(Answer):
    """The answer that the prompt has of itself."""

    def __repr__(self) -> str:
        return "default()"


@dataclass(frozen=True, slots=True)
class Empty(Answer):
    """No answer, which closes an optional prompt."""

    def __repr__(self) -> str:
        return "empty()"


def value(item: Plain) -> Answer:
    """Answer a VALUE prompt: with a number, a text, a date, a datetime, a time."""
    return Typed("VALUE", (_plain(item),))


def elements(*items: Plain) -> Answer:
    """Answer an ELEMENTS prompt by the texts or ids of elements: ``"East"``, ``"h4;8D67…"`` or ``"8D67…:4"``."""
    return Typed("ELEMENTS", tuple(map(_plain, items)))


def objects(*items: str) -> Answer:
    """Answer an OBJECTS prompt by the names or ids of offered attributes, metrics and other objects."""
    return Typed("OBJECTS", tuple(map(_plain, items)))


def expression(what: Expression | Mapping[str, Any]) -> Answer:
    """Answer an EXPRESSION prompt by a condition, or by a body in the server's grammar.

    A condition names offered metrics and attributes; of an attribute the ID form is compared, unless
    ``Attribute@FORM`` names another. A body is sent as it is (Wire reference, section 5.2).

    >>> from mstr_arrow import col
    >>> expression(col("Revenue") > 1000)
    expression(Revenue > 1000)
    """
    if isinstance(what, Expression):
        return Condition(what)
    if isinstance(what, Mapping):
        return Body("EXPRESSION", what)
    raise UsageError(
        f"expression() takes a condition or a dict, not {what!r}.", hint=naming("Write {col('Revenue')} > 10.")
    )


def level(*units: str) -> Answer:
    """Answer a LEVEL prompt, the level of a metric, by names or ids of offered attributes."""
    return Typed("LEVEL", tuple(map(_plain, units)))


def default() -> Answer:
    """Answer a prompt with its default."""
    return Default()


def empty() -> Answer:
    """Close an optional prompt without an answer."""
    return Empty()


def answer_of(given: object, name: str) -> Answer:
    """Read one answer as a person gives it; errors: UsageError."""
    match given:
        case Answer():
            return given
        case None:
            return Empty()
        case Expression():
            return Condition(given)
        case Mapping():
            return _from_mapping(given, name)
        case str() | bool() | int() | float() | Decimal() | date() | time():
            return Values((_plain(given, name),))
        case Iterable() if not isinstance(given, bytes):
            items = tuple(_plain(item, name) for item in given)
            return Values(items) if items else Empty()
    return Values((_plain(given, name),))


def _from_mapping(given: Mapping[Any, Any], name: str) -> Answer:
    """Read a body in the server's words."""
    if given.keys() & {"operator", "expression", "xml"}:
        return Body("EXPRESSION", given)
    if "units" in given:
        return Body("LEVEL", given)
    raise UsageError(
        f"the answer to {name!r} is {given!r}, which is no expression and no level.",
        hint='An expression has an "operator" and "operands"; a level has "units".',
    )


def _plain(item: Any, name: str = "") -> Plain:
    """Check a value; scalars of other libraries become Python's own."""
    for convert in ("as_py", "item"):  # of Arrow, of numpy
        if not isinstance(item, _PLAIN) and hasattr(item, convert):
            item = getattr(item, convert)()
    if isinstance(item, _PLAIN) and not isinstance(item, bool):
        return item
    to = f" to {name!r}" if name else ""
    raise UsageError(
        f"the answer{to} is {item!r}, a {type(item).__name__}.",
        hint=naming(
            "Give numbers, texts, dates and times, or a list of them; {prompts.default()}, {prompts.empty()}."
        ),
    )


_PLAIN = (str, int, float, Decimal, date, datetime, time)
