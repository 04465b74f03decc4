"""``fetch --since``: only what is not in the folder yet, into partitions or as parts that are added."""

import polars as pl
import pytest

CUBE = "Sales Cube"


def rows_in(folder):
    files = pl.scan_parquet(folder / "**/*.parquet", hive_partitioning=True)
    return files.collect().select("Order", "Day").sort("Order").rows()


@pytest.fixture
def sales(connection):
    return connection.cube(CUBE).select("Order", "Day").to_polars().sort("Order")


@pytest.mark.one_in(2)
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "into",
    [["--mode", "append"], ["--mode", "replace_partitions", "--partition-by", "Day", "--overlap", "3 days"]],
    ids=["append", "replace_partitions"],
)
def test_what_came_since_joins_what_is_there(run, tmp_path, sales, into):
    fetch = ("fetch", CUBE, "-o", f"{tmp_path}/lake/", "--columns", "Order,Day", "--since", "Day", *into)
    half = run(*fetch, "--where", "Day < '2024-01-01'")
    assert half.code == 0, half.err
    first = sales.filter(pl.col("Day") < pl.date(2024, 1, 1))
    assert rows_in(tmp_path / "lake") == first.rows()
    whole = run(*fetch)
    assert whole.code == 0, whole.err
    assert rows_in(tmp_path / "lake") == sales.rows()
    read = int(whole.err.split(" rows in ")[0].replace(",", "").split()[-1])
    assert len(sales) - len(first) <= read < len(sales) - len(first) + 50


@pytest.mark.usefixtures("server")
def test_partitions_are_folders_by_the_values_of_columns(run, tmp_path, connection):
    assert run("fetch", CUBE, "-o", f"{tmp_path}/lake/", "--partition-by", "Region,Channel").code == 0
    found = {path.parent.relative_to(tmp_path / "lake").as_posix() for path in tmp_path.rglob("part-*")}
    pairs = connection.cube(CUBE).select("Region", "Channel").to_polars().unique()
    assert found == {f"Region={region}/Channel={channel}" for region, channel in pairs.rows()}


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "x/", "--since", "Day"], "in place of all that is there"),
        (["-o", "x.parquet", "--since", "Day"], "as --mode; or have a job merge rows"),
        (["-o", "x/", "--since", "Day", "--mode", "append", "--overlap", "1 day"], "they would be there twice"),
        (
            ["-o", "x/", "--since", "Day", "--mode", "replace_partitions", "--partition-by", "Region"],
            "Name 'Day' among --partition-by",
        ),
        (["-o", "x/", "--since", "Dya", "--mode", "append"], "Did you mean 'Day'?"),
        (
            ["-o", "x/", "--since", "Day", "--mode", "append", "--head", "5"],
            "--since and --head exclude each other",
        ),
        (["-o", "x/", "--overlap", "3 days"], "--overlap is for --since"),
        (["-o", "x/", "--resume", "--mode", "append"], "--mode and --resume exclude each other"),
        (["-o", "x/", "--resume", "--partition-by", "Day"], "--partition-by and --resume exclude each other"),
    ],
)
def test_what_would_lose_or_double_rows_is_refused(run, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    result = run("fetch", CUBE, *options)
    assert (result.code, said in result.err) == (2, True), result.err
    assert [*tmp_path.iterdir()] == []
