"""What is asked of an object: columns, conditions, order, how many rows. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.query.expressions import all_of, needs_all_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.query.expressions import Expression


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column that rows are sorted by; empty values come last either way."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question, in the names its author used; whatever the order of its parts was, they mean the same.

    ``where`` decides about the rows of the object. ``aggregate`` names the attributes and metrics that remain: with
    fewer attributes, the server adds metrics up. ``having`` decides about the rows that this makes. They are
    sorted by ``sort``, the first ``head`` are taken, and of their columns those of ``select``. ``any_order``:
    without ``sort``, rows may come in another order than that of the object as a whole.
    """

    aggregate: tuple[str, ...] | None = None
    where: Expression | None = None
    having: Expression | None = None
    sort: tuple[SortKey, ...] = ()
    head: int | None = None
    select: tuple[str, ...] | None = None
    any_order: bool = False

    @property
    def trivial(self) -> bool:
        """Whether it asks for everything."""
        return self == Query()

    def filtered(self, conditions: Sequence[Expression]) -> Query:
        """Return the question with more conditions, which decide about the rows that there are by then.

        A rank is counted over the rows that earlier conditions leave.
        """
        ranked = self.where is not None and any(map(needs_all_rows, conditions))
        if self.aggregate is None and self.having is None and not ranked:
            return self.where_too(conditions)
        return replace(self, having=all_of([*_given(self.having), *conditions]))

    def where_too(self, conditions: Sequence[Expression]) -> Query:
        """Return the question with more conditions on the rows of the object."""
        return replace(self, where=all_of([*_given(self.where), *conditions]))

    def first(self, rows: int) -> Query:
        """Return the question for at most so many rows; errors: UsageError for a negative number."""
        if rows < 0:
            raise UsageError(f"the first {rows} rows cannot be taken.", hint="Give a number from 0 on.")
        return replace(self, head=rows if self.head is None else min(rows, self.head))


def _given(condition: Expression | None) -> list[Expression]:
    return [] if condition is None else [condition]
