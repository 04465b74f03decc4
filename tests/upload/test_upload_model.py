import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.upload.model import Form, Metric, TableRoles, build_model

SALES = pa.schema({"store_id": pa.int64(), "day": pa.date32(), "revenue": pa.float64(), "units": pa.int32()})
STORES = pa.schema({"store_id": pa.int64(), "store_name": pa.string(), "open": pa.bool_()})


def roles(schema, attributes=(), metrics=()):
    return TableRoles(schema, attributes, metrics)


def names(things):
    return [thing.name for thing in things]


def test_numbers_are_metrics_and_the_rest_attributes():
    model = build_model({"Sales": roles(SALES)})
    assert names(model.attributes) == ["day"]
    assert names(model.metrics) == ["store_id", "revenue", "units"]


def test_roles_that_are_given():
    model = build_model({"Sales": roles(SALES, ["store_id"], ["day"])})
    assert names(model.attributes) == ["store_id"]
    assert names(model.metrics) == ["day", "revenue", "units"]


def test_an_attribute_of_one_name_joins_tables():
    model = build_model({"Sales": roles(SALES, ["store_id"]), "Stores": roles(STORES, ["store_id"])})
    store = next(attribute for attribute in model.attributes if attribute.name == "store_id")
    assert store.forms == (Form("ID", (("Sales", "store_id"), ("Stores", "store_id"))),)


def test_columns_may_be_forms_of_one_attribute():
    forms = {"Store": {"DESC": "store_name", "ID": "store_id"}}
    model = build_model({"Sales": roles(SALES), "Stores": roles(STORES)}, forms)
    store = next(attribute for attribute in model.attributes if attribute.name == "Store")
    assert store.forms == (
        Form("ID", (("Sales", "store_id"), ("Stores", "store_id"))),
        Form("DESC", (("Stores", "store_name"),)),
    )
    assert names(model.attributes) == ["Store", "day", "open"]
    assert model.metrics == (Metric("revenue", "Sales"), Metric("units", "Sales"))


def test_an_attribute_may_be_called_as_one_of_its_columns():
    model = build_model({"Stores": roles(STORES)}, {"store_name": {"ID": "store_id", "DESC": "store_name"}})
    assert names(model.attributes) == ["store_name", "open"]


def test_the_body_is_what_the_server_documents():
    body = build_model({"Sales": roles(SALES, ["store_id"])}).body("Push", "of sales", "")
    assert body == {
        "name": "Push",
        "description": "of sales",
        "folderId": "",
        "tables": [
            {
                "name": "Sales",
                "columnHeaders": [
                    {"name": "store_id", "dataType": "BIGINTEGER"},
                    {"name": "day", "dataType": "DATE"},
                    {"name": "revenue", "dataType": "DOUBLE"},
                    {"name": "units", "dataType": "INTEGER"},
                ],
            }
        ],
        "attributes": [
            {
                "name": name,
                "attributeForms": [{"category": "ID", "expressions": [{"tableName": "Sales", "columnName": name}]}],
            }
            for name in ("store_id", "day")
        ],
        "metrics": [
            {"name": name, "expressions": [{"tableName": "Sales", "columnName": name}]}
            for name in ("revenue", "units")
        ],
    }


@pytest.mark.parametrize(
    ("tables", "forms", "says"),
    [
        ({}, None, "no table to upload"),
        ({"T": roles(pa.schema([]))}, None, "has no columns"),
        ({"T": roles(pa.schema([("a", pa.int8()), ("a", pa.int8())]))}, None, "the same name"),
        ({"T": roles(SALES), "t": roles(STORES)}, None, "upper and lower case"),
        ({"T": roles(SALES, ["stor_id"])}, None, "no column 'stor_id' to be an attribute. Did you mean 'store_id'"),
        ({"T": roles(SALES, [1])}, None, "no column 1 to be an attribute"),
        ({"T": roles(SALES, ["store_id"], ["store_id"])}, None, "cannot be attribute and metric"),
        ({"T": roles(SALES, (), ["day"])}, {"Day": {"ID": "day"}}, "cannot be a form and a metric"),
        ({"T": roles(STORES)}, {"Store": {"DESC": "store_name"}}, "has no form ID"),
        ({"T": roles(STORES)}, {"Store": {"ID": "store"}}, "no column 'store' to be a form of 'Store'"),
        ({"A": roles(SALES), "B": roles(SALES)}, None, "the metric 'store_id' is in table 'A' and in 'B'"),
        (
            {"A": roles(SALES, ["store_id"]), "B": roles(STORES)},
            None,
            "'store_id' is an attribute in table 'A' and a metric in 'B'",
        ),
        (
            {"A": roles(STORES), "B": roles(pa.schema({"store_name": pa.date32()}))},
            None,
            "the column 'store_name' is text in 'A', date or time in 'B'",
        ),
        ({"T": roles(STORES)}, {"OPEN": {"ID": "store_id"}}, "upper and lower case only: 'OPEN' and 'open'"),
        ({"T": roles(pa.schema({"a": pa.list_(pa.int8())}))}, None, "list"),
    ],
)
def test_what_cannot_be_a_model(tables, forms, says):
    with pytest.raises(UsageError) as caught:
        build_model(tables, forms)
    assert says in str(caught.value)
