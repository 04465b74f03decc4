from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from mstr_arrow.simulator.push.policies import merge, stack

CURRENT = [("a", "x", 1, 1.5), ("b", None, 2, 2.5), ("a", "x", 3, 3.5)]
NEW = [("b", None, 20, None), ("c", "x", 30, 0.5), ("c", "x", 40, 4.5)]


def frame(rows):
    return pl.DataFrame(rows, schema={"0": pl.String, "1": pl.String, "2": pl.Int64, "3": pl.Float64}, orient="row")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("replace", NEW),
        ("add", CURRENT + NEW),
        ("update", [CURRENT[0], ("b", None, 20, None), CURRENT[2]]),
        ("upsert", [CURRENT[0], ("b", None, 20, None), CURRENT[2], ("c", "x", 40, 4.5)]),
    ],
)
def test_policy_on_keys_with_nulls_and_twice_the_same_key(policy, expected):
    assert merge(frame(CURRENT), frame(NEW), policy, keys=[0, 1], values=[2, 3]).rows() == expected


def test_update_changes_metrics_and_leaves_other_forms():
    merged = merge(frame(CURRENT), frame([("a", "other", 9, 9.5)]), "update", keys=[0], values=[2, 3])
    assert merged.rows() == [("a", "x", 9, 9.5), CURRENT[1], ("a", "x", 9, 9.5)]


@pytest.mark.parametrize("policy", ["update", "upsert"])
def test_update_of_a_table_without_values_or_rows(policy):
    merged = merge(frame([]), frame(NEW), policy, keys=[0, 1], values=[])
    assert merged.rows() == ([] if policy == "update" else [NEW[0], NEW[2]])
    assert merged.schema == frame([]).schema


def decimals(*values, scale):
    return pl.DataFrame({"0": pl.Series([Decimal(v) for v in values], dtype=pl.Decimal(38, scale))})


def test_decimals_get_the_places_of_the_longest():
    stacked = stack([decimals("1.5", scale=1), decimals("2", scale=0), decimals("0.125", scale=3)])
    assert stacked.rows() == [(Decimal("1.5"),), (Decimal(2),), (Decimal("0.125"),)]
    assert stacked.schema["0"] == pl.Decimal(38, 3)
    merged = merge(decimals("2", scale=0), decimals("2.0", "3.5", scale=1), "upsert", keys=[0], values=[])
    assert merged.rows() == [(Decimal(2),), (Decimal("3.5"),)]


def test_decimals_that_do_not_fit_together():
    with pytest.raises(pl.exceptions.PolarsError):
        stack([decimals("1" * 30, scale=0), decimals("0." + "1" * 20, scale=20)])
