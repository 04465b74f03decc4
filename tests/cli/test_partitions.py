"""Hive partitions and folders that grow, by mstr-arrow fetch."""

import json

import polars as pl
import pytest

CUBE = "Sales Cube"

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def sales(run, tmp_path):
    folder = tmp_path / "sales"
    result = run("fetch", CUBE, "-o", f"{folder}/", "--partition-by", "Channel,Region", "--json")
    assert result.code == 0, result.err
    return folder, json.loads(result.out)["objects"][0]


def rows_of(folder):
    return pl.scan_parquet(folder, hive_partitioning=True).collect().sort("Order")


def test_partitions_are_counted_as_parts(sales):
    folder, told = sales
    parts = [path for path in folder.rglob("*") if path.is_file()]
    assert all(part.name == "part-00000.parquet" for part in parts)
    assert (told["parts"], told["bytes"]) == (len(parts), sum(part.stat().st_size for part in parts))
    assert {part.parent.name.partition("=")[0] for part in parts} == {"Region"}
    assert rows_of(folder).height == told["rows"]


def test_partitions_are_replaced_and_parts_added(run, sales):
    folder, _ = sales
    before = rows_of(folder)
    east = ("fetch", CUBE, "-o", f"{folder}/", "--partition-by", "Channel,Region", "--where", "Region = 'East'")
    assert run(*east, "--mode", "replace_partitions").code == 0
    assert rows_of(folder).equals(before)
    assert run(*east, "--mode", "append").code == 0
    assert rows_of(folder).height == before.height + before.filter(pl.col("Region") == "East").height


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mode", "append", "--overwrite"], "--mode and --overwrite exclude each other"),
        (["--mode", "replace_partitions"], "Name their columns, as in --partition-by"),
        (["--partition-by", "Region", "--resume"], "--partition-by and --resume exclude each other"),
        (["--mode", "append", "--resume"], "--mode and --resume exclude each other"),
        (["--partition-by", "Regoin"], "Did you mean 'Region'?"),
        (["--partition-by", "Cost"], "--column-type reads a column as another type"),
        (["--partition-by", "Region,Region"], "'Region' twice"),
    ],
)
def test_what_cannot_be_meant_is_told(run, tmp_path, options, said):
    result = run("fetch", CUBE, "-o", f"{tmp_path}/sales/", *options)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err
    assert [*tmp_path.iterdir()] == []


def test_standard_output_has_no_partitions(run):
    result = run("fetch", CUBE, "-o", "-", "--partition-by", "Region")
    assert (result.code, "need a folder" in result.err) == (2, True)
