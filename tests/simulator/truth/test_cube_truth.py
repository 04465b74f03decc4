from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from mstr_arrow.simulator.model.cubes import pick
from mstr_arrow.simulator.samples.small import small_cubes
from mstr_arrow.simulator.truth.cube_truth import truth


def cube(name):
    return next(cube for cube in small_cubes() if cube.name == name)


def test_names_are_unique_and_the_first_keeps_its_own():
    table = truth(cube("Same Names"))
    assert table.column_names == ["Amount", "Amount (2)", "Amount (3)"]
    assert table.slice(0, 2).to_pylist() == [
        {"Amount": "low", "Amount (2)": 100, "Amount (3)": 0},
        {"Amount": "high", "Amount (2)": 101, "Amount (3)": 5},
    ]


def test_range_of_rows_and_choice_of_columns():
    table = truth(cube("Only Attributes"), columns=["Colour", "Number"], offset=2, limit=2)
    assert table.to_pydict() == {"Colour": ["blue", None], "Number": [3, 4]}


def test_no_rows_keep_their_types():
    empty = truth(cube("No Rows"))
    assert (empty.num_rows, [str(kind) for kind in empty.schema.types]) == (
        0,
        ["int64", "string", "int64", "int64"],
    )


def test_unknown_column():
    with pytest.raises(KeyError, match="Price"):
        truth(cube("One Row"), columns=["Price"])


def test_value_that_does_not_fit_is_refused_when_the_cube_is_made():
    with pytest.raises((ValueError, pl.exceptions.PolarsError)):
        pick([Decimal("1E+30"), Decimal("0.000000000000000001")], pl.Decimal(38, 18), pl.col("key"))
