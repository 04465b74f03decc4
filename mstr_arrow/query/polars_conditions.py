"""Polars expressions as conditions: those that say of each row by itself whether it is kept. Pure.

Rows come page by page, and Polars runs its conditions over each page. So an expression that sees other rows, or
that gives more or fewer values than it gets, would mean something else here than over all rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.lazy import pl
from mstr_arrow.query.bind import bind
from mstr_arrow.query.expressions import And, Or, PolarsCondition
from mstr_arrow.query.parse_polars import any_error, first_line, is_constant, parts
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.query.columns import Subjects
    from mstr_arrow.query.expressions import Expression

_OTHER_LENGTHS = {"Filter", "Explode", "DropNulls", "DropNans"}
"""Nodes that Polars counts as looking at one row, though they give another number of rows."""

_ELSEWHERE = naming("Filter {Scan.lazy()}, which takes every Polars expression.")


def resolve(expression: Expression, subjects: Subjects) -> Expression:
    """Bind a condition to columns as `bind` does, and with it the Polars expressions in it.

    Errors: UsageError as for `bind`, and for a Polars expression that is no condition on one row of these columns.
    """
    return bind(_bind_polars(expression, subjects), subjects)


def _bind_polars(expression: Expression, subjects: Subjects) -> Expression:
    match expression:
        case And(inner) | Or(inner):
            return type(expression)(tuple(_bind_polars(part, subjects) for part in inner))
        case PolarsCondition(expr, None):
            _check_columns(expr, subjects)
            found = parts(expr, subjects)
            unread = [part for part, known in found if known is None]
            if hasattr(expr.meta, "is_row_separable"):
                for part in unread:
                    _check_rows(part)
            _check_type(expr, subjects)
            if unread and not hasattr(expr.meta, "is_row_separable"):  # in older versions of Polars
                raise _cannot_tell(unread[0])
            conditions = [PolarsCondition(part, known) for part, known in found]
            return And(tuple(conditions)) if len(conditions) > 1 else conditions[0]
    return expression


def _check_columns(expr: pl.Expr, subjects: Subjects) -> None:
    if expr.meta.has_multiple_outputs():
        raise UsageError(
            f"the Polars expression {_text(expr)} names columns by a pattern or a selector.",
            hint=naming(
                "Name each column, as in pl.col('Region') == 'East', or filter {Scan.lazy()}, which takes every "
                "Polars expression."
            ),
        )
    names = {subject.name for subject in subjects.all}
    for name in expr.meta.root_names():
        if name not in names:
            found = subjects.find(name)
            raise UsageError(
                f"no column {name!r} in this result; Polars expressions name columns as the result does.",
                hint=f"Write pl.col({found.name!r}).",
            )


def _check_type(expr: pl.Expr, subjects: Subjects) -> None:
    """Run an expression over no rows: Polars says what is wrong with it."""
    nothing = pl.DataFrame(schema={subject.name: subject.dtype for subject in subjects.all})
    try:
        kept = nothing.select(kept=expr).to_series()
    except any_error() as error:
        hint = "Compare each column with values of its own type; schema shows the types."
        if "datetime" in str(error).casefold() and (name := _without_zone(expr, subjects)):
            hint = (
                f"{name!r} holds timestamps without a zone, as the server writes them. Compare it with one by the "
                f"clock of the server, or say which zone that is: pl.col({name!r}).dt.replace_time_zone('UTC')."
            )
        raise UsageError(
            f"the Polars expression {_text(expr)} cannot run over these columns: {first_line(error)}.", hint=hint
        ) from error
    if kept.dtype != pl.Boolean:
        raise UsageError(
            f"the Polars expression {_text(expr)} is no condition: it gives {kept.dtype}.",
            hint="A condition is true or false for each row, as pl.col('Units') > 3 is.",
        )


def _without_zone(expr: pl.Expr, subjects: Subjects) -> str | None:
    """Return the first of its columns that holds timestamps without a zone."""
    names = expr.meta.root_names()
    return next((each.name for each in subjects.all if each.name in names and each.kind == "timestamp"), None)


def _check_rows(expr: pl.Expr) -> None:
    try:
        separable = _looks_at_one_row(expr)
    except any_error():  # functions of Python's, of which nothing is known
        separable = False
    if not separable:
        raise UsageError(
            f"the Polars expression {_text(expr)} does not look at one row at a time: over a page of rows it would "
            "mean something else than over all.",
            hint=_ELSEWHERE,
        )


def _cannot_tell(expr: pl.Expr) -> UsageError:
    return UsageError(
        f"Polars {pl.__version__} cannot tell whether {_text(expr)} looks at one row at a time.",
        hint=naming("Update Polars, or filter {Scan.lazy()}, which takes every Polars expression."),
    )


def _looks_at_one_row(expr: pl.Expr) -> bool:
    """Tell whether an expression gives each row a value that no other row has a part in; of Polars' own it asks."""
    inputs = expr.meta.pop()
    node = json.loads(expr.meta.serialize(format="json"))
    match node:
        case {"Function": {"function": {"Boolean": {"IsIn": _}}, "input": [_, values]}} if is_constant(values):
            inputs = [each for each in inputs if not is_constant(json.loads(each.meta.serialize(format="json")))]
    return (
        expr.meta.is_row_separable()
        and not _changes_length(node)
        and not _draws(node)
        and all(map(_looks_at_one_row, inputs))
    )


def _changes_length(node: Any) -> bool:
    kind, what = next(iter(node.items())) if isinstance(node, dict) else (node, None)
    function = what.get("function") if kind == "Function" and isinstance(what, dict) else None
    return kind in _OTHER_LENGTHS or (isinstance(function, str) and function in _OTHER_LENGTHS)


def _draws(node: Any) -> bool:
    """Tell whether a function draws at random, so that it gives something else when rows are fetched again."""
    match node:
        case {"Function": {"function": function}}:
            return any(word in json.dumps(function) for word in ("Sample", "Shuffle", "Random"))
    return False


def _text(expr: pl.Expr) -> str:
    return repr(PolarsCondition(expr))
