"""Data into a bucket, by the command line."""

import polars as pl
import pytest

pytestmark = pytest.mark.usefixtures("server")


@pytest.mark.parametrize("command", [["fetch", "Sales Cube"], ["sql", "from 'Sales Cube'"]])
@pytest.mark.parametrize("name", ["x.parquet", "x.csv"])
def test_a_file_goes_into_a_bucket(run, s3, command, name):
    if command[0] == "sql":
        pytest.importorskip("duckdb")
    result = run(*command, "-o", s3.uri(f"nightly/{name}"))
    assert result.code == 0, result.err
    assert f"{s3.uri('nightly')}/{name}, " in result.err
    read = pl.read_parquet if name == "x.parquet" else pl.read_csv
    assert read(s3.read(f"nightly/{name}")).height == 2_000


def test_a_folder_goes_into_a_bucket(run, s3):
    result = run("fetch", "Sales Cube", "-o", s3.uri("out/"), "--part-rows", 900)
    assert result.code == 0, result.err
    assert f"{s3.uri('out')}/, 3 parts, 1" in result.err
    again = run("fetch", "Sales Cube", "-o", s3.uri("out/"))
    assert again.code == 2
    assert "is not empty.\nGive another, or have it replaced: --overwrite." in again.err


def test_a_bucket_that_is_not_there_is_told(run, s3):
    assert s3.names() == []
    result = run("fetch", "Sales Cube", "-o", "s3://no-such-bucket/x.csv")
    assert result.code == 2
    assert "'s3://no-such-bucket/x.csv' cannot be written: there is no such bucket.\nMake the bucket" in result.err


def test_several_objects_go_into_a_bucket(run, s3):
    result = run("fetch", "Sales Cube", "One Row", "-o", s3.uri("out/"))
    assert result.code == 0, result.err
    assert s3.names() == ["out/One Row.parquet", "out/Sales Cube.parquet"]


def test_a_list_goes_into_a_bucket(run, s3):
    result = run("ls", "-o", s3.uri("cubes.csv"))
    assert result.code == 0, result.err
    assert "Sales Cube" in s3.read("cubes.csv").decode()
