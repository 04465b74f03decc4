from __future__ import annotations

import copy

import pytest

from mstr_arrow.simulator.model.cubes import DESC_FORM, ID_FORM
from mstr_arrow.simulator.push.definition import read_model
from mstr_arrow.simulator.responses import Refusal


def form(category, *places):
    return {
        "category": category,
        "expressions": [{"tableName": table, "columnName": column} for table, column in places],
    }


def definition():
    return {
        "name": "Shops",
        "tables": [
            {
                "name": "sales",
                "columnHeaders": [
                    {"name": "store", "dataType": "Integer"},
                    {"name": "note", "dataType": "string"},
                    {"name": "rev", "dataType": "DOUBLE"},
                ],
            },
            {
                "name": "stores",
                "columnHeaders": [
                    {"name": "id", "dataType": "BIGINTEGER"},
                    {"name": "name", "dataType": "STRING"},
                ],
            },
        ],
        "attributes": [
            {
                "name": "store",
                "attributeForms": [
                    form("DESC", ("stores", "name")),
                    form("ID", ("sales", "store"), ("stores", "id")),
                ],
            },
            {"name": "note", "attributeForms": [form("ID", ("sales", "note"))]},
        ],
        "metrics": [{"name": "rev", "expressions": form("", ("sales", "rev"))["expressions"]}],
    }


def changed(*path, to):
    body = copy.deepcopy(definition())
    place = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return body


def test_definition_is_understood():
    model = read_model(definition())
    store, note = model.attributes
    assert [(f.category, f.id, f.data_type) for f in store.forms] == [
        ("ID", ID_FORM, "BIGINTEGER"),
        ("DESC", DESC_FORM, "STRING"),
    ]
    assert (store.tables, note.tables) == ({"sales", "stores"}, {"sales"})
    assert (model.keys("sales"), model.values("sales")) == ([0, 1], [2])
    assert (model.keys("stores"), model.values("stores")) == ([0], [])
    assert [column.data_type for column in model.tables["sales"].columns] == ["INTEGER", "STRING", "DOUBLE"]


def test_attribute_that_is_listed_for_each_table_is_one():
    body = definition()
    body["attributes"][0]["attributeForms"][1] = form("ID", ("stores", "id"))
    body["attributes"].append({"name": "store", "attributeForms": [form("ID", ("sales", "store"))]})
    assert read_model(body).attributes[0].forms[0].columns == {"stores": 0, "sales": 0}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "not a json object: the definition"),
        (changed("name", to=""), "the dataset name is missing"),
        (changed("name", to=5), "the dataset name is missing"),
        (changed("name", to="x" * 251), "longer than 250"),
        (changed("name", to="a[b"), "not allowed: 'a[b'"),
        (changed("description", to="x" * 251), "description"),
        (changed("tables", to=[]), "at least one table"),
        (changed("tables", to={}), "'tables'"),
        (changed("tables", 0, "name", to='a"b'), "table name"),
        (changed("tables", 1, "name", to="Sales"), "more than one table named 'sales'"),
        (changed("tables", 0, "columnHeaders", to=[]), "'sales' has no columns"),
        (changed("tables", 0, "columnHeaders", 0, "name", to="a\\b"), "column name"),
        (changed("tables", 0, "columnHeaders", 1, "name", to="STORE"), "more than one column of the table 'sales'"),
        (changed("tables", 0, "columnHeaders", 0, "dataType", to="TIMESTAMP"), "'timestamp' of column 'store'"),
        (changed("tables", 0, "columnHeaders", 0, "dataType", to=None), "unknown data type 'none'"),
        (changed("attributes", 0, "name", to="a]"), "attribute name"),
        (changed("attributes", 1, "name", to="Store"), "more than one attribute named 'store'"),
        (changed("attributes", 1, "attributeForms", 0, "category", to="DESC"), "no form of the category id"),
        (changed("attributes", 1, "attributeForms", to=[]), "no form of the category id"),
        (changed("attributes", 1, "attributeForms", 0, "expressions", to=[]), "has no expression"),
        (changed("attributes", 1, "attributeForms", 0, to=form("ID", ("sale", "note"))), "names the table 'sale'"),
        (changed("attributes", 1, "attributeForms", 0, to=form("ID", ("sales", "x"))), "no column 'x'"),
        (
            changed("attributes", 1, "attributeForms", 0, to=form("ID", ("sales", "note"), ("sales", "rev"))),
            "two expressions for the table 'sales'",
        ),
        (
            changed("attributes", 1, "attributeForms", 0, to=form("ID", ("sales", "note"), ("stores", "id"))),
            "different types: biginteger, string",
        ),
        (changed("attributes", 0, "attributeForms", 1, to=form("ID", ("sales", "store"))), "has no id of the"),
        (changed("attributes", to=definition()["attributes"][:1]), "nothing uses the column 'note'"),
        (changed("metrics", to=[]), "nothing uses the column 'rev' of the table 'sales'"),
        (changed("metrics", to=definition()["metrics"] * 2), "more than one metric named 'rev'"),
        (
            changed("metrics", 0, "expressions", to=form("", ("sales", "note"))["expressions"]),
            "cannot sum the column 'note' of type string",
        ),
    ],
)
def test_wrong_definition_is_refused_by_name(body, message):
    with pytest.raises(Refusal) as caught:
        read_model(body)
    assert (caught.value.status, caught.value.code) == (400, "ERR006")
    assert message in caught.value.message.lower()
