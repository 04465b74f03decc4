"""Extractions that nobody kills: what is read again, what is left, what is refused."""

from __future__ import annotations

import asyncio
import json
import time

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import SchemaChanged, UsageError
from mstr_arrow.extract.on_disk import FolderOnDisk
from mstr_arrow.instances.freshness import fetch_publication
from mstr_arrow.simulator import Fault, Simulator

LIMITS = ma.Limits(page_rows=500, concurrency=2)


def reads(server):
    return sum(request.answer_rows for request in server.requests if "/instances" in request.path)


@pytest.fixture
def cube(connection):
    return connection.cube("Sales Cube", limits=LIMITS)


def test_a_whole_folder_is_left_as_it_is(simulator, cube, tmp_path):
    first = cube.extract(tmp_path / "sales", part_rows=700)
    before = reads(simulator)
    again = cube.extract(tmp_path / "sales", part_rows=700)
    assert (first.skipped, again.skipped, again.rows, again.parts) == (False, True, 2_000, 3)
    assert reads(simulator) == before


def test_parts_are_as_long_as_asked_for_and_told_in_the_manifest(opened, tmp_path):
    with opened() as connection:
        connection.cube("Sales Cube").extract(tmp_path / "sales", part_rows=2_100)
    manifest = json.loads((tmp_path / "sales" / "_manifest.json").read_text())
    assert [part["rows"] for part in manifest["parts"]] == [2_100, 2_100, 1_800]
    assert (manifest["complete"], manifest["rows"], manifest["data_time"]) == (True, 6_000, "2026-01-15 08:30:00")
    assert manifest["asked"]["name"] == "Sales Cube"
    assert manifest["columns"]["Units"] == "int64"


def test_if_changed_reads_only_what_was_published_since(server, opened, tmp_path):
    with opened() as connection:
        cube = connection.cube("Sales Cube")
        assert not cube.extract(tmp_path / "sales", if_changed=True).skipped
        assert cube.extract(tmp_path / "sales", if_changed=True).skipped
        server.republish("Sales Cube", rows=3_000)
        done = cube.extract(tmp_path / "sales", if_changed=True)
    assert (done.skipped, done.rows, done.data_time) == (False, 3_000, "2026-01-15 08:31:00")
    assert pl.scan_parquet(tmp_path / "sales" / "*.parquet").select(pl.len()).collect().item() == 3_000


def test_the_time_of_data_is_that_of_the_instance_though_they_are_published_as_it_begins(
    server, opened, tmp_path, monkeypatch
):
    asked = []

    async def publish_then(*given):
        asked.append(await fetch_publication(*given))
        if len(asked) == 1:
            await asyncio.to_thread(server.republish, "Sales Cube", rows=7_000)
        return asked[-1]

    monkeypatch.setattr("mstr_arrow.extract.extraction.fetch_publication", publish_then)
    with opened() as connection:
        cube = connection.cube("Sales Cube", limits=LIMITS)
        assert cube.extract(tmp_path / "sales").rows == 7_000
        assert cube.extract(tmp_path / "sales", if_changed=True).skipped


def test_if_changed_says_where_nobody_tells_and_reads(tmp_path):
    with Simulator(rows=500, monitors_caches=False, gzip=False) as server:
        with ma.connect(server.url, username=server.username, password=server.password) as connection:
            cube = connection.cube("Sales Cube")
            cube.extract(tmp_path / "sales", if_changed=True)
            done = cube.extract(tmp_path / "sales", if_changed=True)
        assert not done.skipped
        assert done.why_no_data_time == "this login may not monitor the caches of cubes"


def test_conditions_and_columns_are_those_of_the_scan(cube, tmp_path):
    scan = cube.filter((ma.col("Units") > 50) & (ma.col("Channel") != "Web")).select("Order", "Units")
    done = scan.extract(tmp_path / "some", part_rows=100)
    got = pl.read_parquet(tmp_path / "some" / "*.parquet").sort("Order")
    assert got.equals(scan.to_polars().sort("Order"))
    assert done.rows == len(got) > 0


def test_a_selection_is_added_up_and_in_order(cube, tmp_path):
    scan = cube.aggregate("Region", "Channel", "Units")
    scan.extract(tmp_path / "some")
    got = pl.read_parquet(tmp_path / "some" / "*.parquet")
    assert got.sort("Region", "Channel").equals(scan.to_polars().sort("Region", "Channel"))


def test_no_rows_are_one_part(cube, tmp_path):
    done = cube.filter(ma.col("Units") > 1_000_000).extract(tmp_path / "none")
    assert (done.rows, done.parts) == (0, 1)
    assert "Order" in pl.read_parquet(tmp_path / "none" / "*.parquet").columns


def test_a_report_is_extracted_and_has_no_data_time(connection, tmp_path):
    report = connection.report("Plain Report")
    done = report.extract(tmp_path / "report", if_changed=True)
    assert done.rows == report.count_rows() > 0
    assert done.why_no_data_time == "the server keeps no such time of reports"


def test_a_run_that_fails_is_gone_on_with(simulator, cube, tmp_path):
    simulator.fail(Fault.html(502).on("GET", r"/instances/", skip=3, times=None))
    try:
        with pytest.raises(ma.MstrError):
            cube.extract(tmp_path / "sales", part_rows=500)
    finally:
        simulator.heal()
    seen = []
    done = cube.extract(tmp_path / "sales", part_rows=500, on_progress=seen.append)
    assert done.rows == seen[-1].rows == 2_000
    assert done.resumed - 64 == seen[-1].rows_before > 0
    assert done.continued
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sales"]


def test_the_deadline_is_over_all_of_a_run(simulator, connection, tmp_path):
    sales = connection.cube("Sales Cube", limits=LIMITS, deadline=0.5)
    simulator.fail(Fault.slow(20).on("GET", r"/monitors/"))  # looked at before any row is read
    began = time.monotonic()
    try:
        with pytest.raises(ma.errors.TimeoutExceeded, match=r"within 0\.5 s"):
            sales.extract(tmp_path / "sales", part_rows=500)
    finally:
        simulator.heal()
    assert time.monotonic() - began < 15
    assert sales.with_options(deadline=None).extract(tmp_path / "sales").rows == 2_000


def test_rows_of_former_runs_do_not_count_where_it_began_again(tmp_path):
    """Nobody tells when the data were published, so it is the rows that show it."""
    with Simulator(rows=2_000, monitors_caches=False, gzip=False) as server:

        def extract():
            with ma.connect(server.url, username=server.username, password=server.password) as connection:
                cube = connection.cube("Sales Cube", limits=LIMITS)
                return cube.extract(tmp_path / "sales", part_rows=500, on_change="restart")

        server.fail(Fault.html(502).on("GET", r"/instances/", skip=3, times=None))
        with pytest.raises(ma.MstrError):
            extract()
        server.heal()
        server.republish("Sales Cube", seed=1)
        done = extract()
    assert (done.restarted, done.resumed, done.continued, done.rows) == (True, 0, False, 2_000)


@pytest.mark.parametrize("way", ["head", "top", "sort"])
def test_an_order_of_ones_own_is_refused(cube, tmp_path, way):
    scan = {"head": cube.head(5), "top": cube.top(5, "Units"), "sort": cube.sort("Units")}[way]
    with pytest.raises(UsageError, match="total order"):
        scan.extract(tmp_path / "sales")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("report", ["Cross-tab Metrics Last", "Metrics On Rows"])
def test_what_the_server_cannot_sort_is_refused(connection, tmp_path, report):
    with pytest.raises(UsageError, match=r"total order.*write_parquet"):
        connection.report(report).extract(tmp_path / "report")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_not_touched(cube, tmp_path):
    (tmp_path / "sales").mkdir()
    (tmp_path / "sales" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        cube.extract(tmp_path / "sales", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_parts_and_extractions_replace_each_other_if_asked(cube, tmp_path):
    folder = tmp_path / "sales"
    cube.write_parquet(folder, part_rows=500)
    with pytest.raises(UsageError, match="no manifest"):
        cube.extract(folder)
    assert cube.extract(folder, part_rows=1_000, overwrite=True).parts == 2
    with pytest.raises(UsageError, match="not empty"):
        cube.write_parquet(folder, part_rows=500)
    cube.write_parquet(folder, part_rows=500, overwrite=True)
    assert sorted(path.name for path in folder.iterdir()) == [f"part-0000{n}.parquet" for n in range(4)]


def test_another_question_does_not_go_on_with_this_one(cube, tmp_path):
    cube.extract(tmp_path / "sales")
    other = cube.filter(ma.col("Units") > 50)
    with pytest.raises(UsageError, match="something else"):
        other.extract(tmp_path / "sales")
    with pytest.raises(UsageError, match="something else"):
        other.extract(tmp_path / "sales", if_changed=True)
    assert other.extract(tmp_path / "sales", overwrite=True).rows < 2_000


def test_two_at_once_are_one_too_many(cube, tmp_path):
    other = FolderOnDisk(tmp_path / "sales")
    other.lock()
    try:
        with pytest.raises(UsageError, match="another process extracts"):
            cube.extract(tmp_path / "sales")
    finally:
        other.unlock()
    assert cube.extract(tmp_path / "sales").rows == 2_000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"part_rows": 0}, "part_rows is 0"),
        ({"on_change": "ask"}, "on_change"),
        ({"compression": "zip"}, "zip"),
        ({"verify": "all"}, "verify='all'"),
    ],
)
def test_wrong_options_are_refused_at_once(cube, tmp_path, options, said):
    with pytest.raises(UsageError, match=said):
        cube.extract(tmp_path / "sales", **options)
    assert list(tmp_path.iterdir()) == []


def test_other_columns_than_last_time_are_refused_before_anything_is_written_unless_they_are_taken(
    opened, tmp_path
):
    stores = pl.DataFrame({"store": ["Lyon", "Paris"], "revenue": [1.5, 2.5]})
    more = stores.with_columns(pl.Series("visits", [7.0, 8.0]))
    with opened() as connection:
        connection.write("Stores", stores)
        connection.cube("Stores").extract(tmp_path / "stores")
        before = (tmp_path / "stores" / "_manifest.json").read_bytes()
        connection.write("Stores", more, mode="replace", schema_mode="add")
        with pytest.raises(SchemaChanged, match=r"of 'Stores' are not those of the last time: .* 'visits' \(.*new"):
            connection.cube("Stores").extract(tmp_path / "stores", overwrite=True)
        assert [path.name for path in tmp_path.iterdir()] == ["stores"]
        assert (tmp_path / "stores" / "_manifest.json").read_bytes() == before
        done = connection.cube("Stores").extract(tmp_path / "stores", overwrite=True, schema_mode="add")
    assert [(each.kind, each.name) for each in done.changes] == [("new", "visits")]
    assert "visits" in pl.scan_parquet(tmp_path / "stores" / "*.parquet").collect_schema().names()
