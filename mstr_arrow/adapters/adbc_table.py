"""Tables of any database with an ADBC driver as sinks; an extra, and the driver is the caller's."""

from __future__ import annotations

import importlib
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mstr_arrow.adapters.sql_names import name_parts
from mstr_arrow.adapters.table_columns import Holding
from mstr_arrow.adapters.table_sink import TableSink
from mstr_arrow.errors import TableError, UsageError
from mstr_arrow.query.sql_conditions import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from mstr_arrow.adapters.table_sink import Choice

# ruff: noqa: S608 - names are quoted, and SQL takes them in no other way

_PACKAGES = {"postgres": "postgresql", "grpc": "flightsql", "grpc+tls": "flightsql", "file": "sqlite"}
"""Drivers whose name is not the scheme of their addresses."""
_FILES = {"sqlite", "duckdb"}
"""Databases that are a file: after their scheme and three slashes comes its path."""
_STAGED = "mstr_arrow_staged"


class AdbcTableSink(TableSink):
    """A table of a database, given by its address or as an open connection, written in one transaction.

    Of a caller's connection a clone is used: what it has under way is neither seen nor committed. A database that
    has no transactions is refused.
    """

    holding = Holding("databases", types_told=False)

    def __init__(
        self, database: Any, table: str, chosen: Choice, driver: str | None, options: Mapping[str, str] | None
    ) -> None:
        self._dbapi = _dbapi()
        self._parts = name_parts(table, 3)
        if chosen.partition_by:
            raise UsageError("tables of databases have no partitions here.", hint="Leave partition_by out.")
        if chosen.schema_mode == "add":
            raise UsageError(
                "columns cannot be added by ADBC.", hint="Add them in the database: alter table … add column …"
            )
        if isinstance(database, str):
            self._driver = driver or _driver_of(database)
        elif not isinstance(database, self._dbapi.Connection):
            raise UsageError(
                f"the database is of type {type(database).__name__}.",
                hint="Give its address, such as 'postgresql://host/database', or an open connection of ADBC.",
            )
        super().__init__(chosen, f"the table {table}")
        self._database = database
        self._options = dict(options or {})
        self._connection: Any = None

    def _look(self) -> pa.Schema | None:
        if self._connection is None:
            self._connection = self._open_connection()
        names = self._place()
        try:
            return self._connection.adbc_get_table_schema(
                self._parts[-1],
                catalog_filter=names.get("catalog_name"),
                db_schema_filter=names.get("db_schema_name"),
            )
        except self._dbapi.Error:
            self._connection.rollback()
            return None

    def _open_connection(self) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Cannot disable autocommit")
            if isinstance(self._database, str):
                connection = _connect(self._dbapi, self._driver, self._database, self._options)
            else:
                connection = self._database.adbc_clone()
        if not connection._commit_supported:  # noqa: SLF001 - told by a warning alone
            connection.close()
            raise TableError(
                f"{self._where} is not written: its driver has no transactions, and half of the rows could show.",
                hint="Write Parquet files, and load these by the database's own means.",
            )
        return connection

    def _place(self) -> dict[str, str]:
        """Return database and schema of the table, as `adbc_ingest` takes them."""
        return dict(zip(("db_schema_name", "catalog_name"), reversed(self._parts[:-1]), strict=False))

    def _load(self, reader: pa.RecordBatchReader) -> None:
        try:
            with self._connection.cursor() as cursor:
                self._fill(cursor, reader)
            self._connection.commit()
        except BaseException:
            with suppress(Exception):  # the database has ended the transaction itself
                self._connection.rollback()
            raise

    def _fill(self, cursor: Any, reader: pa.RecordBatchReader) -> None:
        table = self._parts[-1]
        if self._choice.mode == "merge" and self._there is not None:
            self._merge(cursor, reader)
            return
        if self._choice.mode == "overwrite" and self._there is not None:
            cursor.execute(f"DELETE FROM {self._name}")
        cursor.adbc_ingest(table, reader, mode="create" if self._there is None else "append", **self._place())

    def _merge(self, cursor: Any, reader: pa.RecordBatchReader) -> None:
        staged = quote(_STAGED)
        names = ", ".join(map(quote, self._fit.schema.names if self._fit else []))
        keys = ", ".join(map(quote, self._choice.keys))
        sides = f"({keys})" if len(self._choice.keys) > 1 else keys
        cursor.adbc_ingest(_STAGED, reader, mode="create", temporary=True)
        # Not EXISTS, for which SQLite goes through all staged rows for each row of the table.
        cursor.execute(f"DELETE FROM {self._name} WHERE {sides} IN (SELECT {keys} FROM {staged})")
        cursor.execute(f"INSERT INTO {self._name} ({names}) SELECT {names} FROM {staged}")
        cursor.execute(f"DROP TABLE {staged}")

    @property
    def _name(self) -> str:
        return ".".join(map(quote, self._parts))

    def _secrets(self) -> Mapping[str, str]:
        password = urlsplit(self._database).password if isinstance(self._database, str) else None
        return self._options | ({"password": password} if password else {})

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _dbapi() -> Any:
    try:
        import adbc_driver_manager.dbapi
    except ImportError as error:
        raise UsageError(
            "the driver manager of ADBC is not installed.",
            hint="pip install 'mstr-arrow[adbc]', and the database's driver: pip install adbc-driver-postgresql",
        ) from error
    return adbc_driver_manager.dbapi


def _driver_of(address: str) -> str:
    """Return which driver an address is for.

    >>> _driver_of("postgres://db/sales"), _driver_of("sqlite:///sales.db")
    ('postgresql', 'sqlite')
    """
    scheme, colon, _ = address.partition(":")
    if not colon or "/" in scheme:
        raise UsageError(
            "the address of the database has no scheme.",
            hint="Begin it by one, such as postgresql://, sqlite:/// or snowflake://, or name the driver.",
        )
    return _PACKAGES.get(scheme, scheme)


def _connect(dbapi: Any, driver: str, address: str, options: Mapping[str, str]) -> Any:
    """Connect by the package of a driver where it is installed, else by what the driver manager finds."""
    try:
        package = importlib.import_module(f"adbc_driver_{driver}.dbapi")
    except ImportError:
        return dbapi.connect(driver, address, db_kwargs=dict(options))
    if driver in _FILES:
        address = address.removeprefix(f"{driver}:///")
    return package.connect(address, **({"db_kwargs": dict(options)} if options else {}))
