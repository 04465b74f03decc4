"""Pandas frames: each becomes the table that it is, or is refused with the column, the row and the way out."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.upload.source import source_of

pd = pytest.importorskip("pandas")

NOON = dt.datetime(2024, 1, 31, 12)
NOON_UTC = NOON.replace(tzinfo=dt.UTC)
DAY = NOON.date()
HALF = "A\ud83d"
MONTH = pd.Period("2024-01", "M")


def table(frame):
    source = source_of(frame, "Sales")
    with source.open() as batches:
        return pa.Table.from_batches(list(batches), source.schema)


def objects(*values):
    return pd.DataFrame({"Amount": pd.Series(values, dtype=object)})


def refusal(frame):
    with pytest.raises(UsageError) as caught:
        source_of(frame, "Sales")
    return caught.value


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ((1, None, "x"), "int in row 0, str in row 2"),
        (("x", None, 1), "str in row 0, int in row 2"),
        ((True, 1), "bool in row 0, int in row 1"),
        ((1.5, Decimal("1.5")), "float in row 0, Decimal in row 1"),
        ((b"x", "x"), "bytes in row 0, str in row 1"),
        ((DAY, NOON), "date in row 0, datetime in row 1"),
        ((NOON, DAY), "datetime in row 0, date in row 1"),
        ((MONTH, "2024-02"), "Period in row 0, str in row 1"),
        (([1], {"a": 1}), "list in row 0, dict in row 1"),
    ],
    ids=str,
)
def test_objects_of_several_types_are_refused_with_the_first_row_of_each(values, seen):
    error = refusal(objects(*values))
    assert "'Amount'" in error.message
    assert seen in error.message
    assert ".map(str, na_action='ignore')" in error.hint


@pytest.mark.parametrize(
    ("values", "seen", "hint"),
    [
        ((None, 2**64), "18446744073709551616 in row 1", "decimal.Decimal"),
        ((1, 2**63, -(2**63)), "9223372036854775808 in row 1", "decimal.Decimal"),
        ((0.5, 2**53 + 1), "9007199254740993 in row 1", "text"),
        ((Decimal(1), Decimal("Infinity")), "Decimal('Infinity') in row 1", "text"),
        ((MONTH,), "Period('2024-01', 'M') in row 0", "text"),
        ((Fraction(1, 3),), "Fraction(1, 3) in row 0", "text"),
        (("a", None, HALF), "'A\\ud83d' in row 2", "replace"),
        ((dt.time(11), dt.time(11, tzinfo=dt.UTC)), "a zone in row 1: 11:00:00+00:00", "tzinfo=None"),
        ((NOON, None, NOON_UTC), "a zone in row 2 and one without in row 0", "utc=True"),
    ],
    ids=str,
)
def test_objects_that_arrow_would_change_or_not_take_are_refused_with_their_row(values, seen, hint):
    error = refusal(objects(*values))
    assert "'Amount' of table 'Sales'" in error.message
    assert seen in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (("x", None, "y"), pa.string()),
        ((1, None), pa.int64()),
        ((1, 0.5), pa.float64()),
        ((1, Decimal("0.5")), pa.decimal128(2, 1)),
        ((True, None), pa.bool_()),
        ((DAY, None), pa.date32()),
        ((dt.time(11), None), pa.time64("us")),
        ((NOON, pd.Timestamp(NOON), None), pa.timestamp("us")),
        ((pd.Timestamp(1), None), pa.timestamp("ns")),
        ((None, None), pa.null()),
        ((), pa.null()),
    ],
    ids=str,
)
def test_objects_of_one_type_are_what_they_are(values, dtype):
    got = table(objects(*values))
    assert got.schema.types == [dtype]
    assert got["Amount"].to_pylist() == [None if value is None else value for value in values]


@pytest.mark.parametrize("dtype", ["string[python]", object])
def test_a_text_cut_inside_a_character_is_refused_whatever_holds_it(dtype):
    assert "'A\\ud83d' in row 1" in refusal(pd.DataFrame({"Name": pd.Series(["a", HALF], dtype=dtype)})).message


@pytest.mark.parametrize(
    ("column", "seen", "hint"),
    [
        (pd.period_range("2024-01", periods=2, freq="M"), "pandas.period", ".dt.to_timestamp()"),
        (pd.Categorical([MONTH]), "eriod", "(str"),
        (pd.interval_range(0, 2), "pandas.interval", ".array.left"),
        (pd.arrays.SparseArray([0, 0, 1]), "Sparse[int64, 0]", ".sparse.to_dense()"),
        ([1j], "complex", ".values.real"),
        (pd.Categorical([1, "a"]), "categories of column 'Month' of table 'Sales' hold", ".map(str"),
        (pd.Series([[1]], dtype=pd.ArrowDtype(pa.list_(pa.int8()))), "list<item: int8>", "Explode"),
        ([dt.timedelta(1)], "duration", "int64"),
    ],
    ids=lambda value: str(getattr(value, "dtype", value))[:30],
)
def test_columns_that_arrow_or_the_server_cannot_hold_are_refused_by_name(column, seen, hint):
    from mstr_arrow.upload.model import table_models

    with pytest.raises(UsageError) as caught:
        table_models({"Sales": source_of(pd.DataFrame({"Month": column}), "Sales").schema})
    assert "'Month'" in caught.value.message
    assert seen in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("names", "seen"),
    [
        ([0, 1], "column 0 of table 'Sales' is 0, a value of type int"),
        (["a", 1], "column 1 of table 'Sales' is 1,"),
        (["a", None], "column 1"),
        (["a", float("nan")], "nan, a value of type float"),
        ([("a", "x"), ("a", "y")], "('a', 'x')"),
        (pd.to_datetime(["2024-01-31", "2024-02-29"]), "Timestamp('2024-01-31 00:00:00')"),
        (pd.MultiIndex.from_product([["a"], ["x", "y"]]), "names of 2 levels: ('a', 'x')"),
    ],
    ids=str,
)
def test_names_that_are_no_texts_are_refused(names, seen):
    assert seen in refusal(pd.DataFrame([[1, 2]], columns=names)).message


@pytest.mark.parametrize(
    "index",
    [
        None,
        [5, 5],
        pd.Index([1, 0], dtype="uint8"),
        pd.RangeIndex(10, 30, 10),
    ],
    ids=str,
)
def test_an_index_that_only_counts_rows_is_left_out(index):
    assert table(pd.DataFrame({"Amount": [1, 2]}, index=index)).column_names == ["Amount"]


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(["x", "y"], name="Key"),
        pd.RangeIndex(2, name="Key"),
        pd.Index([7, 7], name="Key"),
        pd.date_range("2024-01-31", periods=2, name="Key"),
    ],
    ids=lambda index: str(index.dtype),
)
def test_an_index_with_a_name_is_a_column(index):
    got = table(pd.DataFrame({"Amount": [1, 2]}, index=index))
    assert got.column_names == ["Amount", "Key"]
    assert got["Key"].to_pylist() == index.to_list()


@pytest.mark.parametrize(
    ("index", "seen"),
    [
        (pd.Index(["x", "y"]), "no name"),
        (pd.date_range("2024-01-31", periods=2), "no name"),
        (pd.MultiIndex.from_product([[1], [2, 3]]), "no name"),
        (pd.Index([7, 8], name=2024), "the name 2024, which is no text"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_index_that_may_be_data_needs_a_name(index, seen):
    error = refusal(pd.DataFrame({"Amount": [1, 2]}, index=index))
    assert seen in error.message
    assert "rename_axis" in error.hint


def test_both_levels_of_an_index_are_columns():
    frame = pd.DataFrame({"Year": [2023, 2024], "Region": ["North", None], "Amount": [1, 2]})
    got = table(frame.set_index(["Year", "Region"]))
    assert got.column_names == ["Amount", "Year", "Region"]
    assert got.select(["Year", "Region"]).to_pylist() == [
        {"Year": 2023, "Region": "North"},
        {"Year": 2024, "Region": None},
    ]


class MoneyDtype(pd.api.extensions.ExtensionDtype):
    """A type of somebody's own, which does not say how it becomes Arrow."""

    name = "money"
    type = object

    @classmethod
    def construct_array_type(cls):
        return MoneyArray


class MoneyArray(pd.api.extensions.ExtensionArray):
    """As few methods as a column needs."""

    dtype = MoneyDtype()

    def __init__(self, values):
        self._values = values

    def __len__(self):
        return len(self._values)

    def __getitem__(self, item):
        return self._values[item] if isinstance(item, int) else MoneyArray(self._values[item])

    def isna(self):
        return pd.isna(pd.Series(self._values, dtype=object)).to_numpy()

    def copy(self):
        return self


def test_a_type_of_others_that_does_not_say_how_it_becomes_arrow_is_refused_by_name():
    error = refusal(pd.DataFrame({"Price": pd.Series(MoneyArray([1, 2]))}))
    assert "'Price' of table 'Sales', of the pandas type money" in error.message
    assert ".map(str" in error.hint
