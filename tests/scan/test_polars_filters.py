"""Polars expressions as conditions of scans: the rows that Polars itself would keep, in every way out."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta, timezone

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import UsageError
from tests.support.requests import Requests

EAST, MANY = pl.col("Region") == "East", pl.col("Units") > 20
LOUD = pl.col("Region").str.to_uppercase() == "EAST"

needs_to_tell = pytest.mark.skipif(
    not hasattr(EAST.meta, "is_row_separable"), reason="this Polars does not tell what looks at one row"
)


@pytest.fixture
def asked(simulator):
    return Requests(simulator)


@pytest.fixture
def sales(connection):
    return connection.cube("Sales Cube", limits=ma.Limits(page_rows=300))


@pytest.fixture
def whole(sales):
    return sales.to_polars()


def test_a_polars_condition_is_sent_as_ours_would_be(sales, whole, asked):
    assert sales.filter(EAST).to_polars().equals(whole.filter(EAST))
    (sent,) = {body for body in asked.bodies if b"viewFilter" in body}
    asked_before = len(asked.bodies)
    sales.filter(ma.col("Region") == "East").to_polars()
    assert sent in asked.bodies[asked_before:]


@pytest.mark.one_in(3)
@needs_to_tell
@pytest.mark.parametrize(
    "conditions",
    [
        (LOUD,),
        (EAST, MANY),
        (EAST & MANY,),
        (EAST | LOUD & MANY,),
        (~LOUD,),
        (pl.col("Cost") * 1.5 > pl.col("Revenue"), EAST),
        (pl.col("Store@DESC").str.contains("^L|s$"),),
        (pl.lit(value=False),),
        (pl.col("Units").is_null() | pl.col("Cost").is_null(),),
    ],
    ids=lambda case: " and ".join(map(str, case)) if isinstance(case, tuple) else str(case),
)
def test_rows_are_those_that_polars_keeps(sales, whole, conditions):
    assert sales.filter(*conditions).to_polars().equals(whole.filter(*conditions))


@needs_to_tell
def test_both_kinds_are_mixed_in_every_way_out(sales, whole, tmp_path):
    scan = sales.filter(ma.col("Units") > 20, LOUD).filter((ma.col("Channel") != "Web") | EAST)
    expected = whole.filter(MANY, LOUD, (pl.col("Channel") != "Web") | EAST)
    assert scan.count_rows() == len(expected) > 0
    assert scan.select("Order").to_polars()["Order"].to_list() == expected["Order"].to_list()
    assert scan.lazy().filter(MANY).collect().height == expected.filter(MANY).height
    assert asyncio.run(scan.to_arrow_async()).num_rows == len(expected)
    assert scan.sort("Revenue", descending=True).head(3).to_polars()["Revenue"].to_list() == (
        expected.sort("Revenue", descending=True)["Revenue"].head(3).to_list()
    )
    scan.extract(tmp_path / "some")
    assert pl.read_parquet(tmp_path / "some" / "*.parquet").sort("Order").equals(expected.sort("Order"))


def test_before_and_after_rows_are_added_up(sales, whole):
    regions = sales.filter(pl.col("Channel") == "Web").aggregate("Region", "Units").filter(pl.col("Units") > 100)
    expected = whole.filter(pl.col("Channel") == "Web").group_by("Region").agg(pl.col("Units").sum())
    assert regions.sort("Region").to_polars().equals(expected.filter(pl.col("Units") > 100).sort("Region"))


@needs_to_tell
def test_what_only_polars_knows_cannot_decide_about_attributes_that_were_left_out(sales):
    with pytest.raises(UsageError, match=r"cannot be left to the server \(it is a Polars expression"):
        sales.filter(LOUD).aggregate("Product", "Units").to_arrow()


@needs_to_tell
def test_explain_says_what_is_sent_and_what_runs_here(sales):
    told = sales.filter(EAST, LOUD, ma.col("Units") > 20).explain()
    assert "sent, to be checked again here: Region == 'East' (texts are compared by the server's collation)" in told
    assert 'only checked here: [(col("Region").str.to_uppercase()) == ("EAST")] (it is a Polars expression' in told
    assert "decided by the server: Units > 20" in told


@pytest.mark.parametrize("refused", [pl.col("Units") > pl.col("Units").mean(), pl.col("Units").cum_sum() < 100])
def test_what_sees_other_rows_is_left_to_lazy_frames(sales, whole, refused):
    with pytest.raises(UsageError, match=r"one row at a time.*lazy\(\), which takes every Polars expression"):
        sales.filter(refused).to_polars()
    assert sales.lazy().filter(refused).collect().equals(whole.filter(refused))


def test_an_unknown_column_is_told_with_near_names(sales):
    with pytest.raises(UsageError, match=r"no column 'Regoin' in this result\. Did you mean 'Region'\?"):
        sales.filter(pl.col("Regoin") == "East").schema  # noqa: B018 - asks


def test_an_extraction_of_another_list_is_another_extraction(sales, tmp_path):
    """Their texts are alike, as Polars shortens long lists."""
    first, second = (pl.col("Order").is_in([1, *range(5, end), 2_000]) for end in (500, 600))
    assert str(first) == str(second)
    sales.filter(first).extract(tmp_path / "some")
    with pytest.raises(UsageError, match="holds an extraction of something else"):
        sales.filter(second).extract(tmp_path / "some")
    assert sales.filter(first).extract(tmp_path / "some").skipped


def test_a_column_that_is_read_in_utc_takes_moments_of_any_zone(sales, whole):
    zoned = sales.with_options(types={"Sold At": pa.timestamp("us", "UTC")})
    middle = whole["Sold At"].sort()[len(whole) // 2]
    moment = middle.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=5, minutes=30)))
    expected = whole.filter(pl.col("Sold At") > middle)["Order"]
    assert 0 < len(expected) < len(whole)
    for condition in (
        ma.col("Sold At") > moment,
        pl.col("Sold At") > moment,
        ma.col("Sold At") > moment.isoformat(),
    ):
        assert zoned.filter(condition).to_polars()["Order"].equals(expected)
        with pytest.raises(UsageError, match="without"):
            sales.filter(condition).to_polars()
    assert sales.filter(ma.col("Sold At") > middle).to_polars()["Order"].equals(expected)
