"""What cubes and reports offer, as their definitions tell it."""

from __future__ import annotations

import pytest

from mstr_arrow.errors import ProtocolError
from mstr_arrow.objects.report import read_template


def test_an_object_says_what_it_offers(connection, simulator):
    cube = connection.cube("Sales Cube")
    assert [each["name"] for each in cube.attributes][:3] == ["Order", "Region", "Store"]
    assert [each["name"] for each in cube.metrics] == ["Revenue", "Units", "Cost", "Ledger Id", "List Price"]
    assert simulator.requests[-1].method == "GET"  # the definition says it: no instance was made


def test_row_counts_are_offered_where_they_are_asked_for(connection):
    names = [each["name"] for each in connection.cube("Sales Cube", row_counts=True).metrics]
    assert names[-1] == "Row Count - sales"


@pytest.mark.parametrize(
    "body", [None, {}, {"id": "A", "name": "B", "definition": {}}, {"definition": {"grid": 1}}]
)
def test_what_is_no_definition_of_a_report_is_told(body):
    with pytest.raises(ProtocolError, match="no definition of a report"):
        read_template(body)
