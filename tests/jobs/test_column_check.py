import pyarrow as pa
import pytest

from mstr_arrow.errors import SchemaChanged
from mstr_arrow.jobs.column_check import check_columns
from mstr_arrow.jobs.records.record import JobRecord

LAST = JobRecord(job="sales", object="Sales Cube", asked="one", schema=pa.schema({"A": "string", "B": "int32"}))
MORE = pa.schema({"A": "string", "B": "int32", "C": "int8"})
OTHER = pa.schema({"B": "int64"})


@pytest.mark.parametrize("last", [None, JobRecord(job="sales")])
def test_nothing_is_compared_where_nothing_is_known(last):
    assert check_columns(last, OTHER, "strict") == ()


def test_other_columns_are_refused_with_all_that_changed_and_the_way_out():
    with pytest.raises(SchemaChanged) as refused:
        check_columns(LAST, OTHER, "strict", asked="one")
    assert refused.value.message == (
        "the columns of 'Sales Cube' are not those of the last time: the column 'A' (string) is gone; the type of "
        "the column 'B' was int32, and is int64 now, which holds more."
    )
    assert 'schema_mode = "replace"' in refused.value.hint
    assert [each.kind for each in refused.value.changes] == ["gone", "widened"]


def test_new_columns_are_taken_where_that_is_said_and_can_be():
    with pytest.raises(SchemaChanged, match=r"'C' \(int8\) is new.*schema_mode = \"add\""):
        check_columns(LAST, MORE, "strict")
    assert [each.kind for each in check_columns(LAST, MORE, "add")] == ["new"]
    with pytest.raises(SchemaChanged, match="a new destination"):
        check_columns(LAST, MORE, "add", adds=False)


def test_all_is_taken_where_that_is_said_or_another_thing_is_asked():
    assert len(check_columns(LAST, OTHER, "replace")) == 2
    assert len(check_columns(LAST, OTHER, "strict", asked="another")) == 2
