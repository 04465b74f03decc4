"""A DuckDB for one statement, in which scans are tables."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from mstr_arrow.adapters.in_memory_duckdb import not_run, open_database
from mstr_arrow.errors import MstrError, UsageError
from mstr_arrow.grid.texts import deliver_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.scan.scan import Scan

BATCH_ROWS = 2**16
_LOADED = "what is being loaded"


class Database:
    """An empty database, in memory; needs the extra ``duckdb``. Errors: UsageError where it is not installed."""

    def __init__(self) -> None:
        self._connection = open_database()
        self._duckdb = import_module("duckdb")
        # Or a table that does not exist would be looked for among our own variables.
        self._connection.execute("set python_enable_replacements = false")
        self._connection.execute("set enable_progress_bar = false")
        self._feeds: list[_Feed] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def interrupt(self) -> None:
        """End what another thread runs."""
        self._connection.interrupt()

    def load_extensions(self, statement: str) -> str:
        """Run the ``INSTALL`` and ``LOAD`` that stand before a query, and return the query.

        Errors: UsageError for what is not one query, and for an extension that cannot be had.
        """
        kinds = self._duckdb.StatementType
        with self._explain_errors():
            parts = self._connection.extract_statements(statement)
        if not parts or parts[-1].type != kinds.SELECT or any(part.type != kinds.LOAD for part in parts[:-1]):
            raise UsageError(
                "that is not one query.",
                hint="Write a SELECT, or what gives rows like it; PIVOT with its columns: ON Region IN ('a', 'b'). "
                "Nothing but INSTALL and LOAD of DuckDB's extensions may stand before it.",
            )
        with self._explain_errors():
            for part in parts[:-1]:
                self._connection.execute(part)
        return statement if len(parts) == 1 else str(parts[-1].query)

    def plan(self, statement: str, schemas: Mapping[str, pa.Schema]) -> list[str]:
        """Have a query planned over tables like these, but without rows, and return the columns of its result.

        Errors: UsageError for columns, functions and types that do not fit.
        """
        for name, schema in schemas.items():
            self._connection.register(name, pa.Table.from_batches([], deliver_schema(schema, "plain")))
        with self._explain_errors():
            columns = self._connection.sql(statement).columns
        for name in schemas:
            self._connection.unregister(name)
        return list(columns)

    def add(self, names: Sequence[str], scan: Scan, on_progress: Callable[[ScanStats], object]) -> None:
        """Make a scan a table that can be read once, while a query runs."""
        feed = _Feed(scan, on_progress)
        self._feeds.append(feed)
        for name in names:
            self._connection.register(name, feed)

    def load(self, names: Sequence[str], scan: Scan, on_progress: Callable[[ScanStats], object]) -> None:
        """Read a scan into a table of these names, to be read as often as a query likes; holds all of it."""
        first, *others = map(_quote, names)
        self.add([_LOADED], scan, on_progress)
        with self._explain_errors():
            self._connection.execute(f"create temp table {first} as from {_quote(_LOADED)}")
            for name in others:
                self._connection.execute(f"create temp view {name} as from {first}")
        self._connection.unregister(_LOADED)

    def query(self, statement: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Run a query and return its result, which is made while it is read.

        Errors, also while reading: UsageError with DuckDB's words; those of the scans as they are.
        """
        with self._explain_errors():
            if hasattr(self._duckdb.DuckDBPyRelation, "to_arrow_reader"):
                reader = self._connection.sql(statement).to_arrow_reader(BATCH_ROWS)
            else:  # before DuckDB 2.0 this, and only this, makes no copy of all rows first
                reader = self._connection.execute(statement).fetch_record_batch(BATCH_ROWS)
        return reader.schema, self._batches(reader)

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        while True:
            with self._explain_errors():
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    return
            yield batch

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        """Raise the error of a scan where DuckDB has only its text."""
        try:
            yield
        except (self._duckdb.Error, pa.ArrowException, OSError) as error:
            for feed in self._feeds:
                if feed.error is not None:
                    raise feed.error from None
            raise not_run("statement", error) from error


class _Feed:
    """A scan as DuckDB reads it, which keeps its error."""

    def __init__(self, scan: Scan, on_progress: Callable[[ScanStats], object]) -> None:
        self._scan = scan
        self._on_progress = on_progress
        self.error: MstrError | None = None

    def __arrow_c_schema__(self) -> object:
        return self._schema().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self._schema(), self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _schema(self) -> pa.Schema:
        return deliver_schema(self._scan.schema, "plain")

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            with self._scan.to_batches(strings="plain", on_progress=self._on_progress) as batches:
                yield from batches
        except MstrError as error:
            self.error = error
            raise


def _quote(name: str) -> str:
    """Write a name for SQL.

    >>> print(_quote('the "big" cube'))
    "the ""big"" cube"
    """
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
