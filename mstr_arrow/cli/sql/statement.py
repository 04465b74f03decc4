"""The columns, conditions and first rows that a SQL statement needs of the cubes it names. Pure; needs sqlglot.

DuckDB runs the statement just as it is written, over what was read. So nothing here has to be complete, but what is
left out of a read must be certain not to matter: a condition counts only where it holds for every row of one table
that is looked at, and where DuckDB reads its constants as we do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from mstr_arrow.errors import UsageError
from mstr_arrow.query.bind import bind
from mstr_arrow.query.columns import subjects_of
from mstr_arrow.query.sql_conditions import from_sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from mstr_arrow.query.columns import Subject
    from mstr_arrow.query.expressions import Expression

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"(?=.{1,16}$)\d*\.?\d*")
"""Numbers that are the same as an integer, a decimal and a double."""

_TYPES = {"DATE", "TIMESTAMP", "TIME"}
_INNER = {("", ""), ("", "INNER"), ("", "CROSS")}
_LEFT = {("LEFT", ""), ("LEFT", "OUTER")}
_UNNAMED = {"Pivot", "Columns", "PositionalColumn", "Parameter", "Summarize", "Describe"}
"""Expressions that may mean columns without naming them, beside stars."""

_PASSED_ON = {"Alias", "Column", "Identifier", "Literal", "Star"}
"""Expressions that give a row for each row, and look at no other."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A table that a statement names; ``once``: in one place, from which DuckDB reads it one time."""

    name: str
    nodes: tuple[Any, ...]
    once: bool


@dataclass(frozen=True, slots=True)
class Needs:
    """Columns (None: all) of the rows that fulfil conditions, and how many first rows suffice (None: no end)."""

    columns: tuple[str, ...] | None
    conditions: tuple[Expression, ...] = ()
    head: int | None = None


def parse(text: str) -> Any:
    """Read a statement that DuckDB understands; errors: UsageError where sqlglot does not.

    >>> parse("select 1").sql()
    'SELECT 1'
    """
    try:
        root = sqlglot.parse_one(text, read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise UsageError(
            f"the statement cannot be searched for cubes: {str(error).splitlines()[0]}",
            hint="DuckDB knows more SQL than sqlglot, which looks for them: write it in a simpler way.",
        ) from error
    if isinstance(root, exp.Summarize) and isinstance(root.this, exp.Literal):
        root.set("this", exp.Table(this=exp.to_identifier(root.this.name, quoted=True)))
    return root


def mentions(root: Any) -> list[Mention]:
    """Return the tables that a statement does not make itself, each name once, whatever its case.

    >>> found = mentions(parse("with b as (from 'Sales') select * from b, sales, Stores, read_csv('x.csv')"))
    >>> [(mention.name, mention.once) for mention in found]
    [('Sales', False), ('Stores', True)]
    """
    named: dict[str, list[Any]] = {}
    for table in root.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not table.args.get("db") and not _is_cte(table):
            named.setdefault(table.name.casefold(), []).append(table)
    return [Mention(_first(tables).name, tuple(tables), _once(tables, root)) for tables in named.values()]


def needs(root: Any, nodes: Sequence[Any], schema: pa.Schema) -> Needs:
    """Return the needs of a statement for the object of these nodes: of one in several places, all its rows."""
    columns = _columns(root, nodes, schema.names)
    if len(nodes) > 1:
        return Needs(columns)
    conditions = tuple(_conditions(nodes[0], schema))
    understood = len(conditions) == sum(1 for _ in _find_required(nodes[0]))
    return Needs(columns, conditions, _head(nodes[0]) if understood else None)


# Tables


def _first(tables: Sequence[Any]) -> Any:
    """Return the one that is written first."""
    return min(tables, key=lambda table: table.this.meta.get("start", 0))


def _is_cte(table: Any) -> bool:
    """Tell whether a table's name is that of a common table expression in whose reach it stands."""
    node, inside = table, None
    while (node := node.parent) is not None:
        if isinstance(node, exp.CTE):
            inside = node
        made = node.args.get("with_") or node.args.get("with")  # the name changed with sqlglot 28
        for cte in made.expressions if made else ():
            if cte is inside and not made.args.get("recursive"):
                break
            if cte.alias.casefold() == table.name.casefold():
                return True
    return False


def _once(tables: Sequence[Any], root: Any) -> bool:
    """Tell whether a table stands in one place, and in no common table expression that may run several times."""
    node = tables[0]
    while (node := node.find_ancestor(exp.CTE)) is not None:
        alias = node.alias.casefold()
        if sum(each.name.casefold() == alias for each in root.find_all(exp.Table)) > 1:
            return False
        if node.parent.args.get("recursive"):
            return False
    return len(tables) == 1


# Columns


def _columns(root: Any, nodes: Sequence[Any], names: Sequence[str]) -> tuple[str, ...] | None:
    """Return the columns whose names occur anywhere; None where some may be meant without being named."""
    called = {node.alias_or_name.casefold() for node in nodes}
    said = {word.name.casefold() for word in root.find_all(exp.Identifier, exp.Var)}
    if any(_may_be_all(node, called) for node in root.walk()):
        return None
    return tuple(name for name in names if name.casefold() in said) or tuple(names[:1])


def _may_be_all(node: Any, called: set[str]) -> bool:
    """Tell whether a node may stand for any columns of a table that is called so."""
    match type(node).__name__:
        case "Star" if isinstance(node.parent, exp.Column) and node.parent.table:
            return node.parent.table.casefold() in called
        case "Star":
            return not isinstance(node.parent, exp.Count)
        case "Column":  # by a table's name, its whole row
            return not node.table and node.name.casefold() in called
        case "Join":
            return bool(node.method)  # a natural one has its columns from the tables
        case "TableAlias":  # its columns are named by their places
            return bool(node.args.get("columns")) and isinstance(node.parent, exp.Table)
        case kind:
            return kind in _UNNAMED


# Conditions


def _conditions(table: Any, schema: pa.Schema) -> Iterator[Expression]:
    """Go through the conditions that hold for all rows of a table that matter, as far as they are understood."""
    subjects = subjects_of(schema)
    own = {subject.name.casefold(): subject for subject in subjects.all}
    if len(own) < len(subjects.all):
        return
    for condition in _find_required(table):
        columns = list(condition.find_all(exp.Column))
        if all(_is_own(column, table, own) for column in columns) and _certain(condition, own):
            exact = condition.transform(
                lambda node: (
                    exp.column(own[node.name.casefold()].name, quoted=True)
                    if isinstance(node, exp.Column)
                    else node
                )
            )
            try:
                yield bind(from_sql(exact.sql(dialect="duckdb")), subjects)
            except UsageError:
                continue  # it has no counterpart, or DuckDB converts where we do not


def _find_required(table: Any) -> Iterator[Any]:
    """Go through the conditions that rows of a table must fulfil to be seen by anything else."""
    select = _select(table)
    if select is None:
        return
    joins = select.args.get("joins") or ()
    kinds = {(join.side, join.kind) for join in joins}
    where = select.args.get("where")
    if where and (kinds <= _INNER or (isinstance(table.parent, exp.From) and kinds <= _INNER | _LEFT)):
        yield from _conjuncts(where.this)
    for join in joins:
        if kinds <= _INNER and join.args.get("on"):
            yield from _conjuncts(join.args["on"])


def _select(table: Any) -> Any:
    """Return the SELECT whose FROM and joins take a table as it is; None where there is none."""
    source, alias = table.parent, table.args.get("alias")
    if not isinstance(source, (exp.From, exp.Join)) or not isinstance(source.parent, exp.Select):
        return None
    select = source.parent
    changed = _set_arguments(table) - {"this", "alias"} or (alias and alias.args.get("columns"))
    joins = select.args.get("joins") or ()
    odd = any(_set_arguments(join) - {"this", "side", "kind", "on", "using"} for join in joins)
    return None if changed or odd or _set_arguments(select) & {"laterals", "sample", "match"} else select


def _conjuncts(condition: Any) -> Iterator[Any]:
    """Go through the conditions that must all hold."""
    if isinstance(condition, exp.Paren):
        yield from _conjuncts(condition.this)
    elif isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _is_own(column: Any, table: Any, own: dict[str, Subject]) -> bool:
    """Tell whether a column is certainly one of a table's."""
    name = column.name.casefold()
    if name not in own or _set_arguments(column) - {"this", "table"}:
        return False
    if column.table:
        return bool(column.table.casefold() == table.alias_or_name.casefold())
    # A column that joined tables share may be any table's but for the first, which has it if it is its own.
    joins = table.parent.parent.args.get("joins") or ()
    shared = {word.name.casefold() for join in joins for word in join.args.get("using") or ()}
    return isinstance(table.parent, exp.From) or name not in shared


def _certain(condition: Any, own: dict[str, Subject]) -> bool:
    """Tell whether DuckDB compares the very values that are written: it may convert them to a column's type."""
    return all(_compares_as_written(test, own) for test in condition.find_all(exp.Predicate))


def _compares_as_written(test: Any, own: dict[str, Subject]) -> bool:
    columns = [own[column.name.casefold()] for column in test.find_all(exp.Column)]
    if len({column.type for column in columns}) > 1:
        return False
    for literal in test.find_all(exp.Literal):
        if isinstance(literal.parent, exp.Cast):
            good = literal.parent.to.sql(dialect="duckdb") in _TYPES
        elif literal.is_string:
            good = all(column.kind == "text" for column in columns) or _DAY.fullmatch(literal.name) is not None
        else:
            good = _NUMBER.fullmatch(literal.name) is not None
        if not good:
            return False
    return True


# First rows


def _head(table: Any) -> int | None:
    """Return how many first rows that fulfil the conditions suffice; None where nothing says so."""
    select = _select(table)
    if select is None or not isinstance(table.parent, exp.From):
        return None
    shown = {type(node).__name__ for each in select.expressions for node in each.walk()}
    if shown - _PASSED_ON or _set_arguments(select) - {"expressions", "from", "from_", "where", "limit", "offset"}:
        return None
    limit, offset = _number(select.args.get("limit")), _number(select.args.get("offset"))
    if limit is None or (offset is None and select.args.get("offset")):
        return None
    return limit + (offset or 0)


def _number(clause: Any) -> int | None:
    """Read LIMIT or OFFSET; None where it is not just a number."""
    if clause is None or _set_arguments(clause) != {"expression"} or not isinstance(clause.expression, exp.Literal):
        return None
    return int(clause.expression.name) if clause.expression.name.isdecimal() else None


def _set_arguments(node: Any) -> set[str]:
    return {name for name, value in node.args.items() if value}
