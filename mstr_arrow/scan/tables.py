"""The tables that a scan can be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.adapters.adbc_table import AdbcTableSink
from mstr_arrow.adapters.delta_table import DeltaTableSink
from mstr_arrow.adapters.duckdb_table import DuckDBTableSink
from mstr_arrow.adapters.iceberg_table import IcebergTableSink
from mstr_arrow.adapters.table_sink import choice
from mstr_arrow.scan.writable import Writable

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from mstr_arrow.adapters.table_sink import Mode, SchemaMode
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.query.expressions import Expression

    OnProgress = Callable[[ScanStats], object] | None
    Names = str | Sequence[str]


class Tabular(Writable):
    """A scan that can be written to tables.

    A table changes in one commit, after the last row: until then, and where the read fails, it is as it was. If the
    instance is gone in the middle, the rows are dropped and read again.

    ``mode`` says what becomes of a table that is there, and of one that is not:

    ================== =========================================== =================
    mode               a table that is there                       one that is not
    ================== =========================================== =================
    ``error``          is refused                                  is made
    ``append``         gets the rows beside its own                is refused
    ``create_append``  gets the rows beside its own                is made
    ``overwrite``      loses its rows for the new ones             is made
    ``merge``          gets the rows in place of those whose       is made
                       ``keys`` they have, the others beside them
    ================== =========================================== =================

    Columns are found by their names, and must be those of the table. ``schema_mode="add"`` adds to the table what
    is new, and leaves empty what does not come. A value may get a wider type, never a narrower one. Each row must
    have all its ``keys``, and no two rows the same; they are held to see that.

    Errors: UsageError, before a row is written, for a table that is there or is not, columns and types that do not
    fit, and an extra that is not installed; TableError for what the tool refuses, and for keys of several rows.
    """

    def write_delta(
        self,
        table: str | os.PathLike[str] | Any,
        *,
        mode: Mode = "error",
        keys: Names = (),
        replace_where: Expression | str | None = None,
        schema_mode: SchemaMode = "fixed",
        partition_by: Names = (),
        storage_options: Mapping[str, str] | None = None,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to a Delta table, and return what was done; needs the extra ``delta``.

        ``table`` is its folder, a URI that deltalake knows, with ``storage_options``, or a `deltalake.DeltaTable`.
        With ``mode="overwrite"``, ``replace_where`` is the condition on the rows that are replaced, of
        ``mstr_arrow.col`` or as SQL writes it; rows that it does not hold for are refused. A new table is
        partitioned by ``partition_by``. Delta has no times of day, nor numbers of 64 bits without a sign.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").write_delta("sales").rows
        2000
        """
        sink = DeltaTableSink(table, choice(mode, keys, schema_mode, partition_by), replace_where, storage_options)
        return self._warn_of_losses(self._client.run(self._write(sink, on_progress)))

    async def write_delta_async(
        self,
        table: str | os.PathLike[str] | Any,
        *,
        mode: Mode = "error",
        keys: Names = (),
        replace_where: Expression | str | None = None,
        schema_mode: SchemaMode = "fixed",
        partition_by: Names = (),
        storage_options: Mapping[str, str] | None = None,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to a Delta table as `write_delta` does, without blocking the event loop."""
        sink = DeltaTableSink(table, choice(mode, keys, schema_mode, partition_by), replace_where, storage_options)
        return self._warn_of_losses(await self._client.bridge(self._write(sink, on_progress)))

    def write_iceberg(
        self,
        table: str | Any,
        *,
        mode: Mode = "error",
        schema_mode: SchemaMode = "fixed",
        partition_by: Names = (),
        storage_options: Mapping[str, str] | None = None,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to an Iceberg table, and return what was done; needs the extra ``iceberg``.

        ``table`` is ``catalog.namespace.table``, with the catalogue of pyiceberg's configuration or of
        ``storage_options``, or a `pyiceberg.table.Table`. Rows are not merged. A new table is partitioned by the
        values of ``partition_by``. Holds about 64 MB of rows several times.
        """
        sink = IcebergTableSink(table, choice(mode, (), schema_mode, partition_by), storage_options)
        return self._warn_of_losses(self._client.run(self._write(sink, on_progress)))

    async def write_iceberg_async(
        self,
        table: str | Any,
        *,
        mode: Mode = "error",
        schema_mode: SchemaMode = "fixed",
        partition_by: Names = (),
        storage_options: Mapping[str, str] | None = None,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to an Iceberg table as `write_iceberg` does, without blocking the event loop."""
        sink = IcebergTableSink(table, choice(mode, (), schema_mode, partition_by), storage_options)
        return self._warn_of_losses(await self._client.bridge(self._write(sink, on_progress)))

    def write_duckdb(
        self,
        database: str | os.PathLike[str] | Any,
        table: str,
        *,
        mode: Mode = "error",
        keys: Names = (),
        schema_mode: SchemaMode = "fixed",
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to a table of DuckDB, and return what was done; needs the extra ``duckdb``.

        ``database`` is the path of its file, which is made where it is not there, or an open connection, of which
        a cursor is used. ``table`` may be ``schema.table``; names with a dot stand in double quotes.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").write_duckdb("sales.duckdb", "sales").rows
        2000
        """
        sink = DuckDBTableSink(database, table, choice(mode, keys, schema_mode))
        return self._warn_of_losses(self._client.run(self._write(sink, on_progress)))

    async def write_duckdb_async(
        self,
        database: str | os.PathLike[str] | Any,
        table: str,
        *,
        mode: Mode = "error",
        keys: Names = (),
        schema_mode: SchemaMode = "fixed",
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to a table of DuckDB as `write_duckdb` does, without blocking the event loop."""
        sink = DuckDBTableSink(database, table, choice(mode, keys, schema_mode))
        return self._warn_of_losses(await self._client.bridge(self._write(sink, on_progress)))

    def write_adbc(
        self,
        database: str | Any,
        table: str,
        *,
        mode: Mode = "error",
        keys: Names = (),
        driver: str | None = None,
        driver_options: Mapping[str, str] | None = None,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to a table of a database with an ADBC driver; needs the extra ``adbc``, and the driver.

        ``database`` is its address (``postgresql://…``, ``sqlite:///sales.db``, ``snowflake://…``), whose scheme
        tells the driver unless ``driver`` does, or an open connection of ADBC, of which a clone is used, with a
        transaction of its own. ``driver_options`` are those of the driver. Columns cannot be added. A database
        without transactions is refused.
        """
        sink = AdbcTableSink(database, table, choice(mode, keys), driver, driver_options)
        return self._warn_of_losses(self._client.run(self._write(sink, on_progress)))

    async def write_adbc_async(
        self,
        database: str | Any,
        table: str,
        *,
        mode: Mode = "error",
        keys: Names = (),
        driver: str | None = None,
        driver_options: Mapping[str, str] | None = None,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to a table of a database as `write_adbc` does, without blocking the event loop."""
        sink = AdbcTableSink(database, table, choice(mode, keys), driver, driver_options)
        return self._warn_of_losses(await self._client.bridge(self._write(sink, on_progress)))
