import pytest

from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid.definition import Attribute, Form, read_definition


def body(*metrics, attributes=()):
    objects = {"attributes": list(attributes), "metrics": list(metrics), "customGroups": []}
    return {"id": "C" * 32, "name": "Sales", "definition": {"availableObjects": objects}}


def metric(number, name, data_type):
    return {"id": str(number), "name": name, "type": "metric", "dataType": data_type}


def test_everything_is_asked_for_by_id_in_the_servers_order():
    region = {"id": "R1", "name": "Region", "type": "attribute", "forms": []}
    definition = read_definition(body(metric(2, "B", "double"), metric(1, "A", "unknown"), attributes=[region]))
    assert (definition.id, definition.name) == ("C" * 32, "Sales")
    assert definition.attributes == (Attribute("R1", "Region"),)
    assert definition.request() == {
        "requestedObjects": {"attributes": [{"id": "R1"}], "metrics": [{"id": "2"}, {"id": "1"}]}
    }


def test_all_forms_of_an_attribute_are_known():
    forms = [
        {"id": "F1", "name": "ID", "dataType": 1, "baseFormCategory": "ID"},
        {"id": "F2", "name": "Email", "dataType": "nVarChar", "baseFormCategory": "Email"},
        {"id": "F3"},
    ]
    customer = {"id": "C1", "name": "Customer", "type": "attribute", "forms": forms}
    (attribute,) = read_definition(body(attributes=[customer])).attributes
    assert attribute.forms == (Form("F1", "ID", "integer"), Form("F2", "Email", "nvarchar"), Form("F3", "F3"))


@pytest.mark.parametrize(
    ("data_type", "name", "hidden"),
    [
        ("reserved", "Row Count - sales", True),
        (0, "Row Count - sales", True),
        ("unknown", "Row Count - sales", True),
        (None, "Row Count - sales", True),
        ("double", "Row Count - sales", False),
        ("reserved", "Row Count - Stores", False),
        ("unknown", "Row Count - Stores", False),
        ("unknown", "Row Count - Sales", False),
        ("reserved", "Margin", False),
        ("reserved", "Row Count - ", False),
        ("unknown", "Revenue", False),
    ],
)
def test_the_servers_row_counts_are_asked_for_only_on_request(data_type, name, hidden):
    whole = read_definition(body(metric(1, name, data_type), metric(2, "Revenue", "double")))
    definition = whole.without_row_counts(["sales", "weather"])
    assert [item.id for item in definition.row_counts] == (["1"] if hidden else [])
    asked = [item["id"] for item in definition.request()["requestedObjects"]["metrics"]]
    assert asked == (["2"] if hidden else ["1", "2"])
    everything = definition.request(row_counts=True)["requestedObjects"]["metrics"]
    assert sorted(item["id"] for item in everything) == ["1", "2"]


@pytest.mark.parametrize(
    ("types", "counts"),
    [(("reserved", "unknown"), ["1"]), (("unknown", "reserved"), ["2"]), (("unknown", "unknown"), [])],
)
def test_of_two_metrics_of_that_name_the_servers_own_is_the_reserved_one(types, counts):
    metrics = [metric(number, "Row Count - sales", each) for number, each in enumerate(types, 1)]
    definition = read_definition(body(*metrics)).without_row_counts(["sales"])
    assert [item.id for item in definition.row_counts] == counts
    assert len(definition.metrics) + len(definition.row_counts) == 2


def test_only_what_may_be_a_row_count_has_the_tables_asked_for():
    names = ["Row Count - a", "Revenue", "row count - b", "Row Count"]
    definition = read_definition(body(*(metric(number, name, "unknown") for number, name in enumerate(names))))
    assert [item.name for item in definition.may_count_rows] == ["Row Count - a"]


def test_members_may_be_missing_or_null():
    definition = read_definition({"id": "1", "name": "x", "definition": {"availableObjects": {"attributes": None}}})
    assert definition.request() == {"requestedObjects": {"attributes": [], "metrics": []}}


@pytest.mark.parametrize(
    "wrong",
    [
        *(None, [], "text", {}, {"id": "1", "name": "x"}, {"id": "1", "name": "x", "definition": None}),
        body({"name": "no id"}),
        body("text"),
        body({"id": "1", "name": {"text": "x"}, "dataType": None}),
    ],
)
def test_what_is_no_definition_is_told(wrong):
    with pytest.raises(ProtocolError, match="no definition of a cube"):
        read_definition(wrong)
