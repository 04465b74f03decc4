import pyarrow as pa
import pytest

from mstr_arrow.errors import ProtocolError
from mstr_arrow.upload.existing import Dataset, compare, read_dataset
from mstr_arrow.upload.model import table_models


def body(columns):
    """Make a definition as the wire reference shows it, section 6.6."""
    objects = {
        "tables": [{"id": "T1", "name": "Sales", "type": 15}],
        "columns": [
            {
                "tableId": "T1",
                "tableName": "Sales",
                "columnId": "C",
                "columnName": name,
                "dataType": code,
                "precision": 0,
                "scale": 0,
            }
            for name, code in columns.items()
        ],
    }
    return {"id": "D1", "name": "Push", "result": {"definition": {"availableObjects": objects}}}


def test_a_definition_is_read():
    assert read_dataset(body({"store": 33, "units": 1})) == Dataset(
        "D1", "Push", {"Sales": {"store": 33, "units": 1}}
    )


@pytest.mark.parametrize("broken", [None, [], {}, {"id": "D1", "name": "x", "result": {}}])
def test_what_is_no_definition(broken):
    with pytest.raises(ProtocolError, match="no definition of a dataset"):
        read_dataset(broken)


def differences(columns, **schema):
    return compare(table_models({"Sales": pa.schema(schema)}), read_dataset(body(columns)))


def test_the_same_columns_do_not_differ():
    known = {"store": 33, "units": 1, "revenue": 7, "day": 14, "at": 16, "flag": 24}
    found = differences(
        known,
        store=pa.string(),
        units=pa.int64(),
        revenue=pa.float64(),
        day=pa.date32(),
        at=pa.timestamp("us"),
        flag=pa.bool_(),
    )
    assert list(found) == []


def test_a_type_that_is_not_known_is_not_held_against_anybody():
    assert list(differences({"store": 99}, store=pa.string())) == []


def test_each_difference_is_named():
    found = differences({"store": 33, "units": 1}, store=pa.int64(), revenue=pa.float64())
    assert found.added == ("the column 'revenue' of table 'Sales' is not in the dataset",)
    assert found.missing == ("the dataset's column 'units' of table 'Sales' is not in the data",)
    assert found.changed == ("the column 'store' of table 'Sales' is a number and was a text",)


def test_a_new_table_is_named():
    found = compare(table_models({"Stock": pa.schema({"a": pa.int8()})}), read_dataset(body({"a": 1})))
    assert list(found) == ["the table 'Stock' is not in the dataset"]
