"""Answers as what TOML and JSON hold, and back. Pure."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast, get_args

from mstr_arrow.errors import UsageError
from mstr_arrow.names import listing
from mstr_arrow.prompts.answers import Body, Condition, Default, Empty, Typed, Values, answer_of
from mstr_arrow.query import expressions as tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mstr_arrow.prompts.answers import Answer
    from mstr_arrow.prompts.model import PromptType

_TYPED: dict[str, PromptType] = {"value": "VALUE", "elements": "ELEMENTS", "objects": "OBJECTS", "level": "LEVEL"}
_WORDS = {prompt_type: word for word, prompt_type in _TYPED.items()}
_SCALARS: dict[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
}
_CONDITIONS = ("where", "all", "any")
_TABLES = ("default", *_TYPED, "expression", *_CONDITIONS, *_SCALARS)


def to_plain(answer: Answer, *, native: bool) -> Any:
    """Write an answer as numbers, texts, lists and tables; ``native``: dates stay as they are, as in TOML."""
    match answer:
        case Default():
            return {"default": True}
        case Empty():
            return []
        case Values((item,)):
            return _scalar(item, native=native)
        case Values(items):
            return [_scalar(item, native=native) for item in items]
        case Typed(prompt_type, items):
            return {_WORDS[prompt_type]: [_scalar(item, native=native) for item in items]}
        case Body(prompt_type, body):
            return {"expression" if prompt_type == "EXPRESSION" else "level": dict(body)}
        case Condition(what):
            return _condition(what, native=native)
    raise TypeError(f"{answer!r} cannot be written to a file")


def from_plain(plain: Any, name: str) -> Answer:
    """Read an answer that `to_plain` wrote, or a person; errors: UsageError naming the prompt."""
    try:
        if isinstance(plain, dict):
            return _from_table(plain, name)
        if isinstance(plain, list):
            return answer_of([_from_scalar(item) for item in plain], name)
        return answer_of(plain, name)
    except (TypeError, ValueError, LookupError, InvalidOperation) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"the answer to {name!r} cannot be read: {plain!r}.", hint=_HINT) from error


def _from_table(table: dict[str, Any], name: str) -> Answer:
    word, content = next(iter(table.items())) if len(table) == 1 else ("", None)
    if word == "default" and content is True:
        return Default()
    if word in {"expression", "level"} and isinstance(content, dict):
        return Body("EXPRESSION" if word == "expression" else "LEVEL", content)
    if word in _TYPED:
        items = content if isinstance(content, list) else [content]
        read = answer_of([_from_scalar(item) for item in items], name)
        return Typed(_TYPED[word], read.items) if isinstance(read, Values) else read
    if word in _CONDITIONS:
        return Condition(_from_condition(table))
    if word in _SCALARS:
        return Values((_from_scalar(table),))
    return answer_of(table, name)


def _scalar(item: Any, *, native: bool) -> Any:
    match item:
        case Decimal():
            return {"decimal": str(item)}
        case datetime() | date() | time() if not native:
            word = type(item).__name__
            return {word: item.isoformat()}
    return item


def _from_scalar(plain: Any) -> Any:
    if isinstance(plain, dict):
        ((word, text),) = plain.items()
        return _SCALARS[word](text)
    return plain


def _condition(expression: tree.Expression, *, native: bool) -> dict[str, Any]:
    """Write a condition as a table of one entry."""
    match expression:
        case tree.And(parts) | tree.Or(parts):
            word = "all" if isinstance(expression, tree.And) else "any"
            return {word: [_condition(part, native=native) for part in parts]}
        case tree.Leaf():
            return {"where": [expression.column, *_leaf(expression, native=native)]}
    raise TypeError(f"{expression!r} cannot be written to a file")


def _leaf(leaf: tree.Leaf, *, native: bool) -> list[Any]:
    """Write what a column is compared with: a word, and what follows it."""

    def scalars(values: Sequence[tree.Value]) -> list[Any]:
        return [_scalar(value, native=native) for value in values]

    match leaf:
        case tree.Comparison(_, operator, value):
            return [operator, *scalars([value])]
        case tree.ColumnComparison(_, operator, other):
            return [f"{operator} column", other]
        case tree.Between(_, low, high):
            return ["between", *scalars([low, high])]
        case tree.Membership(_, values, negated):
            return ["not in" if negated else "in", scalars(values)]
        case tree.Elements(_, ids, negated):
            return ["lacks elements" if negated else "has elements", list(ids)]
        case tree.Null(_, negated):
            return ["is not null" if negated else "is null"]
        case tree.Match(_, pattern, text, negated):
            return [f"{'not ' if negated else ''}{pattern}", text]
        case tree.Rank(_, ranking, amount, negated):
            return [f"{'not ' if negated else ''}{ranking}", amount]
    raise TypeError(f"{leaf!r} cannot be written to a file")


def _from_condition(table: dict[str, Any]) -> tree.Expression:
    """Read what `_condition` wrote; errors: LookupError, ValueError, TypeError."""
    ((word, content),) = table.items()
    if word in {"all", "any"}:
        parts = tuple(_from_condition(part) for part in content)
        return tree.And(parts) if word == "all" else tree.Or(parts)
    column, operator, *values = content
    positive = operator.removeprefix("not ")
    negated = positive != operator
    if operator in get_args(tree.Operator):
        return tree.Comparison(column, operator, _from_scalar(values[0]))
    if operator.removesuffix(" column") in get_args(tree.Operator):
        return tree.ColumnComparison(column, operator.removesuffix(" column"), values[0])
    match positive:
        case "between":
            return tree.Between(column, _from_scalar(values[0]), _from_scalar(values[1]))
        case "in":
            return tree.Membership(column, tuple(_from_scalar(item) for item in values[0]), negated)
        case "has elements" | "lacks elements":
            return tree.Elements(column, tuple(values[0]), positive == "lacks elements")
        case "is null" | "is not null":
            return tree.Null(column, positive == "is not null")
    if positive in get_args(tree.Pattern):
        return tree.Match(column, cast("tree.Pattern", positive), values[0], negated)
    if positive in get_args(tree.Ranking):
        return tree.Rank(column, cast("tree.Ranking", positive), values[0], negated)
    raise ValueError(f"{operator!r} is no condition")


_HINT = f"Write a number, a text, a date, a list of them, or a table of one entry: {listing(_TABLES)}."
