"""A query about an object: columns, conditions, order, how many rows. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.given import check_type
from mstr_arrow.query.expressions import all_of, needs_all_rows, polars_conditions
from mstr_arrow.wording import name_path, naming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.query.expressions import Expression
    from mstr_arrow.wording import Wording


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column that rows are sorted by; empty values come last either way."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to an object, in the names its author used. Its methods take calls in the order they were made.

    ``where`` decides about the rows of the object. ``aggregate`` names the attributes and metrics that remain: with
    fewer attributes, the server adds metrics up. ``having`` decides about the rows that this makes. They are
    sorted by ``sort``, the first ``head`` are taken, and of their columns those of ``select``, which are among
    those of each earlier selection in ``within``. ``any_order``: without ``sort``, rows may come in another order
    than that of the object as a whole. A call that no such query can stand for is a UsageError.
    """

    aggregate: tuple[str, ...] | None = None
    where: Expression | None = None
    having: Expression | None = None
    sort: tuple[SortKey, ...] = ()
    head: int | None = None
    select: tuple[str, ...] | None = None
    within: tuple[tuple[str, ...], ...] = ()
    any_order: bool = False

    @property
    def trivial(self) -> bool:
        """Whether it asks for everything."""
        return self == Query()

    @property
    def polars_digests(self) -> tuple[str, ...]:
        """Keys that tell its Polars expressions from others of the same text."""
        found = (polars_conditions(each) for each in (self.where, self.having) if each is not None)
        return tuple(condition.digest for conditions in found for condition in conditions)

    def filtered(self, conditions: Sequence[Expression]) -> Query:
        """Return the query with more conditions, which decide about the rows that there are by then.

        A rank is counted over the rows that earlier conditions leave.
        """
        self._refuse_after_head(name_path("Scan.filter()"))
        ranks = any(map(needs_all_rows, conditions))
        if ranks and self.having is not None:
            raise UsageError(
                naming("a rank cannot follow {Scan.filter()} after {Scan.aggregate()}, or after another rank."),
                hint=naming("Rank in one {Scan.filter()}, or use {Scan.lazy()}, which keeps the order of calls."),
            )
        ranked = ranks and self.where is not None
        if self.aggregate is None and self.having is None and not ranked:
            return replace(self, where=all_of([*_as_list(self.where), *conditions]))
        return replace(self, having=all_of([*_as_list(self.having), *conditions]))

    def aggregated(self, columns: tuple[str, ...]) -> Query:
        """Return the query with metrics added up to the level of the attributes that are named."""
        self._refuse_after_head(name_path("Scan.aggregate()"))
        if self.aggregate is not None:
            raise UsageError(
                naming("{Scan.aggregate()} was called before."),
                hint=naming("Name all that remains in one {Scan.aggregate()}."),
            )
        if self.having is not None:
            raise UsageError(
                naming("{Scan.aggregate()} cannot follow a rank among the rows that another {Scan.filter()} left."),
                hint=naming("Group {Scan.lazy()}, which keeps the order of calls."),
            )
        for call, given in ((name_path("Scan.select()"), self.select), (name_path("Scan.sort()"), self.sort)):
            if given:
                raise UsageError(
                    naming("{Scan.aggregate()} cannot follow {call}.", call=call),
                    hint=naming("Call {Scan.aggregate()} before {call}, or group {Scan.lazy()}.", call=call),
                )
        return replace(self, aggregate=columns)

    def selected(self, columns: tuple[str, ...], *, any_order: bool = False) -> Query:
        """Return the query for some of its columns, in this order."""
        within = self.within if self.select is None else (*self.within, self.select)
        return replace(self, select=columns, within=within, any_order=self.any_order or any_order)

    def sorted_by(self, keys: tuple[SortKey, ...]) -> Query:
        """Return the query with rows sorted by keys; earlier ones decide where these are equal."""
        self._refuse_after_head(name_path("Scan.sort()"))
        return replace(self, sort=(*keys, *self.sort))

    def first(self, rows: int) -> Query:
        """Return the query for at most so many rows; errors: UsageError for a negative number, or one too large."""
        check_type("the number of rows", rows, int, "a whole number from 0 on")
        if not 0 <= rows < 2**63:
            raise UsageError(f"the first {rows} rows cannot be taken.", hint="Give a number from 0 on.")
        return replace(self, head=rows if self.head is None else min(rows, self.head))

    def _refuse_after_head(self, call: Wording) -> None:
        if self.head is not None:
            raise UsageError(
                naming("{call} cannot follow {Scan.head()} or {Scan.top()}, which leave rows out.", call=call),
                hint=naming("Call {call} first, or use {Scan.lazy()}, which keeps the order of calls.", call=call),
            )


def _as_list(condition: Expression | None) -> list[Expression]:
    return [] if condition is None else [condition]
