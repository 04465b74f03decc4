"""Where rows go: rows/s and memory of each way to write them, beside the tool's own on the same batches.

Run ``python -m benchmarks.sinks [--quick] [--only NAME] [--rounds N]``. Record batches of 50,000 rows as a read
gives them (texts as dictionaries of their page, ten columns, 60 combinations of year and region in every batch) are
made in the process that writes them, and go through the same interface as those of a read; no server is asked.
Each way is measured in fresh processes, in turn with plain pyarrow, or the tool that the destination belongs to:
seconds, and the peak of memory.

A destination is one entry of ``DESTINATIONS``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.bucket import URI, bucket, filesystem
from benchmarks.measure import machine, median_ratio, peak_rss, table, verdict
from mstr_arrow.adapters.adbc_table import AdbcTableSink
from mstr_arrow.adapters.delta_table import DeltaTableSink
from mstr_arrow.adapters.duckdb_table import DuckDBTableSink
from mstr_arrow.adapters.iceberg_table import IcebergTableSink
from mstr_arrow.adapters.table_sink import choice
from mstr_arrow.files.partitions import PartitionedParquet
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.rolling import PartOptions
from mstr_arrow.grid.texts import deliver_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

ROWS = 10_000_000
BATCH = 50_000
PART_ROWS = 1_000_000
PARTITION_BY = ["Year", "Region"]
HOW = PartOptions(compression="zstd", row_group_rows=131_072, part_rows=None, part_bytes=None)
TARGET_RATIO = 1.2


@dataclass(frozen=True, slots=True)
class Destination:
    """A way to write: ours, and a peer's, each given a number of rows and a new folder.

    ``rss`` is what ours may take at its peak, in MB; None where the tool decides: then `TARGET_RATIO` times what it
    takes by itself. ``needs`` names the modules without which it is left out. Both
    run ``within`` what they need, which takes no time that counts.
    """

    ours: Callable[[int, Path], object]
    peer: Callable[[int, Path], object]
    peer_name: str = "pyarrow"
    rss: float | None = 500.0
    ratio: float = TARGET_RATIO
    rows: int = ROWS
    needs: tuple[str, ...] = ()
    within: Callable[[], AbstractContextManager[object]] = nullcontext


def main() -> int:
    """Measure the destinations, or with ``--one`` one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows: a check that it runs")
    parser.add_argument("--only", choices=tuple(DESTINATIONS), help="this destination alone")
    parser.add_argument("--one", choices=("ours", "peer"), help="write it so, in this process")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured")
    options = parser.parse_args()
    if options.one:
        _write(options.only, options.one, quick=options.quick)
        return 0
    print(f"{machine()}; batches of {BATCH:,} rows; figures are medians\n", flush=True)
    lines, met = [], True
    for name in [options.only] if options.only else DESTINATIONS:
        if missing := [module for module in DESTINATIONS[name].needs if importlib.util.find_spec(module) is None]:
            print(f"{name} is left out: {', '.join(missing)} is not installed")
            continue
        line, good = _measure(name, 1 if options.quick else options.rounds, quick=options.quick)
        lines.append(line)
        print("  " + ", ".join(filter(None, line)), file=sys.stderr, flush=True)
        met = met and good
    print(table(("into", "rows/s", "peak MB", "", "peer", "rows/s", "peak MB", "time beside it", ""), lines))
    return 0 if met or options.quick else 1


def _measure(name: str, rounds: int, *, quick: bool) -> tuple[tuple[str, ...], bool]:
    """Run both ways in turn, and make a line of the table; tell whether the targets are met."""
    destination = DESTINATIONS[name]
    found: dict[str, list[dict[str, float]]] = {"ours": [], "peer": []}
    for _ in range(rounds):
        for who, runs in found.items():
            command = [sys.executable, "-m", "benchmarks.sinks", "--only", name, "--one", who]
            done = subprocess.run(
                [*command, *(["--quick"] if quick else [])], check=True, stdout=subprocess.PIPE, text=True
            )
            runs.append(json.loads(done.stdout.splitlines()[-1]))
    seconds = {who: [run["seconds"] for run in runs] for who, runs in found.items()}
    peak = {who: max(run["peak"] for run in runs) for who, runs in found.items()}
    speed = {who: _rows(destination, quick=quick) / statistics.median(each) for who, each in seconds.items()}
    ratio = median_ratio(seconds["ours"], seconds["peer"])
    most = TARGET_RATIO * peak["peer"] if destination.rss is None else destination.rss
    line = (
        name,
        f"{speed['ours']:,.0f}",
        f"{peak['ours']:.0f}",
        verdict(peak["ours"], round(most), at_most=True),
        destination.peer_name,
        f"{speed['peer']:,.0f}",
        f"{peak['peer']:.0f}",
        f"{ratio:.2f}",
        verdict(ratio, destination.ratio, at_most=True),
    )
    return line, peak["ours"] <= most and ratio <= destination.ratio


def _write(name: str, who: str, *, quick: bool) -> None:
    """Write all rows one way, and print seconds and the peak of this process."""
    destination = DESTINATIONS[name]
    work = destination.ours if who == "ours" else destination.peer
    rows = _rows(destination, quick=quick)
    next(batches(BATCH))
    with destination.within(), tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        work(rows, Path(folder) / "sales")
        seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak": peak_rss()}))


def _rows(destination: Destination, *, quick: bool) -> int:
    return 4 * BATCH if quick else destination.rows


# What is written


def batches(rows: int) -> Iterator[pa.RecordBatch]:
    """Give batches of so many rows in all: eight made once, in turn, with orders of their own."""
    made = [_batch(seed) for seed in range(8)]
    for number in range(rows // BATCH):
        batch = made[number % len(made)]
        orders = pc.add(batch["Order"], pa.scalar(number * BATCH, pa.int64()))
        yield batch.set_column(batch.schema.get_field_index("Order"), SCHEMA.field("Order"), orders)


def reader(rows: int, *, plain: bool = False) -> pa.RecordBatchReader:
    """Give the batches as a reader, as tools take them; with ``plain``, texts are strings."""
    if not plain:
        return pa.RecordBatchReader.from_batches(SCHEMA, batches(rows))
    schema = deliver_batch(_batch(0), "plain").schema
    return pa.RecordBatchReader.from_batches(schema, (deliver_batch(batch, "plain") for batch in batches(rows)))


def _batch(seed: int) -> pa.RecordBatch:
    row = pl.int_range(BATCH, dtype=pl.Int64)
    mixed = (row * 7_919 + seed * 104_729) % 100_003

    def texts(word: str, count: int, first: int = 0) -> pl.Expr:
        names = pl.Series([f"{word} {number}" for number in range(first, first + count)])
        return pl.lit(names).gather((mixed * 31 + seed) % count)

    frame = pl.select(
        Year=2020 + mixed // 12 % 5,
        Region=pl.lit(pl.Series([f"Region {number}" for number in range(12)])).gather(mixed % 12),
        Store=texts("Store", 500),
        Customer=texts("Customer", 5_000, seed * 5_000),
        Product=texts("Product", 2_000),
        Day=pl.date(2020, 1, 1) + pl.duration(days=mixed % 1_826),
        Order=row,
        Units=mixed % 17,
        Revenue=(mixed * 0.1234567).sin() * 1_000,
        Cost=mixed / 7,
    )
    (batch,) = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks().to_batches()
    columns = [
        column.cast(pa.string()).dictionary_encode() if pa.types.is_large_string(column.type) else column
        for column in batch.columns
    ]
    return pa.record_batch(columns, names=batch.schema.names)


SCHEMA = _batch(0).schema


# Files


def into(sink: Any, rows: int) -> None:
    """Write batches as a read does."""
    sink.open()
    sink.start(SCHEMA)
    for batch in batches(rows):
        sink.write(deliver_batch(batch, sink.strings))
    sink.finish()


def _file(rows: int, path: Path) -> None:
    into(HOW.parquet(path), rows)


def _file_by_pyarrow(rows: int, path: Path) -> None:
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for batch in batches(rows):
            writer.write_batch(batch)


def _parts(rows: int, path: Path) -> None:
    into(ParquetParts(path, replace(HOW, part_rows=PART_ROWS), overwrite=False), rows)


def _parts_by_pyarrow(rows: int, path: Path) -> None:
    _dataset(rows, path, max_rows_per_file=PART_ROWS, max_rows_per_group=PART_ROWS)


def _partitions(rows: int, path: Path) -> None:
    sink = PartitionedParquet(path, HOW, partition_by=PARTITION_BY, overwrite=False)
    into(sink, rows)


def _partitions_by_pyarrow(rows: int, path: Path) -> None:
    _dataset(rows, path, partitioning=PARTITION_BY, partitioning_flavor="hive")


def _partitions_in_s3(rows: int, _: Path) -> None:
    into(PartitionedParquet(URI, HOW, partition_by=PARTITION_BY, overwrite=False), rows)


def _partitions_in_s3_by_pyarrow(rows: int, _: Path) -> None:
    place = URI.removeprefix("s3://")
    _dataset(rows, place, partitioning=PARTITION_BY, partitioning_flavor="hive", filesystem=filesystem())


def _dataset(rows: int, path: Path | str, **options: Any) -> None:
    parquet = ds.ParquetFileFormat()
    ds.write_dataset(
        reader(rows),
        path,
        format=parquet,
        file_options=parquet.make_write_options(compression="zstd"),
        **options,
    )


# Tables


def _delta(rows: int, path: Path, by: Sequence[str] = ()) -> None:
    into(DeltaTableSink(path, choice("error", partition_by=by), None, None), rows)


def _delta_by_deltalake(rows: int, path: Path, by: list[str] | None = None) -> None:
    import deltalake

    how = deltalake.WriterProperties(compression="ZSTD")
    incoming = reader(rows, plain=True)
    deltalake.write_deltalake(path, incoming, partition_by=list(by) if by else None, writer_properties=how)


def _catalog(path: Path) -> dict[str, str]:
    """Make a catalogue of Iceberg tables, and give its properties."""
    from pyiceberg.catalog import load_catalog

    path.mkdir()
    properties = {"type": "sql", "uri": f"sqlite:///{path}/catalog.db", "warehouse": f"file://{path}/warehouse"}
    load_catalog("bench", **properties).create_namespace("shop")
    return properties


def _iceberg(rows: int, path: Path) -> None:
    into(IcebergTableSink("bench.shop.sales", choice("error"), _catalog(path)), rows)


def _iceberg_by_pyiceberg(rows: int, path: Path) -> None:
    from pyiceberg.catalog import load_catalog

    incoming = reader(rows, plain=True)
    catalog = load_catalog("bench", **_catalog(path))
    with catalog.create_table_transaction("shop.sales", schema=incoming.schema) as transaction:
        transaction.append(incoming)


def _duckdb(rows: int, path: Path) -> None:
    into(DuckDBTableSink(path, "sales", choice("error")), rows)


def _duckdb_by_duckdb(rows: int, path: Path) -> None:
    import duckdb

    incoming = reader(rows, plain=True)
    with duckdb.connect(path) as connection:
        connection.register("incoming", incoming)
        connection.execute("create table sales as select * from incoming").fetchall()


def _adbc(rows: int, path: Path) -> None:
    into(AdbcTableSink(f"sqlite:///{path}", "sales", choice("error"), None, None), rows)


def _adbc_by_its_driver(rows: int, path: Path) -> None:
    from adbc_driver_sqlite import dbapi

    with dbapi.connect(str(path)) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("sales", reader(rows, plain=True), mode="create")
        connection.commit()


DESTINATIONS: dict[str, Destination] = {
    "parquet": Destination(_file, _file_by_pyarrow),
    "parts": Destination(_parts, _parts_by_pyarrow),
    "partitions": Destination(_partitions, _partitions_by_pyarrow),
    "partitions in S3": Destination(
        _partitions_in_s3, _partitions_in_s3_by_pyarrow, needs=("obstore", "moto", "flask"), within=bucket
    ),
    "delta": Destination(_delta, _delta_by_deltalake, "deltalake", rss=400, needs=("deltalake",)),
    "delta, 60 partitions": Destination(
        partial(_delta, by=PARTITION_BY),
        partial(_delta_by_deltalake, by=PARTITION_BY),
        "deltalake",
        rss=None,
        needs=("deltalake",),
    ),
    "iceberg": Destination(
        _iceberg, _iceberg_by_pyiceberg, "pyiceberg", rows=20_000_000, needs=("pyiceberg", "sqlalchemy")
    ),
    "duckdb": Destination(_duckdb, _duckdb_by_duckdb, "duckdb", rss=None, needs=("duckdb",)),
    "sqlite by ADBC": Destination(
        _adbc, _adbc_by_its_driver, "its driver", rows=2_000_000, needs=("adbc_driver_sqlite",)
    ),
}
"""What is measured, by name, in this order."""


if __name__ == "__main__":
    sys.exit(main())
