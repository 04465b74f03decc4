"""Rows that attributes do not tell apart are counted, as the server has them."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.upload import grouping
from mstr_arrow.upload.grouping import Grouper
from mstr_arrow.upload.source import source_of


def grouped(table, keys, *, time_zone="UTC", rows=7, once=False):
    """Group a table of which some rows are looked at at a time."""
    source = source_of(table.to_reader() if once else table, "T")
    grouper = Grouper(source, keys, time_zone)
    for start in range(0, table.num_rows, rows):
        grouper.add(table.slice(start, rows))
    return grouper.result()


@given(st.lists(st.tuples(st.integers(0, 3) | st.none(), st.sampled_from(["a", "b", None])), max_size=30))
def test_rows_are_counted_by_their_keys(rows):
    table = pa.table(
        {"n": pa.array([n for n, _ in rows], pa.int64()), "s": pa.array([s for _, s in rows], pa.string())}
    )
    found = grouped(table, ["n", "s"])
    assert (found.rows, found.shown, found.estimated) == (len(rows), len(set(rows)), False)
    assert bool(found.example) == (len(set(rows)) < len(rows))


MOMENT = dt.datetime(2024, 1, 1, 12)
ALIKE = {
    "microseconds": pa.array([MOMENT, MOMENT.replace(microsecond=7)], pa.timestamp("us")),
    "nanoseconds": pa.array([5, 999], pa.timestamp("ns")),
    "times": pa.array([dt.time(1, 2, 3, 4000), dt.time(1, 2, 3, 4999)], pa.time64("us")),
    "not a number": pa.array([float("nan"), None]),
    "infinite": pa.array([float("inf"), float("-inf")]),
    "dictionaries": pa.array(["a", "a"]).dictionary_encode(),
    "views": pa.array(["a", "a"], pa.string_view()),
    "dates": pa.array([0, 0], pa.date64()),
    "decimals": pa.array([Decimal("1.50"), Decimal("1.5")], pa.decimal128(38, 18)),
    "wide decimals": pa.array([Decimal("1.50"), Decimal("1.5")], pa.decimal256(60, 2)),
    "nothing": pa.nulls(2),
    "truth values": pa.array([True, True]),
    "seconds": pa.array([5, 5], pa.time32("s")),
}
UNLIKE = {
    "milliseconds": pa.array([1, 2], pa.timestamp("ms")),
    "seconds": pa.array([1, 2], pa.timestamp("s")),
    "null and blank": pa.array(["", None]),
    "null and zero": pa.array([0, None]),
    "blanks": pa.array(["a", "a "]),
    "large numbers": pa.array([2**63 - 1, 2**63 - 2]),
    "dictionaries": pa.array(["a", "b"]).dictionary_encode(),
}


@pytest.mark.parametrize("kind", ALIKE)
@pytest.mark.parametrize("rows", [1, 2])
def test_values_that_are_written_alike_are_equal(kind, rows):
    assert grouped(pa.table({"k": ALIKE[kind]}), ["k"], rows=rows).shown == 1


@pytest.mark.parametrize("kind", UNLIKE)
@pytest.mark.parametrize("rows", [1, 2])
def test_values_that_are_written_differently_are_not(kind, rows):
    assert grouped(pa.table({"k": UNLIKE[kind]}), ["k"], rows=rows).shown == 2


def test_a_text_is_equal_to_itself_in_every_type():
    grouper = Grouper(source_of(pa.table({"k": ["x"]}), "T"), ["k"], "UTC")
    for array in (pa.array(["a"]), pa.array(["a"], pa.string_view()), pa.array(["a"]).dictionary_encode()):
        grouper.add(pa.table({"k": array}))
    assert grouper.result().shown == 1


def test_two_instants_that_are_one_time_of_day_on_the_server_are_one_row():
    instants = pa.array([1699160400, 1699164000], pa.timestamp("s", "UTC"))
    assert grouped(pa.table({"k": instants}), ["k"]).shown == 2
    assert grouped(pa.table({"k": instants}), ["k"], time_zone="America/New_York").shown == 1


@pytest.mark.parametrize(
    ("once", "rows", "example"),
    [
        (False, 7, "such as rows 3 and 17, with 'n' = 3, 's' = 'x'"),
        (False, 100, "such as rows 3 and 17, with 'n' = 3, 's' = 'x'"),
        (True, 100, "such as rows 3 and 17, with 'n' = 3, 's' = 'x'"),
        (True, 7, "such as rows 3 and 17"),
    ],
)
def test_an_example_shows_two_rows(once, rows, example):
    numbers = [*range(17), 3, *range(100, 110)]
    table = pa.table({"n": numbers, "s": ["x"] * len(numbers), "m": range(len(numbers))})
    assert grouped(table, ["n", "s"], once=once, rows=rows).example == example


def test_an_example_is_short():
    table = pa.table({name: ["y" * 100] * 2 for name in "abcdef"})
    assert grouped(table, list("abcdef")).example.count("…") == 5


def test_without_attributes_all_rows_are_one():
    assert grouped(pa.table({"m": [1, 2, 3]}), []).shown == 1
    assert grouped(pa.table({"m": pa.array([], pa.int64())}), []).shown == 0


@pytest.mark.parametrize("share", [1, 2])
def test_beyond_so_many_rows_it_is_an_estimate(monkeypatch, share):
    monkeypatch.setattr(grouping, "MOST_HASHES", 1_000)
    table = pa.table({"k": [n // share for n in range(20_000)]})
    found = grouped(table, ["k"], rows=2_000)
    assert (found.rows, found.estimated) == (20_000, True)
    assert found.shown == pytest.approx(20_000 / share, rel=0.02)
    assert bool(found.example) == (share > 1)


def test_many_rows_are_counted_exactly(monkeypatch):
    monkeypatch.setattr(grouping, "_FEW", 100)
    table = pa.table({"k": [n % 4_999 for n in range(5_000)]})
    found = grouped(table, ["k"], rows=999)
    assert (found.shown, found.example) == (4_999, "such as rows 0 and 4,999, with 'k' = 0")
