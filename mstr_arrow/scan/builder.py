"""The builder of a scan: which rows and columns, and what the server tells of them before they are read."""

from __future__ import annotations

from contextlib import asynccontextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from mstr_arrow.errors import UsageError
from mstr_arrow.fetch.collect import count_all
from mstr_arrow.fetch.read_options import ScanOptions
from mstr_arrow.fetch.resolver import Resolver, Whole
from mstr_arrow.fetch.watermark_reader import WatermarkReader
from mstr_arrow.given import check_type
from mstr_arrow.query.query import Query, SortKey
from mstr_arrow.query.reference import ColumnReference, conditions_of, names_of
from mstr_arrow.query.since import read_since
from mstr_arrow.query.sql_conditions import from_sql
from mstr_arrow.scan.remarks import warn_of, warn_of_less
from mstr_arrow.signatures import takes
from mstr_arrow.wording import name_path, naming

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from typing import Self, Unpack

    import polars as pl
    import pyarrow as pa

    from mstr_arrow.fetch.base_reader import Sliceable
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.fetch.readers import Reader
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.instances.source import Source
    from mstr_arrow.query.expressions import Expression
    from mstr_arrow.query.since import Grown, Overlap, Since
    from mstr_arrow.session.session_client import Client

    OnProgress = Callable[[ScanStats], object] | None

T = TypeVar("T", bound="Sliceable")
R = TypeVar("R")

Names: TypeAlias = "str | ColumnReference | Sequence[str | ColumnReference]"
"""A column by name or `col`, or one list of columns in place of several arguments."""


class ScanBuilder:
    """A scan without its ways out: choose rows and columns, and look at schema, count and plan."""

    def __init__(self, client: Client, source: Source, options: ReadOptions) -> None:
        self._client = client
        self._resolver: Resolver = Resolver(client.session, source, options, Query(), Whole())
        self._schema: pa.Schema | None = None
        self._since: Since | None = None
        self._last: Reader[Any] | None = None

    @takes(ScanOptions)
    def with_options(self, **options: Unpack[ScanOptions]) -> Self:
        """Return the same scan, read otherwise; an instance that only told the schema is not shared with it.

        `ScanOptions` lists what may be chosen.
        """
        return self._with_resolver(self._resolver.anew(options=self._resolver.options.with_options(options)))

    def _with(self, query: Query) -> Self:
        return self._with_resolver(self._resolver.with_query(query))

    def _with_resolver(self, resolver: Resolver) -> Self:
        other = copy(self)
        other._resolver, other._schema, other._last = resolver, None, None  # noqa: SLF001 - its own
        return other

    # Which rows and columns

    def aggregate(self, *columns: Names) -> Self:
        """Return a scan of these attributes and metrics, in this order; the server adds up the rest.

        **With fewer attributes than the object has, the server adds metrics up over those left out.** `select`
        leaves columns out and keeps the rows. Columns are given by name, as ``Attribute@FORM``, by id, or as
        ``ma.col(…)``; an attribute's name stands for all its forms. The level is the attribute, also where one
        form of it is named; attributes alone give their combinations, metrics alone one row. Call `filter` before
        it for conditions on the object's rows, after it for those on what was added up.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").aggregate("Region", "Units").to_arrow().num_columns
        2
        """
        return self._with(self._resolver.query.aggregated(names_of(columns, name_path("Scan.aggregate()"))))

    def select(self, *columns: Names, any_order: bool = False) -> Self:
        """Return a scan with these columns of the result, in this order, and all its rows.

        A later `filter` or `sort` may name columns that were left out, a later `select` may not.

        Of more rows than fit into a page, the server is asked for less where it makes as many rows of that, which
        takes a request or two to know: metrics that are not needed are left out there, with ``any_order=True`` or
        `sort` attributes, too, for without them rows may come in another order. The rest is left out here.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").select("Units", "Region").to_arrow().shape
        (2000, 2)
        """
        return self._with(
            self._resolver.query.selected(names_of(columns, name_path("Scan.select()")), any_order=any_order)
        )

    def filter(self, *conditions: Expression | pl.Expr) -> Self:
        """Return a scan of the rows for which all conditions hold.

        Before `aggregate` they decide about the rows of the object, after it about those that were added up.

        Conditions are made with ``mstr_arrow.col`` and joined by ``&``, ``|`` and ``~``. What the server certainly
        answers is asked of it, and everything is checked again here: the result is what filtering all rows with
        Polars would give. `explain` shows what is sent.

        A Polars expression that looks at one row is a condition, too, whatever functions it calls; it names columns
        as the result does. What it says in words that the server has is sent. Aggregations, ``over``, ``shift`` and
        their like see rows together, so they are refused: filter `lazy` by them. Beside ``&`` and ``|``, a
        condition of ``mstr_arrow.col`` comes before one of Polars.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     sales = conn.cube("Sales Cube")
        ...     sales.filter((ma.col("Units") >= 3) & ma.col("Region").is_in(["East", "West"])).count_rows() > 0
        ...     sales.filter(pl.col("Region") == "East", ma.col("Units") >= 3).count_rows() > 0
        True
        True
        """
        return self._with(self._resolver.query.filtered(conditions_of(conditions)))

    def filter_sql(self, condition: str) -> Self:
        """Return a scan as `filter` does, of a condition as SQL writes it after WHERE; needs the extra ``sql``.

        ::

            sales.filter_sql("Region in ('East') and Units > 90")
        """
        return self.filter(from_sql(condition))

    def since(
        self,
        column: str | ColumnReference,
        value: Grown | None = None,
        *,
        overlap: Overlap | None = None,
        inclusive: bool = True,
    ) -> Self:
        """Return a scan of what came since: rows whose ``column`` is at ``value`` or after it; all for None.

        ``column`` is one of dates, timestamps or numbers that grow, or of texts that begin with the year. Every
        read notes its highest value, without a second look at the rows: `ScanStats.highest`. Keep that, and give it
        as ``value`` next time; it is None where no row came, and then the former one counts on.

        ``overlap`` reads as far before ``value`` once more, for rows that come late: ``"3 days"``, a timedelta, or
        a number where the column holds numbers. Written beside former rows, some are there twice then, unless
        they are merged by keys or replace whole partitions; ``inclusive=False`` leaves the rows at ``value``
        out, for a destination that can only be appended to. What is deleted, or changed further back, is not
        seen. A read whose highest value is below ``value`` warns: the object was loaded with less. `extract`,
        which goes on over several runs, notes no highest value.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     sales = conn.cube("Sales Cube").since("Day")
        ...     rows = sales.to_arrow().num_rows
        ...     last = sales.stats.highest
        ...     rows, type(last).__name__, conn.cube("Sales Cube").since("Day", last).count_rows() < rows
        (2000, 'date', True)
        """
        (name,) = names_of((column,), name_path("Scan.since()"))
        chosen = read_since(name, value, overlap, inclusive=inclusive)
        condition = chosen.condition()
        other = self if condition is None else self.filter(condition)
        other = copy(other)
        other._since = chosen  # noqa: SLF001 - its own
        return other

    def sort(self, *columns: Names, descending: bool | Sequence[bool] = False) -> Self:
        """Return a scan whose rows are sorted by these columns, in Polars' order, empty values last.

        Where they are equal an earlier `sort` decides.

        Holds all rows until the last has come. With `head`, and columns of numbers or dates, the server sorts and
        only the first rows are read.
        """
        names = names_of(columns, name_path("Scan.sort()"))
        check_type("descending", descending, (bool, list, tuple), "True, False, or a list of these")
        orders = [descending] * len(names) if isinstance(descending, bool) else list(descending)
        for order in orders:
            check_type("an order in descending", order, bool, "True or False")
        if len(orders) != len(names):
            raise UsageError(
                f"{len(orders)} orders were given for {len(names)} columns to sort by.",
                hint=naming("Give {Scan.sort.descending=True} for all columns, or a list with an order for each."),
            )
        keys = tuple(SortKey(name, order) for name, order in zip(names, orders, strict=True))
        return self._with(self._resolver.query.sorted_by(keys))

    def head(self, rows: int) -> Self:
        """Return a scan of the first rows; hardly more than these are read where no condition runs here.

        `filter`, `sort` and `aggregate` come before it; `lazy` keeps any order of calls.
        """
        return self._with(self._resolver.query.first(rows))

    def top(self, rows: int, column: str | ColumnReference) -> Self:
        """Return a scan of the rows with the greatest values, the greatest first."""
        return self.sort(column, descending=True).head(rows)

    def explain(self) -> str:
        """Describe the requests to the server, the work that is done here and why, and how much will come.

        Makes an instance and looks at its first row, as `schema` does; the next read uses it.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     print(conn.cube("Sales Cube").filter(ma.col("Units") > 90).head(5).explain())
        asks the server: POST /api/v2/cubes/.../instances
        ...
        decided by the server: Units > 90
        reads 5 of the ... rows that this makes on the server...
        """
        return self._client.run(self._resolver.explain())

    async def explain_async(self) -> str:
        """Describe the scan as `explain` does, without blocking the event loop."""
        return await self._client.bridge(self._resolver.explain())

    # Before reading

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the result, texts as dictionaries.

        Asked for the first time, creates an instance and reads one row of it; the next read uses that
        instance. Each field's metadata holds ``mstr.role``, ``mstr.id``, ``mstr.data_type`` and, of an attribute's
        form, ``mstr.form_id`` and the names ``mstr.attribute`` and ``mstr.form``.
        """
        return self._client.run(self._get_schema())

    async def schema_async(self) -> pa.Schema:
        """Return `schema`."""
        return await self._client.bridge(self._get_schema())

    def count_rows(self) -> int:
        """Return the number of rows of the result; creates an instance as `schema` does.

        Reads the rows where only that tells: where conditions run here, and for cross-tabs.
        """
        return self._client.run(self._count_rows())

    async def count_rows_async(self) -> int:
        """Return the number of rows as `count_rows` does, without blocking the event loop."""
        return await self._client.bridge(self._count_rows())

    @property
    def stats(self) -> ScanStats | None:
        """The counts and times of the latest read of this scan, under way or over; None before the first."""
        return self._last.stats() if self._last else None

    # Reads, on the background loop

    async def _get_schema(self) -> pa.Schema:
        return self._schema or await self._fresh_schema()

    async def _fresh_schema(self) -> pa.Schema:
        self._schema = await self._resolver.schema()
        return self._schema

    async def _count_rows(self) -> int:
        known = await self._resolver.count_rows()
        if known is not None:
            return known

        async def count() -> int:
            async with self._open_reader(lambda batch: batch, None) as reader:
                return await count_all(reader)

        return await self._resolver.once_more(count)

    def _pass_on(self, result: R) -> R:
        """Warn of the bad values of the latest read, where the caller of the caller is."""
        if self._last is not None:
            stats = self._last.stats()
            warn_of(stats.bad_values, getattr(self, "name", None), consistent=stats.consistent, stacklevel=3)
            self._warn_of_less(stats, stacklevel=3)
        return result

    def _warn_of_less(self, stats: ScanStats, *, stacklevel: int) -> None:
        """Warn where the highest value is below that of a former read, so many frames up."""
        if self._since is not None and isinstance(self._last, WatermarkReader):
            warn_of_less(self._since, stats.highest, getattr(self, "name", None), stacklevel=stacklevel + 1)

    @asynccontextmanager
    async def _open_reader(
        self, convert: Callable[[pa.RecordBatch], T], on_progress: OnProgress
    ) -> AsyncIterator[Reader[T]]:
        reader = await self._open(convert, on_progress)
        try:
            yield reader
        finally:
            await reader.aclose()

    async def _open(self, convert: Callable[[pa.RecordBatch], T], on_progress: OnProgress) -> Reader[T]:
        opened = await self._resolver.open(convert, on_progress)
        reader = opened if self._since is None else await _watch_column(opened, self._since)
        self._last, self._schema = reader, reader.schema
        return reader


async def _watch_column(reader: Reader[T], since: Since) -> WatermarkReader[T]:
    """Have a read note the highest value of a column; errors: UsageError for one that does not grow."""
    try:
        return WatermarkReader(reader, since.subject(reader.schema))
    except BaseException:
        await reader.aclose()
        raise
