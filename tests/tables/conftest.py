"""Tables of each tool: how rows are put into them, and what is in them by what the tool itself reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

from mstr_arrow.adapters.table_sink import choice
from mstr_arrow.config import Limits
from tests.support.numbers import no_session_stays, pages, simulator

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["no_session_stays", "pages", "simulator"]

NEEDED = {
    "delta": "deltalake",
    "iceberg": "pyiceberg.catalog.sql",
    "duckdb": "duckdb",
    "adbc": "adbc_driver_sqlite",
}


@dataclass
class Place:
    """Where a tool keeps a table of a test."""

    tool: str
    folder: Path
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> tuple[Any, ...]:
        """What `write_…` is given in front."""
        return {
            "delta": (self.folder / "sales",),
            "iceberg": ("tests.shop.sales",),
            "duckdb": (self.folder / "sales.duckdb", "sales"),
            "adbc": (f"sqlite:///{self.folder / 'sales.db'}", "sales"),
        }[self.tool]

    def sink(self, mode: str = "error", **how: Any) -> Any:
        """Make a sink as `write_…` does."""
        from mstr_arrow.adapters.adbc_table import AdbcTableSink
        from mstr_arrow.adapters.delta_table import DeltaTableSink
        from mstr_arrow.adapters.duckdb_table import DuckDBTableSink
        from mstr_arrow.adapters.iceberg_table import IcebergTableSink

        replace_where = how.pop("replace_where", None)
        chosen = choice(mode, **how)
        match self.tool:
            case "delta":
                return DeltaTableSink(*self.target, chosen, replace_where, None)
            case "iceberg":
                return IcebergTableSink(*self.target, chosen, self.options["storage_options"])
            case "duckdb":
                return DuckDBTableSink(*self.target, chosen)
        return AdbcTableSink(*self.target, chosen, None, None)

    def put(self, *batches: pa.RecordBatch, mode: str = "error", **how: Any) -> None:
        """Write batches, in one commit."""
        sink = self.sink(mode, **how)
        try:
            sink.open()
            sink.start(batches[0].schema)
            for batch in batches:
                sink.write(batch)
            sink.finish()
        except BaseException:
            sink.abandon()
            raise

    def write(self, scan: Any, **how: Any) -> Any:
        """Write a scan."""
        return getattr(scan, f"write_{self.tool}")(*self.target, **self.options, **how)

    def rows(self) -> pl.DataFrame | None:
        """Read the table by its tool, in order of Number; None where there is none."""
        table = getattr(self, f"_{self.tool}")()
        return None if table is None else pl.DataFrame(pl.from_arrow(table)).sort("Number", nulls_last=True)

    def _delta(self) -> pa.Table | None:
        import deltalake

        if not deltalake.DeltaTable.is_deltatable(str(self.target[0])):
            return None
        reader = (
            deltalake.QueryBuilder().register("t", deltalake.DeltaTable(self.target[0])).execute("select * from t")
        )
        return pa.table(reader)

    def catalog(self) -> Any:
        from pyiceberg.catalog import load_catalog

        return load_catalog("tests", **self.options["storage_options"])

    def _iceberg(self) -> pa.Table | None:
        if not self.catalog().table_exists("shop.sales"):
            return None
        return self.catalog().load_table("shop.sales").scan().to_arrow()

    def _duckdb(self) -> pa.Table | None:
        import duckdb

        with duckdb.connect(self.target[0]) as connection:
            if not connection.execute("select 1 from duckdb_tables() where table_name = 'sales'").fetchall():
                return None
            return pa.table(connection.sql("select * from sales"))

    def _adbc(self) -> pa.Table | None:
        from adbc_driver_sqlite import dbapi

        with dbapi.connect(str(self.folder / "sales.db")) as connection, connection.cursor() as cursor:
            cursor.execute("select count(*) from sqlite_master where name = 'sales'")
            if cursor.fetchone() == (0,):
                return None
            cursor.execute("select * from sales")
            return cursor.fetch_arrow_table()


@pytest.fixture
def numbers(connection):
    """Numbers in 40 pages, of which few are under way."""
    return connection.cube("Numbers", limits=Limits(page_rows=50, concurrency=2, buffer_bytes=40_000))


@pytest.fixture(params=NEEDED)
def place(request, tmp_path):
    """A place for a table of each tool in turn."""
    return _place(request.param, tmp_path)


@pytest.fixture
def delta(tmp_path):
    return _place("delta", tmp_path)


@pytest.fixture
def iceberg(tmp_path):
    return _place("iceberg", tmp_path)


@pytest.fixture
def duckdb(tmp_path):
    return _place("duckdb", tmp_path)


@pytest.fixture
def adbc(tmp_path):
    return _place("adbc", tmp_path)


def _place(tool: str, folder: Path) -> Place:
    pytest.importorskip(NEEDED[tool])
    found = Place(tool, folder)
    if tool == "iceberg":
        catalog = {
            "type": "sql",
            "uri": f"sqlite:///{folder}/catalog.db",
            "warehouse": f"file://{folder}/warehouse",
        }
        found.options = {"storage_options": catalog}
        found.catalog().create_namespace("shop")
    return found


def batch(numbers: list[int | None], value: float = 0.0, **more: Any) -> pa.RecordBatch:
    """Make rows of Number, Word and Double."""
    words = pa.array([None if number is None else f"w{number}" for number in numbers], pa.string())
    columns = {"Number": pa.array(numbers, pa.int64()), "Word": words}
    return pa.record_batch({**columns, "Double": pa.array([value] * len(numbers)), **more})
