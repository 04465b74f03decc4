import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.shape import ColumnChange, changes_of, check_mode, describe_changes, find_refused


def one_type(before, now):
    return [
        (each.kind, each.before, each.now)
        for each in changes_of(pa.schema([("A", before)]), pa.schema([("A", now)]))
    ]


def test_the_same_columns_have_not_changed_however_texts_are_encoded():
    before = pa.schema([("Region", pa.dictionary(pa.int32(), pa.string())), ("Units", pa.int64())])
    assert changes_of(before, pa.schema([("Region", pa.string()), ("Units", pa.int64())])) == ()


def test_columns_that_are_gone_and_new():
    before, now = pa.schema({"A": "string", "B": "int32"}), pa.schema({"B": "int32", "C": "date32"})
    assert changes_of(before, now) == (
        ColumnChange("gone", "A", before="string"),
        ColumnChange("new", "C", now="date32[day]"),
    )


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("int8", "int16"),
        ("int32", "int64"),
        ("uint32", "int64"),
        ("int32", "float64"),
        ("float", "double"),
        (pa.int32(), pa.decimal128(10, 0)),
        (pa.decimal128(10, 2), pa.decimal128(12, 3)),
        (pa.timestamp("s"), pa.timestamp("us")),
        (pa.date32(), pa.timestamp("ms")),
        ("null", "string"),
    ],
)
def test_a_type_that_holds_all_values_of_the_old_one_was_widened(before, now):
    ((kind, *_),) = one_type(before, now)
    ((back, *_),) = one_type(now, before)
    assert (kind, back) == ("widened", "changed")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("int64", "uint64"),
        ("int64", "float64"),
        ("int64", "string"),
        (pa.int32(), pa.decimal128(10, 2)),
        (pa.decimal128(10, 2), pa.decimal128(10, 3)),
        (pa.timestamp("s"), pa.timestamp("us", "UTC")),
        (pa.timestamp("us"), pa.date32()),
        ("bool", "int8"),
    ],
)
def test_another_type_was_changed(before, now):
    assert [kind for kind, *_ in one_type(before, now)] == ["changed"]


def test_a_column_of_the_same_object_was_renamed():
    def field(name, key="F1", arrow_type="string"):
        metadata = {"mstr.role": "attribute", "mstr.id": key, "mstr.form_id": "F"}
        return pa.field(name, arrow_type, metadata=metadata)

    units = pa.field("Units", "int64")
    before, now = pa.schema([field("Region"), units]), pa.schema([field("Area"), units])
    assert changes_of(before, now) == (ColumnChange("renamed", "Area", before="Region", now="Area"),)
    # one object of which several columns are gone and new: nobody can tell which became which
    before, now = pa.schema([field("A"), field("B")]), pa.schema([field("C"), field("D")])
    assert [each.kind for each in changes_of(before, now)] == ["gone", "gone", "new", "new"]


def test_another_order_is_told_once():
    before, now = (
        pa.schema({"A": "int8", "B": "int8", "C": "int8"}),
        pa.schema({"B": "int8", "A": "int8", "C": "int8"}),
    )
    assert changes_of(before, now) == (ColumnChange("order", "B"),)
    # a new column in the middle moves none of the others
    now = pa.schema({"A": "int8", "X": "int8", "B": "int8", "C": "int8"})
    assert [each.kind for each in changes_of(before, now)] == ["new"]


@pytest.mark.parametrize(
    ("mode", "adds", "left"),
    [
        ("strict", True, ["gone", "widened", "new", "order"]),
        ("add", True, ["gone", "widened"]),
        ("add", False, ["gone", "widened", "new"]),
        ("replace", True, []),
    ],
)
def test_what_a_mode_refuses(mode, adds, left):
    before = pa.schema({"A": "int8", "B": "int8", "C": "int8", "D": "int8"})
    now = pa.schema({"C": "int8", "B": "int16", "D": "int8", "E": "int8"})
    changes = changes_of(before, now)
    assert [each.kind for each in find_refused(changes, mode, adds=adds)] == left


def test_changes_are_told_by_column_and_type():
    before, now = pa.schema({"A": "string", "B": "int32"}), pa.schema({"C": "int8", "B": "int64"})
    assert describe_changes(changes_of(before, now)) == (
        "the column 'A' (string) is gone; the type of the column 'B' was int32, and is int64 now, which holds "
        "more; the column 'C' (int8) is new"
    )


def test_an_unknown_mode_is_refused():
    with pytest.raises(UsageError, match="schema_mode='merge' is not known"):
        check_mode("merge")
