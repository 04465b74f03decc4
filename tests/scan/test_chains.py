"""A chain of calls on a scan is the same chain on all its rows in Polars, or refused before anything is asked."""

import random

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import UsageError
from mstr_arrow.simulator import Simulator
from tests.support.slow import thinned

COLUMNS = ("Order", "Region", "Units", "Revenue", "Channel")


@pytest.fixture(scope="module")
def sales():
    with (
        Simulator(rows=300, gzip=False, encode_once=True) as server,
        ma.connect(server.url, username=server.username, password=server.password) as conn,
    ):
        yield conn.cube("Sales Cube", limits=ma.Limits(page_rows=100))


def condition(draw, columns):
    """Draw a condition on one of the columns, for us and for Polars."""
    column = draw.choice(columns)
    if column in {"Region", "Channel"}:
        values = ["East", "Web"] if draw.random() < 0.5 else ["West", "South", "Store"]
        return ma.col(column).is_in(values), pl.col(column).is_in(values)
    bound = draw.choice([3, 40, 90, 250])
    return ma.col(column) <= bound, pl.col(column) <= bound


def step(draw, name, columns):
    """Draw a call: on a scan, on a frame, and the columns that it leaves."""
    match name:
        case "filter":
            ours, theirs = condition(draw, columns)
            return lambda scan: scan.filter(ours), lambda frame: frame.filter(theirs), columns
        case "select":
            kept = draw.sample(columns, draw.randint(1, len(columns)))
            return lambda scan: scan.select(kept), lambda frame: frame.select(kept), kept
        case "sort":
            by, down = draw.choice(columns), draw.random() < 0.5

            def sort(frame):
                return frame.sort(by, descending=down, nulls_last=True, maintain_order=True)

            return lambda scan: scan.sort(by, descending=down), sort, columns
        case "head":
            rows = draw.choice([0, 1, 7, 150, 1_000])
            return lambda scan: scan.head(rows), lambda frame: frame.head(rows), columns
    rows, by = draw.choice([1, 20]), draw.choice(columns)

    def top(frame):
        return frame.sort(by, descending=True, nulls_last=True, maintain_order=True).head(rows)

    return lambda scan: scan.top(rows, by), top, columns


@pytest.mark.one_in(4)
@pytest.mark.parametrize("seed", thinned(range(60), range(12)))
def test_a_chain_is_that_of_polars_or_refused(sales, seed):
    draw = random.Random(seed)
    scan = sales.select(*COLUMNS)
    frame, columns = sales.to_polars().select(COLUMNS), list(COLUMNS)
    cut = ordered = False
    for _ in range(draw.randint(2, 5)):
        name = draw.choice(["filter", "select", "sort", "sort", "head", "top"])
        ours, theirs, columns = step(draw, name, columns)
        if cut and name in {"filter", "sort", "top"}:
            with pytest.raises(UsageError, match=r"lazy\(\)"):
                ours(scan)
            break
        scan, frame = ours(scan), theirs(frame)
        cut, ordered = cut or name in {"head", "top"}, ordered or name in {"sort", "top"}
    assert scan.to_polars().equals(frame)
    lazy = scan.lazy().collect()
    if ordered or not cut:  # without a sort, which rows are the first is for the server to say
        assert lazy.sort(pl.all(), nulls_last=True).equals(frame.sort(pl.all(), nulls_last=True))


def test_attributes_alone_are_their_combinations_and_metrics_alone_one_row(sales):
    frame = sales.to_polars()
    regions = sales.aggregate("Region", "Channel").to_polars()
    assert sorted(regions.rows()) == sorted(frame.select("Region", "Channel").unique().rows())
    assert sales.aggregate("Units").to_polars().rows() == [(frame["Units"].sum(),)]


def test_a_filter_after_aggregate_is_about_what_was_added_up(sales):
    frame = sales.filter(ma.col("Units") > 40).to_polars().group_by("Region", "Channel").agg(pl.col("Units").sum())
    sums = sales.filter(ma.col("Units") > 40).aggregate("Region", "Channel", "Units")
    for ours, theirs in (
        (ma.col("Region") == "East", pl.col("Region") == "East"),
        (ma.col("Units") > 700, pl.col("Units") > 700),
        (
            (ma.col("Region") == "East") & (ma.col("Units") > 700),
            (pl.col("Region") == "East") & (pl.col("Units") > 700),
        ),
        (
            (ma.col("Region") == "East") | (ma.col("Units") > 700),
            (pl.col("Region") == "East") | (pl.col("Units") > 700),
        ),
    ):
        wanted = frame.filter(theirs)
        assert 0 < wanted.height < frame.height
        assert sorted(sums.filter(ours).to_polars().rows(), key=repr) == sorted(wanted.rows(), key=repr)
        assert sorted(sums.lazy().filter(theirs).collect().rows(), key=repr) == sorted(wanted.rows(), key=repr)


def test_the_level_is_the_attribute_where_one_form_is_named(sales):
    stores = sales.aggregate("Store@DESC", "Units").to_polars()
    assert stores.columns == ["Store@DESC", "Units"]
    assert stores.height == sales.to_polars()["Store@ID"].n_unique()


def test_a_filter_and_a_sort_may_name_what_select_left_out(sales):
    scan = sales.select("Order").filter(ma.col("Region") == "East").sort("Units", "Order")
    frame = sales.to_polars().filter(pl.col("Region") == "East").sort("Units", "Order").select("Order")
    assert scan.to_polars().equals(frame)


def test_a_selection_of_what_an_earlier_one_left_out_is_refused(sales):
    with pytest.raises(UsageError, match="Order"):
        sales.select("Order", "Units").select("Region").to_polars()
