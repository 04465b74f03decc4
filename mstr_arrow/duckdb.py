"""Scans as DuckDB tables; an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import dataset

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.texts import deliver_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mstr_arrow.scan.scan import Scan

__all__ = ["register"]

_LAZY_SINCE = 2
"""The first DuckDB that asks a lazy frame for what a query needs; those before collect it whole, and keep it."""


def register(connection: Any, scan: Scan, name: str, *, stream: bool = False) -> None:
    """Make a scan a table of a DuckDB connection, which is read anew by each query that is run over it.

    There are two ways, and neither holds more than one extraction for each time that a query names the table:

    * DuckDB 2.0 and later is given ``scan.lazy()``, and asks it for the columns and rows that a query needs:
      comparisons with constants, IN and IS NULL go to the server as far as they do in Polars; LIKE, functions,
      ``>`` on doubles (because of NaN) and LIMIT do not. Holds the rows that are left as one table.
    * ``stream=True``, and any DuckDB before, is given batches as they come: all rows, of the columns the query
      needs. Holds the pages under way. A query with LIMIT ends the read.

    So take the stream where most rows are wanted. DuckDB turns our errors into errors of its own, with their text.
    A cursor is a connection of its own, which has its own tables.

    A scan that is no more than a Python variable can be queried, too: as a stream of all its columns, which DuckDB
    before 2.0 reads for one execution of a relation only.

    Errors: UsageError where DuckDB is not installed, and those of `Scan.schema`.

    ::

        con = duckdb.connect()
        ma.duckdb.register(con, conn.cube("Sales Cube"), "sales")
        con.sql("select Region, sum(Units) from sales where Day >= date '2024-01-01' group by 1")
    """
    table = scan.lazy() if _lazily() and not stream else _Streamed(scan)
    scan.schema  # noqa: B018 - asked for here, its errors are ours, not DuckDB's
    connection.register(name, table)


def _lazily() -> bool:
    try:
        import duckdb  # asked for only here
    except ImportError as error:
        raise UsageError("DuckDB is not installed.", hint="pip install 'mstr-arrow[duckdb]'") from error
    return int(duckdb.__version__.partition(".")[0]) >= _LAZY_SINCE


class _Streamed(dataset.Dataset):  # type: ignore[misc]  # pyarrow has no types
    """A scan as far as DuckDB uses a dataset: it is the one thing that every DuckDB opens anew for each query."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan

    @property
    def schema(self) -> pa.Schema:
        """The schema, texts as plain strings."""
        return deliver_schema(self._scan.schema, "plain")

    def scanner(self, columns: Sequence[str] | None = None, filter: Any = None) -> _Scanner:  # noqa: A002 - its name
        """Begin an extraction of some columns, and of the rows that a filter keeps, when it is read."""
        return _Scanner(self._scan, columns, filter)


class _Scanner:
    """The part of a dataset's scanner that DuckDB uses."""

    def __init__(self, scan: Scan, columns: Sequence[str] | None, condition: Any) -> None:
        self._scan = scan
        self._columns = columns
        self._condition = condition

    def to_reader(self) -> pa.RecordBatchReader:
        """Open the read; the filter may use columns that are not asked for."""
        names = self._scan.schema.names if not self._columns else list(self._columns)
        batches = self._scan.to_batches(strings="plain")
        schema = pa.schema([batches.schema.field(name) for name in names])
        return pa.RecordBatchReader.from_batches(schema, self._batches(batches, names))

    def _batches(self, batches: Iterator[pa.RecordBatch], names: list[str]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            kept = rows if self._condition is None else rows.filter(self._condition)
            yield from kept.select(names).to_batches()
