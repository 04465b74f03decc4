"""Tables of DuckDB as sinks; an extra."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.adapters.sql_names import name_parts
from mstr_arrow.adapters.table_columns import Holding
from mstr_arrow.adapters.table_sink import TableSink
from mstr_arrow.errors import UsageError
from mstr_arrow.paths import path_to_write
from mstr_arrow.query.sql_conditions import quote

if TYPE_CHECKING:
    from mstr_arrow.adapters.table_sink import Choice

# ruff: noqa: S608 - names are quoted, and SQL takes them in no other way

_COMING = quote("mstr_arrow_coming")
_STAGED = f"temp.{quote('mstr_arrow_staged')}"


class DuckDBTableSink(TableSink):
    """A table of a DuckDB file, or of the database of a connection, written in one transaction.

    Of a caller's connection a cursor is used: what it has under way is neither seen nor committed.
    """

    holding = Holding("DuckDB tables", unsigned=True, letter_case=False)

    def __init__(self, database: Any, table: str, chosen: Choice) -> None:
        self._duckdb = _duckdb()
        self._parts = name_parts(table, 3)
        self._path: str | None = None
        if isinstance(database, str | os.PathLike):
            self._path = str(path_to_write(database).absolute())
            if os.fspath(database).startswith(":memory:"):
                raise UsageError(
                    "a database in memory is gone when its connection is.",
                    hint="Give a path, or an open connection.",
                )
        elif not isinstance(database, self._duckdb.DuckDBPyConnection):
            raise UsageError(
                f"the database is {database!r}.", hint="Give the path of a DuckDB file, or a connection of DuckDB."
            )
        super().__init__(chosen, f"the table {table}" + (f" of {self._path}" if self._path else ""))
        self._database = database
        self._connection: Any = None
        self._name = ""

    def _look(self) -> pa.Schema | None:
        self._connection = self._duckdb.connect(self._path) if self._path else self._database.cursor()
        catalog, schema, table = self._whole_name()
        self._name = ".".join(map(quote, (catalog, schema, table)))
        found = self._ask(
            "select table_type from information_schema.tables where lower(table_catalog) = lower(?) "
            "and lower(table_schema) = lower(?) and lower(table_name) = lower(?)",
            catalog,
            schema,
            table,
        )
        if found is None:
            return None
        if found[0] == "VIEW":
            raise UsageError(f"{self._where} is a view.", hint="Give another name.")
        rows = self._connection.sql(f"select * from {self._name} limit 0")
        return pa.RecordBatchReader.from_stream(rows).schema

    def _whole_name(self) -> tuple[str, str, str]:
        """Return the names of database, schema and table, so that no file and no variable can be meant."""
        database, schema = self._ask("select current_database(), current_schema()")
        match self._parts:
            case (table,):
                return database, schema, table
            case (first, table):
                known = self._ask(
                    "select 1 from information_schema.schemata "
                    "where catalog_name = ? and lower(schema_name) = lower(?)",
                    database,
                    first,
                )
                return (database, first, table) if known else (first, "main", table)
        first, second, table = self._parts
        return first, second, table

    def _ask(self, statement: str, *values: str) -> Any:
        return next(iter(self._connection.execute(statement, list(values)).fetchall()), None)

    def _run(self, statement: str) -> None:
        """Run a statement to its end, so that none is under way at the next."""
        self._connection.execute(statement).fetchall()

    def _load(self, reader: pa.RecordBatchReader) -> None:
        run = self._run
        self._connection.register(_COMING.strip('"'), reader)
        run("begin")
        try:
            self._fill()
            run("commit")
        except BaseException:
            with suppress(Exception):  # DuckDB has ended the transaction itself
                run("rollback")
            raise
        finally:
            self._connection.unregister(_COMING.strip('"'))

    def _fill(self) -> None:
        run = self._run
        if self._there is None:
            run(f"create table {self._name} as select * from {_COMING}")
            return
        for name, kind in self._columns_to_add():
            run(f"alter table {self._name} add column {quote(name)} {kind}")
        if self._choice.mode == "merge":
            self._merge()
            return
        if self._choice.mode == "overwrite":
            run(f"delete from {self._name}")
        run(f"insert into {self._name} by name select * from {_COMING}")

    def _merge(self) -> None:
        """Update rows of known keys and add the others; the keys are never written, so that they may be indexed."""
        run, keys = self._run, self._choice.keys
        names = self._fit.schema.names if self._fit else []
        same = " and ".join(f"kept.{quote(key)} = come.{quote(key)}" for key in keys)
        changes = ", ".join(f"{quote(name)} = come.{quote(name)}" for name in names if name not in keys)
        run(f"create temp table {_STAGED} as select * from {_COMING}")
        if changes:
            run(f"update {self._name} as kept set {changes} from {_STAGED} as come where {same}")
        run(
            f"insert into {self._name} by name select * from {_STAGED} as come "
            f"where not exists (select 1 from {self._name} as kept where {same})"
        )
        run(f"drop table {_STAGED}")

    def _columns_to_add(self) -> list[tuple[str, str]]:
        """Return the columns that the table is to be given, with DuckDB's types."""
        if self._fit is None or not self._fit.added:
            return []
        empty = pa.Table.from_batches([], self._fit.schema).select(list(self._fit.added))
        columns = self._connection.from_arrow(empty)
        return [(name, str(kind)) for name, kind in zip(columns.columns, columns.types, strict=True)]

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise UsageError("DuckDB is not installed.", hint="pip install 'mstr-arrow[duckdb]'") from error
    return duckdb
