"""What type checkers make of the public API; mypy checks this file, nothing runs it."""

from __future__ import annotations

from typing import Any, assert_type

import polars as pl
import pyarrow as pa

import mstr_arrow as ma
from mstr_arrow.compat.mstrio import MstrioObject
from mstr_arrow.prompts import Answers
from mstr_arrow.secrets import Secret, env, keyring


def connecting() -> None:
    with ma.connect("bi.example.com", username="ann", password=env("PASSWORD"), project="Retail") as conn:
        assert_type(conn, ma.Connection)
        assert_type(conn.in_project("Finance"), ma.Connection)
    assert_type(env("PASSWORD"), Secret)
    assert_type(keyring("bi", "ann"), Secret)
    settings = ma.Settings(timeouts=ma.Timeouts(execute=60), limits=ma.Limits(page_rows=1000))
    assert_type(ma.connect("bi.example.com", settings=settings).closed, bool)


async def connecting_from_a_loop() -> None:
    async with ma.connect_async("bi.example.com", api_key=env("TOKEN")) as conn:
        assert_type(conn, ma.Connection)
        assert_type(await conn.cube_async("Sales"), ma.Cube)
        assert_type(await conn.report_async("Daily", subtotals="keep"), ma.Report)
        assert_type(await conn.write_async("Stores", {}), ma.WriteResult)


def refreshing(conn: ma.Connection) -> None:
    publication = conn.cube("Sales").refresh(wait=False, timeout=60, on_progress=lambda status: status.message)
    assert_type(publication, ma.Publication)
    assert_type(publication.wait(), ma.PublicationStatus)
    assert_type(publication.proof, str | None)
    assert_type(conn.cube("Sales").status, ma.CubeStatus)
    assert_type(conn.caches()[0].load(), ma.CubeCache)
    assert_type(conn.caches().table(), pa.Table)


def scans_stay_what_they_are(conn: ma.Connection) -> None:
    cube = conn.cube("Sales", concurrency=2, limits=ma.Limits(), row_counts=True)
    assert_type(cube, ma.Cube)
    assert_type(cube.info, ma.CubeInfo)
    assert_type(cube.select("Region", "Units"), ma.Cube)
    assert_type(cube.filter((ma.col("Year") >= 2024) & ma.col("Region").is_in(["East"])), ma.Cube)
    assert_type(cube.filter(pl.col("Region") == "East", (ma.col("Year") > 2024) | pl.col("Flag")), ma.Cube)
    assert_type(cube.aggregate("Region", "Units").sort("Units", descending=True).head(5), ma.Cube)
    assert_type(cube.with_options(ordered=False), ma.Cube)
    assert_type(conn.report("Daily").page_by(Year=2024), ma.Report)
    assert_type(conn.report("Daily").answers, Answers)


def ways_out(cube: ma.Cube) -> None:
    assert_type(cube.to_polars(), pl.DataFrame)
    assert_type(cube.lazy(), pl.LazyFrame)
    assert_type(cube.to_arrow(), pa.Table)
    assert_type(cube.to_pandas(), Any)
    assert_type(cube.schema, pa.Schema)
    assert_type(cube.count_rows(), int)
    assert_type(cube.to_batches(), ma.Batches)
    for batch in cube:
        assert_type(batch, pa.RecordBatch)
    assert_type(cube.write_parquet("sales.parquet"), ma.ScanStats)
    assert_type(cube.since("Day", "2024-01-31", overlap="3 days"), ma.Cube)
    assert_type(cube.write_delta("sales", mode="merge", keys=["Order"]), ma.ScanStats)
    assert_type(cube.write_duckdb("sales.duckdb", "sales"), ma.ScanStats)
    assert_type(cube.extract("sales", part_rows=1000), ma.ExtractResult)
    assert_type(cube.explain(), str)
    assert_type(MstrioObject(cube).selected_metrics, list[str])


async def twins(cube: ma.Cube) -> None:
    assert_type(await cube.to_polars_async(), pl.DataFrame)
    assert_type(await cube.to_arrow_async(), pa.Table)
    assert_type(await cube.count_rows_async(), int)
    assert_type(await cube.write_parquet_async("sales.parquet"), ma.ScanStats)
    assert_type(await cube.write_iceberg_async("c.n.sales", mode="append"), ma.ScanStats)
    assert_type(await cube.write_adbc_async("sqlite:///x.db", "sales"), ma.ScanStats)
    assert_type(await cube.extract_async("sales"), ma.ExtractResult)
    async for batch in cube:
        assert_type(batch, pa.RecordBatch)


def ways_in(conn: ma.Connection, stores: pl.LazyFrame) -> None:
    assert_type(conn.write("Stores", stores, mode="upsert", attributes=["opened"]), ma.WriteResult)
    cube = ma.SuperCube(conn, name="Stores")
    cube.add_table("stores", stores)
    assert_type(cube.create(force=True), ma.WriteResult)
    assert_type(cube.id, str | None)


def mistakes_are_seen(conn: ma.Connection) -> None:
    conn.cube("Sales", concurrancy=2)  # type: ignore[call-arg]
    conn.write("Stores", {}, atributes=["opened"])  # type: ignore[call-arg]
    conn.report("Daily", layout="tydy")  # type: ignore[arg-type]
    conn.cube("Sales").extract("sales", part_row=1000)  # type: ignore[call-arg]
    conn.cube("Sales").write_delta("sales", mode="replace")  # type: ignore[arg-type]
    conn.get("status", param={})  # type: ignore[call-arg]


def subscriptions(conn: ma.Connection, report: ma.Report) -> None:
    mail = ma.delivery.Email(subject="Sales", expiration="2030-01-31")
    made = conn.subscribe("Daily", [report], "Every Morning", conn.users("ann*"), mail, allow_unsubscribe=True)
    assert_type(made, ma.Subscription)
    assert_type(made.update(name="Weekly", delivery=ma.delivery.HistoryList()), ma.Subscription)
    assert_type(made.wait(timeout=5), ma.DeliveryStatus)
    assert_type(conn.subscriptions(owner="ann").table(), pa.Table)
    assert_type(conn.user("ann").add_address("Office", "ann@example.com"), ma.Address)
    assert_type(conn.user().name, str)
    conn.subscribe("Daily", report, [], "ann", mail, allow_unsubscribed=True)  # type: ignore[call-arg]
    conn.subscribe("Daily", report, [], "ann", "EMAIL")  # type: ignore[arg-type]
