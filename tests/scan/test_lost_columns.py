"""An instance that shows other columns than the one that a question was divided by."""

from __future__ import annotations

import pytest

import mstr_arrow as ma
from mstr_arrow.errors import DataMismatch
from mstr_arrow.simulator import Fault

QUESTIONS = {
    "filter": lambda cube: cube.filter(ma.col("Region") == "East"),
    "filter, here": lambda cube: cube.with_options(pushdown=False).filter(ma.col("Region") == "East"),
    "select": lambda cube: cube.filter(ma.col("Units") > 3).select("Order", "Region"),
    "sort": lambda cube: cube.filter(ma.col("Units") > 3).sort("Region"),
    "aggregate": lambda cube: cube.aggregate("Region", "Units").filter(ma.col("Region") == "East"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_rows_without_a_column_that_was_there_before_are_not_believed(connection, simulator, question):
    cube = connection.cube("Sales Cube")
    region = next(each["id"] for each in cube.attributes if each["name"] == "Region")
    scan = QUESTIONS[question](cube)
    assert scan.schema.names

    def another(body):
        return body.replace(region.encode(), b"0" * 32).replace(b'"Region"', b'"Territory"')

    simulator.fail(Fault.rewritten(another).on(path="/instances", times=None))
    try:
        with pytest.raises(DataMismatch, match=r"Region|other columns"):
            scan.to_arrow()
    finally:
        simulator.heal()
