from __future__ import annotations

import struct
from decimal import Decimal

import polars as pl

from mstr_arrow.simulator.model.cubes import Metric
from mstr_arrow.simulator.rules.aggregation import aggregate, extremes, with_values


def metric(name, data_type="integer", aggregation="sum"):
    return Metric(id=name, name=name, data_type=data_type, value=pl.col("row"), aggregation=aggregation)


def test_each_metric_is_aggregated_by_its_own_function():
    rows = pl.DataFrame(
        {
            "key": [2, 0, 2, 1, 0],
            "sum": [1, None, 5, None, 7],
            "max": [1, 9, 5, None, 7],
            "text": ["a", None, "b", None, "A"],
        }
    )
    found = aggregate(rows, ["key"], [metric("sum"), metric("max", aggregation="max"), metric("text", "nVarChar")])
    assert found.rows() == [(0, 7, 9, "A"), (1, None, None, None), (2, 6, 5, "b")]


def test_integers_are_added_exactly_beyond_64_bits():
    rows = pl.DataFrame({"key": [0, 0, 1], "sum": [2**63 - 1, 2**63 - 1, 1]})
    found = aggregate(rows, ["key"], [metric("sum")])
    assert found["sum"].to_list() == [Decimal(2**64 - 2), Decimal(1)]
    assert with_values(metric("sum"), found["sum"]).data_type == "bigDecimal"
    small = aggregate(rows.tail(1), ["key"], [metric("sum")])
    assert small.schema["sum"] == pl.Int64
    assert with_values(metric("sum"), small["sum"]).data_type == "integer"


def test_a_single_double_stays_as_it_is_and_too_many_are_nothing():
    rows = pl.DataFrame({"key": [0, 1, 1], "sum": [-0.0, 1.7e308, 1.7e308]})
    first, second = aggregate(rows, ["key"], [metric("sum", "double")])["sum"]
    assert struct.pack(">d", first) == struct.pack(">d", -0.0)
    assert second is None


def test_nothing_has_no_sum():
    rows = pl.DataFrame({"sum": [None, 1]}, schema={"sum": pl.Int64})
    assert aggregate(rows, [], [metric("sum")]).rows() == [(1,)]
    assert aggregate(rows.head(1), [], [metric("sum")]).rows() == [(None,)]
    assert aggregate(rows.clear(), [], [metric("sum")]).rows() == []


def test_extremes_are_those_of_numbers():
    values = pl.DataFrame({"a": [3, None, -1], "b": ["x", "y", "z"]})
    assert extremes(values).to_dict(as_series=False) == {"a": [-1, 3]}
    assert extremes(values.select("b")).columns == []
