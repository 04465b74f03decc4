"""Read the part of a Polars predicate that can be understood, as an IO source is handed it.

A predicate is read from its serialized form, whose shape differs between versions of Polars: only the few nodes
below are known, everything else is reported as not understood and stays Polars' own business. Constants are not
read but evaluated, so that their many spellings do not matter. Nothing here decides about rows: Polars runs its
predicate over what is delivered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import reduce
from io import StringIO
from operator import and_, or_
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.lazy import pl
from mstr_arrow.query.bind import bind
from mstr_arrow.query.expressions import all_of
from mstr_arrow.query.reference import col

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mstr_arrow.query.columns import Subject, Subjects
    from mstr_arrow.query.expressions import Expression, Operator
    from mstr_arrow.query.reference import ColumnReference

_OPERATORS: dict[str, Operator] = {"Eq": "==", "NotEq": "!=", "Lt": "<", "LtEq": "<=", "Gt": ">", "GtEq": ">="}
_MIRRORED: dict[Operator, Operator] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_JOINED = {"And": and_, "LogicalAnd": and_, "Or": or_, "LogicalOr": or_}
_CLOSED: dict[str, tuple[Operator, Operator]] = {
    "Both": (">=", "<="),
    "Left": (">=", "<"),
    "Right": (">", "<="),
    "None": (">", "<"),
}


class Understood(NamedTuple):
    """The conditions understood, bound to the columns (None: none of them), and the texts of the others."""

    expression: Expression | None
    unknown: tuple[str, ...] = ()


class _NotUnderstoodError(Exception):
    """A part of a predicate has no counterpart."""


def from_polars(predicate: pl.Expr, subjects: Subjects) -> Understood:
    """Turn the conditions of a Polars predicate that must all hold into ours, as far as they are understood.

    Each understood condition keeps the same rows as its original. Never raises on what it does not know.
    """
    try:
        nodes = list(_conjuncts(json.loads(predicate.meta.serialize(format="json"))))
    except any_error():
        return Understood(None, (str(predicate),))
    read = [_read(node, subjects) for node in nodes]
    unknown = tuple(_text(node) for node, known in zip(nodes, read, strict=True) if known is None)
    return Understood(all_of(known for known in read if known is not None), unknown)


def parts(predicate: pl.Expr, subjects: Subjects) -> list[tuple[pl.Expr, Expression | None]]:
    """Return the conditions of a predicate that must all hold, each with what it is as ours, None where nothing."""
    try:
        nodes = list(_conjuncts(json.loads(predicate.meta.serialize(format="json"))))
        found = [(_expression(node), _read(node, subjects)) for node in nodes]
    except any_error():
        return [(predicate, None)]
    return found if len(found) > 1 else [(predicate, known) for _, known in found]


def without_hints(predicate: pl.Expr | None) -> pl.Expr | None:
    """Drop what Polars adds to a predicate so that a sort with a limit may skip rows: a frame cannot run it.

    Versions around 1.40 do, as a node of its own among the conditions that must all hold.
    """
    if predicate is None or "dynamic_pred" not in str(predicate):
        return predicate
    nodes = _conjuncts(json.loads(predicate.meta.serialize(format="json")))
    kept = [_expression(node) for node in nodes if not _is_hint(node)]
    return reduce(and_, kept) if kept else None


def _read(node: Any, subjects: Subjects) -> Expression | None:
    """Read a condition, bound to its columns; None where it is not understood."""
    try:
        return bind(_Reader(subjects).condition(node), subjects)
    except any_error():
        return None


def _is_hint(node: Any) -> bool:
    match node:
        case {"Display": {"fmt_str": str(text)}}:
            return text.startswith("dynamic_pred")
    return False


def _conjuncts(node: Any) -> Iterator[Any]:
    match node:
        case {"BinaryExpr": {"left": left, "op": "And" | "LogicalAnd", "right": right}}:
            yield from _conjuncts(left)
            yield from _conjuncts(right)
        case _:
            yield node


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the serialized nodes of one predicate."""

    subjects: Subjects

    def condition(self, node: Any) -> Expression:
        match node:
            case {"BinaryExpr": {"left": left, "op": str(op), "right": right}} if op in _JOINED:
                return reduce(_JOINED[op], (self.condition(left), self.condition(right)))
            case {"BinaryExpr": {"left": left, "op": str(op), "right": right}} if op in _OPERATORS:
                return self.comparison(_OPERATORS[op], left, right)
            case {"Function": {"function": {"Boolean": function}, "input": [first, *rest]}}:
                return self.boolean(function, first, rest)
            case {"Function": {"function": {"StringExpr": function}, "input": [first, text]}}:
                return _pattern(function, self.column(first), _constant(text))
            case {"Ternary": {"predicate": empty, "truthy": then, "falsy": inner}} if _is_null(then):
                return self.unless_empty(empty, inner)
            case {"Column": str()}:
                return self.column(node) == True  # noqa: E712 - a condition
        raise _NotUnderstoodError

    def comparison(self, operator: Operator, left: Any, right: Any) -> Expression:
        if is_constant(left):
            left, right, operator = right, left, _MIRRORED[operator]
        value = _constant(right) if is_constant(right) else self.column(right)
        return self.column(left).compare(operator, value)

    def boolean(self, function: Any, first: Any, rest: list[Any]) -> Expression:
        match function, rest:
            case "Not", []:
                return ~self.condition(first)
            case "IsNull", []:
                return self.column(first).is_null()
            case "IsNotNull", []:
                return self.column(first).is_not_null()
            case {"IsIn": {"nulls_equal": False}}, [values]:
                # A null among the values matches nothing and makes nothing unknown.
                return self.column(first).is_in([value for value in _constants(values) if value is not None])
            case {"IsBetween": {"closed": str(closed)}}, [low, high]:
                from_low, to_high = _CLOSED[closed]
                return self.comparison(from_low, first, low) & self.comparison(to_high, first, high)
        raise _NotUnderstoodError

    def unless_empty(self, empty: Any, inner: Any) -> Expression:
        """Read a list of values as DuckDB writes it: said once more that it is unknown for an empty value."""
        match empty, inner:
            case (
                {"Function": {"function": {"Boolean": "IsNull"}, "input": [{"Column": str(name)}]}},
                {"Function": {"function": {"Boolean": {"IsIn": _}}, "input": [{"Column": str(same)}, _]}},
            ) if name == same:
                return self.condition(inner)
        raise _NotUnderstoodError

    def column(self, node: Any) -> ColumnReference:
        """Read a column, without a cast that changes no comparison."""
        match node:
            case {"Column": str(name)}:
                return col(self.subject(name).name)
            case {"Cast": {"expr": {"Column": str(name)}}}:
                subject = self.subject(name)
                cast = pl.DataFrame(schema={name: subject.dtype}).select(_expression(node)).dtypes[0]
                if _keeps_meaning(subject, cast):
                    return col(name)
        raise _NotUnderstoodError

    def subject(self, name: str) -> Subject:
        """Find a column by its name alone: Polars knows no others."""
        return next(subject for subject in self.subjects.all if subject.name == name)


def _keeps_meaning(subject: Subject, cast: pl.DataType) -> bool:
    """Tell whether a cast, such as Polars inserts to compare numbers, leaves comparisons what they are.

    Numbers become doubles next to them, which keeps their order; equality where rounding makes it is within the
    bounds that `constants` asks for.
    """
    if cast == subject.dtype:
        return True
    match subject.kind:
        case "integer":
            integers = (pl.Int8, pl.Int16, pl.Int32, pl.Int64)
            wider = integers[integers.index(subject.dtype) :] if subject.dtype in integers else ()
            return cast == pl.Float64 or cast in wider
        case "decimal":
            return cast == pl.Float64
        case "date":
            return cast in {pl.Datetime("us"), pl.Datetime("ms")}
    return False


def _pattern(function: Any, column: ColumnReference, text: Any) -> Expression:
    match function:
        case "StartsWith":
            return column.starts_with(text)
        case "EndsWith":
            return column.ends_with(text)
        case {"Contains": {"literal": literal}} if literal or pl.escape_regex(text) == text:
            return column.contains(text)
    raise _NotUnderstoodError


def is_constant(node: Any) -> bool:
    """Tell whether a node is a constant, however Polars spells it."""
    match node:
        case {"Literal": _}:
            return True
        case {"Cast": {"expr": inner}} | {"Alias": [inner, str()]}:
            return is_constant(inner)
        case {"Function": {"function": {"TemporalExpr": _}, "input": list(inputs)}}:
            return all(map(is_constant, inputs))  # how older versions of Polars give a moment its zone
    return False


def _is_null(node: Any) -> bool:
    return is_constant(node) and _constant(node) is None


def _constant(node: Any) -> Any:
    values = _evaluate(node)
    if len(values) != 1 or values.dtype == pl.List:
        raise _NotUnderstoodError
    return _exact_items(values)[0]


def _constants(node: Any) -> list[Any]:
    values = _evaluate(node)
    return _exact_items(values.explode() if values.dtype == pl.List and len(values) == 1 else values)


def _evaluate(node: Any) -> pl.Series:
    if not is_constant(node):
        raise _NotUnderstoodError
    return pl.select(_expression(node)).to_series()


def _exact_items(values: pl.Series) -> list[Any]:
    """Return a series as Python's values, which have no nanoseconds."""
    items = values.to_list()
    if not pl.Series(items, dtype=values.dtype).equals(values, null_equal=True):
        raise _NotUnderstoodError
    return items


def _expression(node: Any) -> pl.Expr:
    return pl.Expr.deserialize(StringIO(json.dumps(_exact_floats(node))), format="json")


def _exact_floats(node: Any) -> Any:
    """Write doubles as texts that are cast: Polars reads one in eleven of JSON's numbers a bit beside its value."""
    match node:
        case {"Literal": {"Scalar": {"Float64": float(value)}} | {"Dyn": {"Float": float(value)}}}:
            text = {"Literal": {"Scalar": {"String": repr(value)}}}
            return {"Cast": {"expr": text, "dtype": {"Literal": "Float64"}, "options": "Strict"}}
        case dict():
            return {name: _exact_floats(value) for name, value in node.items()}
        case list():
            return [_exact_floats(value) for value in node]
    return node


def any_error() -> tuple[type[BaseException], ...]:
    """Return what Polars, or a form of it not known here, may raise; a predicate not understood is no error."""
    return (Exception, pl.exceptions.PanicException)


def first_line(error: BaseException) -> str:
    """Return what Polars says, without the plan that it may add."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _text(node: Any) -> str:
    try:
        return str(_expression(node))
    except any_error():
        return "a condition that Polars cannot name"
