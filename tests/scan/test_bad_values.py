"""``on_bad_value``: what does not fit its column is an error, or null that is counted and told once."""

from __future__ import annotations

import asyncio
import json
import warnings

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
from mstr_arrow.config import Limits
from mstr_arrow.errors import ConversionError, DataChanged, DataLossWarning, UsageError
from mstr_arrow.simulator import Fault
from tests.support.bad_days import BAD_AMOUNT, BAD_DAY, BAD_OPENED, ROWS

ALL = {"Event@Opened": "null", "Day": "null", "Amount": "null"}
SMALL = Limits(page_rows=100)
FEW_AHEAD = Limits(page_rows=100, concurrency=1, buffer_bytes=30_000)


SAID = (
    "Bad Days: 4 values of 'Event@Opened' did not fit and became null ('0000-00-00' in row 2, '0000-00-00' in "
    "row 302, '0000-00-00' in row 602, …); 1 value of 'Day' did not fit and became null ('never' in row 5); "
    "elements that it told apart may have become one; 2 values of 'Amount' did not fit and became null ('n/a' in "
    "row 3, 'n/a' in row 503)."
)


@pytest.fixture
def bad_days(connection):
    """Bad Days in ten pages, with null in place of bad values."""
    return connection.cube("Bad Days", limits=SMALL, on_bad_value=ALL)


def test_a_bad_value_ends_the_read_and_the_error_names_both_ways_on(connection):
    with pytest.raises(ConversionError, match="'0000-00-00' in column 'Event@Opened', row 2") as caught:
        connection.cube("Bad Days", on_bad_value={"Day": "null", "Amount": "null"}).to_arrow()
    assert "on_bad_value={'Event@Opened': 'null'}" in str(caught.value)
    assert "types={'Event@Opened': pa.string()}" in str(caught.value)


def exhausted(batches):
    return sum(len(batch) for batch in batches)


async def exhausted_async(scan):
    return sum([len(batch) async for batch in scan])


WAYS = {
    "to_arrow": lambda scan, _: scan.to_arrow().num_rows,
    "to_polars": lambda scan, _: scan.to_polars().height,
    "to_arrow_async": lambda scan, _: asyncio.run(scan.to_arrow_async()).num_rows,
    "to_batches": lambda scan, _: exhausted(scan.to_batches()),
    "for": lambda scan, _: exhausted(scan),
    "async for": lambda scan, _: asyncio.run(exhausted_async(scan)),
    "to_reader": lambda scan, _: scan.to_reader().read_all().num_rows,
    "C stream": lambda scan, _: pa.table(scan).num_rows,
    "lazy": lambda scan, _: scan.lazy().collect().height,
    "sorted": lambda scan, _: scan.sort("Amount").to_arrow().num_rows,
    "write_parquet": lambda scan, path: scan.write_parquet(path / "a.parquet").result_rows,
    "write_parquet_async": lambda scan, path: asyncio.run(scan.write_parquet_async(path / "a.parquet")).result_rows,
    "write_csv": lambda scan, path: scan.write_csv(path / "a.csv").result_rows,
    "write_ipc": lambda scan, path: scan.write_ipc(path / "a.arrow").result_rows,
    "extract": lambda scan, path: scan.extract(path / "folder").rows,
    "extract_async": lambda scan, path: asyncio.run(scan.extract_async(path / "folder")).rows,
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_out_tells_once_of_all_bad_values(bad_days, tmp_path, way):
    with pytest.warns(DataLossWarning) as caught:
        assert WAYS[way](bad_days, tmp_path) == ROWS
    assert [str(each.message) for each in caught] == [SAID]
    if way in {"to_arrow", "to_batches", "write_parquet", "extract"}:
        assert caught[0].filename == __file__


def test_the_values_are_null_and_the_statistics_count_them(bad_days):
    with pytest.warns(DataLossWarning):
        table = bad_days.to_arrow()
    null = {name: [row for row in range(ROWS) if not table[name][row].is_valid] for name in table.column_names}
    assert null == {"Event@ID": [], "Event@Opened": BAD_OPENED, "Day": [BAD_DAY], "Amount": BAD_AMOUNT}
    found = bad_days.stats.bad_values
    assert {name: each.count for name, each in found.items()} == {"Event@Opened": 4, "Day": 1, "Amount": 2}
    assert found["Event@Opened"].first == (
        (2, "'0000-00-00'", None),
        *((row, "'0000-00-00'", None) for row in (302, 602)),
    )
    assert [name for name, each in found.items() if each.of_key] == ["Day"]
    assert isinstance(found["Day"], ma.BadValues)


def test_null_for_all_columns_needs_the_names_of_forms_that_tell_elements_apart(connection):
    with pytest.raises(ConversionError, match="'never' in column 'Day', row 5"):
        connection.cube("Bad Days", on_bad_value="null").to_arrow()
    texts = connection.cube("Bad Days", on_bad_value="null", types={"Day": pa.string()})
    with pytest.warns(DataLossWarning):
        assert texts.to_arrow()["Day"].null_count == 0
    assert set(texts.stats.bad_values) == {"Event@Opened", "Amount"}


def test_what_has_no_bad_values_says_nothing(connection):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        connection.cube("Sales Cube", on_bad_value="null").to_arrow()


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"Dya": "null"}, "on_bad_value= names 'Dya', which is no column of this result. Did you mean 'Day'?"),
        ("skip", "on_bad_value='skip' is not known. Choose 'raise' or 'null'"),
        ({"Day": "skip"}, "is not known. Choose 'raise' or 'null'"),
        (["Day"], "is not known. Choose 'raise' or 'null'"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused(connection, choice, words):
    with pytest.raises(UsageError) as caught:
        connection.cube("Bad Days", on_bad_value=choice).schema  # noqa: B018 - it reads
    assert words in str(caught.value)


# Conditions


def test_conditions_run_here_where_the_server_sees_a_value(bad_days):
    opened = ma.col("Event@Opened")
    with pytest.warns(DataLossWarning):
        assert bad_days.filter(opened.is_null()).to_polars()["Event@ID"].to_list() == BAD_OPENED
    told = bad_days.filter(opened.is_null(), ma.col("Amount") > 1, ma.col("Event@ID") > 5).explain()
    reason = "bad values of the column are null here, and values to the server"
    assert f"only checked here: Event@Opened.is_null() ({reason})" in told
    assert f"sent, to be checked again here: Amount > 1.0 ({reason})" in told
    assert "decided by the server: Event@ID > 5" in told
    for condition in (opened.is_not_null(), opened != "2024-01-31", ~opened.is_in(["2024-01-31"])):
        assert f"only checked here: {condition!r}"[:20] in bad_days.filter(condition).explain()
    assert '"sorting"' not in bad_days.sort("Amount").head(3).explain()
    assert '"sorting"' in bad_days.with_options(on_bad_value="raise").sort("Amount").head(3).explain()


def test_lazy_conditions_on_null_keep_the_rows(bad_days):
    with pytest.warns(DataLossWarning):
        found = bad_days.lazy().filter(pl.col("Amount").is_null()).collect()
    assert found["Event@ID"].to_list() == BAD_AMOUNT


# Instances that are gone


@pytest.fixture(autouse=True)
def healed(simulator):
    """Leave no planned fault behind."""
    yield
    simulator.heal()


def dropped(simulator, skip):
    simulator.fail(Fault.instances_dropped().on("GET", "/instances/", skip=skip))


@pytest.mark.parametrize("total_order", [True, False])
def test_what_begins_again_or_goes_on_counts_once(connection, simulator, total_order):
    limits = Limits(page_rows=100, concurrency=1)
    scan = connection.cube("Bad Days", limits=limits, on_bad_value=ALL, total_order=total_order)
    dropped(simulator, skip=6)
    with pytest.warns(DataLossWarning):
        assert scan.to_arrow().num_rows == ROWS
    assert scan.stats.restarts == 1
    assert {name: each.count for name, each in scan.stats.bad_values.items()} == {
        "Event@Opened": 4,
        "Day": 1,
        "Amount": 2,
    }


def test_another_bad_value_in_another_instance_is_another_row(connection, simulator):
    scan = connection.cube("Bad Days", limits=FEW_AHEAD, on_bad_value=ALL, total_order=True)
    simulator.fail(
        Fault.rewritten(lambda body: body.replace(b'"2024-', b'"about 2024-')).on(path="/instances", times=None)
    )
    batches = scan.to_batches()
    taken = [next(batches) for _ in range(4)]
    assert all(batch.column("Day").null_count == 100 for batch in taken)
    simulator.heal()
    simulator.fail(Fault.instances_dropped().on("GET", "/instances/"))
    simulator.fail(
        Fault.rewritten(lambda body: body.replace(b'"2024-', b'"or 2024-')).on(path="/instances", times=None)
    )
    with pytest.raises(DataChanged, match="are not those that were handed out"), batches:
        list(batches)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("choice", ["raise", "null"])
@pytest.mark.parametrize("way", ["to_arrow", "to_batches", "lazy", "write_parquet"])
def test_pages_with_and_without_an_offset_are_not_one_column(connection, simulator, tmp_path, choice, way):
    def moments(body):
        here = b"+02:00" if b'"offset":300' in body or b'"offset": 300' in body else b""
        return body.replace(b'"2024-01-31"', b'"2024-01-31T10:20:30%b"' % here).replace(b'"never"', b'""')

    simulator.fail(Fault.rewritten(moments).on(path="/instances", times=None))
    types = {"Day": pa.timestamp("us"), "Event@Opened": pa.string(), "Amount": pa.string()}
    scan = connection.cube("Bad Days", limits=SMALL, on_bad_value=choice, types=types)
    wrapped = pl.exceptions.ComputeError  # by Polars before 2, of lazy frames
    with pytest.raises((ConversionError, wrapped), match="column 'Day' from row 300 on has an offset from UTC"):
        WAYS[way](scan, tmp_path)


# Extractions


def test_an_extraction_keeps_the_count_over_its_runs(connection, simulator, tmp_path):
    scan = connection.cube("Bad Days", limits=FEW_AHEAD, on_bad_value=ALL)
    simulator.fail(Fault.error(403).on("GET", "/instances/", skip=6, times=None))
    with pytest.raises(ma.MstrError):
        scan.extract(tmp_path / "folder", part_rows=130)
    simulator.heal()
    with pytest.warns(DataLossWarning, match="4 values of 'Event@Opened'.*2 values of 'Amount'"):
        done = scan.extract(tmp_path / "folder", part_rows=130)
    assert 0 < done.resumed < ROWS
    assert {name: each.count for name, each in done.bad_values.items()} == {
        "Event@Opened": 4,
        "Day": 1,
        "Amount": 2,
    }
    manifest = json.loads((tmp_path / "folder" / "_manifest.json").read_text())
    assert manifest["bad_values"] == {"Event@Opened": 4, "Day": 1, "Amount": 2}
    assert manifest["parts"][0]["bad"]["values"]["Day"]["first"] == [[5, "'never'", None]]
    written = pa.concat_tables([pq.read_table(path) for path in sorted((tmp_path / "folder").glob("*.parquet"))])
    assert written["Event@Opened"].null_count == 4


# Elements


def test_elements_are_read_by_the_same_rule(connection, simulator):
    listed = [
        {"id": f"X:{at}", "formValues": [str(at), text]} for at, text in enumerate(["2024-01-31", "0000-00-00"])
    ]
    body = json.dumps(listed).encode()
    cube = connection.cube("Bad Days", on_bad_value="null")
    simulator.fail(Fault.not_json(body).on("GET", "/elements", times=None))
    with pytest.warns(DataLossWarning, match=r"1 value of 'Event@Opened' .* in row 1 of the elements"):
        assert cube.elements("Event")["Event@Opened"].null_count == 1
