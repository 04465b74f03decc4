import pytest

from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid.definition import Available, read_definition


def body(*metrics, attributes=()):
    objects = {"attributes": list(attributes), "metrics": list(metrics), "customGroups": []}
    return {"id": "C" * 32, "name": "Sales", "definition": {"availableObjects": objects}}


def metric(number, name, data_type):
    return {"id": str(number), "name": name, "type": "metric", "dataType": data_type}


def test_everything_is_asked_for_by_id_in_the_servers_order():
    region = {"id": "R1", "name": "Region", "type": "attribute", "forms": []}
    definition = read_definition(body(metric(2, "B", "double"), metric(1, "A", "unknown"), attributes=[region]))
    assert (definition.id, definition.name) == ("C" * 32, "Sales")
    assert definition.attributes == (Available("R1", "Region"),)
    assert definition.request() == {
        "requestedObjects": {"attributes": [{"id": "R1"}], "metrics": [{"id": "2"}, {"id": "1"}]}
    }


@pytest.mark.parametrize(
    ("data_type", "name", "hidden"),
    [
        ("reserved", "Row Count - sales", True),
        ("reserved", "Anzahl Zeilen - sales", True),
        (0, "Row Count - sales", True),
        ("unknown", "Row Count - sales", True),
        (None, "Row Count - sales", True),
        ("double", "Row Count - sales", False),
        ("unknown", "Revenue", False),
    ],
)
def test_the_servers_row_counts_are_asked_for_only_on_request(data_type, name, hidden):
    definition = read_definition(body(metric(1, name, data_type), metric(2, "Revenue", "double")))
    assert [item.id for item in definition.row_counts] == (["1"] if hidden else [])
    asked = [item["id"] for item in definition.request()["requestedObjects"]["metrics"]]
    assert asked == (["2"] if hidden else ["1", "2"])
    everything = definition.request(row_counts=True)["requestedObjects"]["metrics"]
    assert sorted(item["id"] for item in everything) == ["1", "2"]


def test_members_may_be_missing_or_null():
    definition = read_definition({"id": "1", "name": "x", "definition": {"availableObjects": {"attributes": None}}})
    assert definition.request() == {"requestedObjects": {"attributes": [], "metrics": []}}


@pytest.mark.parametrize(
    "wrong",
    [
        *(None, [], "text", {}, {"id": "1", "name": "x"}, {"id": "1", "name": "x", "definition": None}),
        body({"name": "no id"}),
        body("text"),
        body({"id": "1", "name": 5, "dataType": None}),
    ],
)
def test_what_is_no_definition_is_told(wrong):
    with pytest.raises(ProtocolError, match="no definition of a cube"):
        read_definition(wrong)
