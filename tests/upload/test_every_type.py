"""Every type of Arrow, Polars and pandas, enumerated from the libraries: what docs/writing.md says becomes of it.

A type that a library gains fails here until its fate is written down and a sample shows it.
"""

import datetime as dt
import re
import warnings
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import UsageError
from mstr_arrow.simulator import Simulator
from mstr_arrow.upload.model import table_models
from mstr_arrow.upload.polars_dtypes import check_dtypes
from mstr_arrow.upload.source import source_of
from tests.support.extensions import Money

ROWS = 6
NAMES = {"na": "null", "half_float": "float16", "float": "float32", "double": "float64"}
"""Arrow's types by the names of their ids, where those are not what they are called."""

TEXTS = ["", None, "naïve 日本 😀", " a\tb\n ", 'null "\\', "\x00"]
BOOLS = [True, None, False, True, None, False]
DOUBLES = [float("nan"), None, float("-inf"), 1.7976931348623157e308, 5e-324, -0.1]
DAYS = [dt.date(1, 1, 1), None, dt.date(9999, 12, 31), dt.date(1969, 12, 31), dt.date(2024, 2, 29), None]
TIMES = [dt.time(), None, dt.time(23, 59, 59, 999_999), dt.time(11, 0, 0, 250_000), dt.time(1, 2, 3), None]
MOMENTS = [dt.datetime.combine(day, time) if day and time else None for day, time in zip(DAYS, TIMES, strict=True)]
DECIMALS = [Decimal("0.00"), None, Decimal("-123.45"), Decimal("999.99"), Decimal("0.01"), None]
UUIDS = [UUID(int=0), None, UUID(int=2**128 - 1), UUID(int=2**100), UUID(int=1), None]


def documented():
    """Read the tables: the fate of each type, by library and name."""
    text = (Path(__file__).parents[2] / "docs" / "writing.md").read_text("utf-8").partition("## Every type\n")[2]
    fates = {}
    for table in text.split("\n\n| ")[1:]:
        library = table.partition(" |")[0]
        rows = re.findall(r"^\| (`.*`) \| (.*) \|$", table, re.MULTILINE)
        fates[library] = {name: fate for names, fate in rows for name in re.findall("`(.*?)`", names)}
    return fates


FATES = documented()


def leaves(base, module):
    """Name the types of a module that no other type of it is a kind of."""
    below = [each for each in base.__subclasses__() if each.__module__.startswith(module)]
    return {base.__name__} if not below else set().union(*(leaves(each, module) for each in below))


def whole(bits, *, signed=True):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return [low, None, high, 0, 1, None]


INTEGERS = {
    f"{'' if signed else 'u'}int{bits}": whole(bits, signed=signed)
    for signed in (True, False)
    for bits in (8, 16, 32, 64)
}
HALVES = [float("nan"), None, float("inf"), 65504.0, -0.5, 0.0]
SINGLES = [float("nan"), None, float("inf"), 3.4028234663852886e38, -0.5, 1.401298464324817e-45]


def nulls(dtype):
    return pa.array([None] * ROWS, dtype)


def unknown():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of what older versions of pyarrow read this type as
        return pa.ExtensionArray.from_storage(pa.lib.UnknownExtensionType(pa.int64(), b""), nulls(pa.int64()))


def union(make):
    return make(pa.array([0] * ROWS, pa.int8()), [pa.array([1] * ROWS)])


ARROW = {
    **{name: pa.array(values, getattr(pa, name)()) for name, values in INTEGERS.items()},
    "bool": pa.array(BOOLS),
    "decimal32": pa.array(DECIMALS, pa.decimal32(5, 2)),
    "decimal64": pa.array(DECIMALS, pa.decimal64(18, 2)),
    "decimal128": pa.array([Decimal(10**20 - 1), *DECIMALS[1:]], pa.decimal128(38, 18)),
    "decimal256": pa.array(DECIMALS, pa.decimal256(76, 40)),
    **{name: pa.array(TEXTS, getattr(pa, name)()) for name in ("string", "large_string", "string_view")},
    "null": nulls(pa.null()),
    "date32": pa.array(DAYS, pa.date32()),
    "date64": pa.array(DAYS, pa.date64()),
    "time32": pa.array([time and time.replace(microsecond=0) for time in TIMES], pa.time32("ms")),
    "dictionary": pa.DictionaryArray.from_arrays([0, None, 2, 3, 4, 5], [*TEXTS, "unused"]),
    "run_end_encoded": pa.RunEndEncodedArray.from_arrays([1, 2, 6], pa.array(TEXTS[:3])),
    "float16": pa.array(HALVES, pa.float32()).cast(pa.float16()),
    "float32": pa.array(SINGLES, pa.float32()),
    "float64": pa.array(DOUBLES),
    "time64": pa.array(TIMES, pa.time64("us")),
    "timestamp": pa.array(MOMENTS, pa.timestamp("us")),
    "Bool8Type": pa.ExtensionArray.from_storage(pa.bool8(), pa.array(BOOLS).cast(pa.int8())),
    "JsonType": pa.ExtensionArray.from_storage(pa.json_(), pa.array(TEXTS)),
    "UuidType": pa.array([uuid and uuid.bytes for uuid in UUIDS], pa.uuid()),
    "ExtensionType": nulls(Money()),
    "UnknownExtensionType": unknown(),
    "OpaqueType": nulls(pa.opaque(pa.int64(), "hugeint", "SomeDB")),
    "FixedShapeTensorType": pa.ExtensionArray.from_storage(
        pa.fixed_shape_tensor(pa.int8(), [1]), nulls(pa.list_(pa.int8(), 1))
    ),
    **{name: nulls(getattr(pa, name)()) for name in ("binary", "large_binary", "binary_view")},
    "fixed_size_binary": nulls(pa.binary(4)),
    "list": nulls(pa.list_(pa.int8())),
    "fixed_size_list": nulls(pa.list_(pa.int8(), 1)),
    **{name: nulls(getattr(pa, name)(pa.int8())) for name in ("large_list", "list_view", "large_list_view")},
    "struct": nulls(pa.struct([("a", pa.int8())])),
    "map": nulls(pa.map_(pa.string(), pa.int8())),
    "dense_union": union(
        lambda ids, parts: pa.UnionArray.from_dense(ids, pa.array(range(ROWS), pa.int32()), parts)
    ),
    "sparse_union": union(pa.UnionArray.from_sparse),
    "duration": nulls(pa.duration("us")),
    "interval_month_day_nano": nulls(pa.month_day_nano_interval()),
}
NOT_MADE = {"interval_months", "interval_day_time"}
"""Types that Arrow has and pyarrow does not make."""

POLARS = {
    **{name.replace("i", "I").replace("u", "U"): values for name, values in INTEGERS.items()},
    "Boolean": BOOLS,
    "Decimal": DECIMALS,
    "String": TEXTS,
    "Categorical": TEXTS,
    "Enum": TEXTS,
    "Null": [None] * ROWS,
    "Date": DAYS,
    "Float16": HALVES,
    "Float32": SINGLES,
    "Float64": DOUBLES,
    "Time": TIMES,
    "Datetime": MOMENTS,
    "Int128": [1] * ROWS,
    "UInt128": [1] * ROWS,
    "Object": [None] * ROWS,
    "Unknown": [None] * ROWS,
    "Binary": [b""] * ROWS,
    "Duration": [dt.timedelta(1)] * ROWS,
    "List": [[1]] * ROWS,
    "Array": [[1]] * ROWS,
    "Struct": [{"a": 1}] * ROWS,
    "Map": [None] * ROWS,
    "Extension": [None] * ROWS,
}


def polars_dtype(name):
    made = {
        "Decimal": lambda: pl.Decimal(20, 2),
        "Enum": lambda: pl.Enum([text for text in TEXTS if text is not None]),
        "Datetime": lambda: pl.Datetime("us"),
        "List": lambda: pl.List(pl.Int8),
        "Array": lambda: pl.Array(pl.Int8, 1),
        "Struct": lambda: pl.Struct({"a": pl.Int8}),
        "Map": lambda: pl.Map(pl.String, pl.Int8),
        "Extension": lambda: pl.Extension("my.money", pl.Int64),
    }
    return made.get(name, getattr(pl, name))()


def polars_series(name):
    if name == "Extension":
        return pl.select(pl.lit(pl.Series(POLARS[name], dtype=pl.Int64)).ext.to(polars_dtype(name))).to_series()
    return pl.Series(POLARS[name], dtype=polars_dtype(name), strict=name != "Float16")


def refused(library):
    return {name for name, fate in FATES[library].items() if fate.startswith("refused")}


# What the libraries have ------------------------------------------------------------------------------------------


def test_every_arrow_type_has_a_fate_and_a_sample():
    ids = {name.removeprefix("Type_").lower() for name in dir(pa.lib) if name.startswith("Type_")}
    there = {NAMES.get(name, name) for name in ids} - {"extension"}
    there |= {each.__name__ for each in pa.BaseExtensionType.__subclasses__() if each.__module__ == "pyarrow.lib"}
    assert there <= set(FATES["Arrow"])
    assert there - NOT_MADE <= set(ARROW)


def test_every_polars_type_has_a_fate_and_a_sample():
    there = leaves(pl.DataType, "polars")
    assert there <= set(FATES["Polars"])
    assert there <= set(POLARS)


def test_every_pandas_type_has_a_fate_and_a_sample():
    pd, np = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    there = leaves(pd.api.extensions.ExtensionDtype, "pandas")
    there |= {each.__name__.removesuffix("_") for each in np.sctypeDict.values()}
    assert there <= set(FATES["pandas and numpy"])
    assert there <= set(pandas_columns(pd, np))


# There and back ---------------------------------------------------------------------------------------------------


def arrived(value):
    """Say how a value is read that was written: nearly always as it is."""
    if isinstance(value, float):
        return value if abs(value) != float("inf") and value == value else None  # noqa: PLR0124 - NaN
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    if isinstance(value, dt.datetime | dt.time):
        return value.isoformat(timespec="milliseconds")
    return str(value) if isinstance(value, UUID) else value


def read_back(conn, cube_id, names):
    """Read a cube: the values of each column in the order of the key."""
    table = conn.cube(cube_id).to_arrow(strings="plain").sort_by("key")
    return {name: list(map(arrived, table[name].to_pylist())) for name in names}


@pytest.fixture(scope="module")
def conn():
    with Simulator(rows=10, gzip=False, publish_polls=0) as simulator:
        url, username, password = simulator.url, simulator.username, simulator.password
        with ma.connect(url, username=username, password=password) as connection:
            yield connection


def check_round_trip(conn, library, data, values, **options):
    """Write, read, and compare each column and what was counted of it with its fate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ma.DataLossWarning)
        result = conn.write(f"Every Type of {library}", {"T": data}, **options)
    got = read_back(conn, result.cube_id, values)
    for name, sent in values.items():
        assert got[name] == list(map(arrived, sent)), name
        lost = result.nulled.get(f"T.{name}", 0) + result.shortened.get(f"T.{name}", 0)
        assert bool(lost) == FATES[library][name].startswith("changed"), name


def as_it_is(array):
    return array


def in_pieces(array):
    """Cut an array out of a longer one, in two pieces."""
    long = pa.concat_arrays([array, array, array])
    return pa.chunked_array([long.slice(ROWS, 2), long.slice(ROWS + 2, ROWS - 2)])


def as_dictionary(array):
    if pa.types.is_dictionary(array.type) or pa.types.is_run_end_encoded(array.type):
        return array
    return pa.DictionaryArray.from_arrays(pa.array(range(ROWS), pa.int8()), array)


def as_runs(array):
    if pa.types.is_dictionary(array.type) or pa.types.is_run_end_encoded(array.type):
        return array
    return pa.RunEndEncodedArray.from_arrays(pa.array(range(1, ROWS + 1), pa.int32()), array)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("form", [as_it_is, in_pieces, as_dictionary, as_runs], ids=lambda form: form.__name__)
@pytest.mark.parametrize("orientation", ["COLUMN", "ROW"])
def test_arrow_types_there_and_back(conn, form, orientation):
    arrays = {name: array for name, array in ARROW.items() if name not in refused("Arrow")}
    sent = pa.table({"key": pa.array(list("abcdef")), **{name: form(array) for name, array in arrays.items()}})
    values = {name: array.to_pylist() for name, array in arrays.items()}
    values |= {"Bool8Type": BOOLS, "float16": HALVES}  # which Arrow does not read as Python's
    check_round_trip(conn, "Arrow", sent, values, orientation=orientation, chunk_rows=4)


@pytest.mark.parametrize("lazy", [False, True], ids=["frame", "lazy"])
def test_polars_types_there_and_back(conn, lazy):
    names = [name for name in POLARS if hasattr(pl, name) and name not in refused("Polars")]
    frame = pl.DataFrame({"key": list("abcdef"), **{name: polars_series(name) for name in names}})
    check_round_trip(conn, "Polars", frame.lazy() if lazy else frame, {name: POLARS[name] for name in names})


def test_pandas_types_there_and_back(conn):
    pd, np = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    columns = pandas_columns(pd, np)
    names = [name for name in columns if name not in refused("pandas and numpy")]
    frame = pd.DataFrame({"key": list("abcdef"), **{name: columns[name] for name in names}})
    values = {name: [None if pd.isna(value) else value for value in frame[name].tolist()] for name in names}
    check_round_trip(conn, "pandas and numpy", frame, values)


@pytest.mark.parametrize("library", ["Arrow", "Polars"])
def test_tables_without_rows_keep_their_columns(conn, library):
    if library == "Arrow":
        names = sorted(set(ARROW) - refused("Arrow"))
        empty = pa.table({"key": pa.array([], pa.string()), **{name: ARROW[name].slice(0, 0) for name in names}})
    else:
        names = [name for name in POLARS if hasattr(pl, name) and name not in refused("Polars")]
        empty = pl.DataFrame({"key": [], **{name: polars_series(name).clear() for name in names}})
    result = conn.write(f"No Rows of {library}", empty)
    got = conn.cube(result.cube_id).to_arrow()
    assert (result.rows, got.num_rows) == (0, 0)
    assert set(got.column_names) == {"key", *names}


# Refused ----------------------------------------------------------------------------------------------------------


def check_refusal(data):
    with pytest.raises(UsageError) as caught:
        table_models({"T": source_of(data, "T").schema})
    assert "'Payload'" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", sorted(set(ARROW) & refused("Arrow")))
def test_arrow_types_that_are_refused(name):
    check_refusal(pa.table({"Payload": ARROW[name]}))


@pytest.mark.parametrize("name", sorted(refused("Polars")))
def test_polars_types_that_are_refused(name):
    if not hasattr(pl, name):
        pytest.skip("not in this Polars")
    if name == "Unknown":
        with pytest.raises(UsageError, match="'Payload' is of the Polars type Unknown"):
            check_dtypes("T", pl.Schema({"Payload": pl.Unknown()}))
        return
    check_refusal(pl.DataFrame({"Payload": polars_series(name)}))


@pytest.mark.parametrize("name", sorted(refused("pandas and numpy")))
def test_pandas_types_that_are_refused(name):
    pd, np = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    check_refusal(pd.DataFrame({"Payload": pandas_columns(pd, np)[name]}))


def pandas_columns(pd, np):
    """Make a column of each type of pandas, and of numpy as pandas takes it."""
    integers = {name.removesuffix("_"): np.dtype(name) for name in ("longlong", "ulonglong", *INTEGERS)}
    masked = {f"{name.replace('i', 'I').replace('u', 'U')}Dtype": values for name, values in INTEGERS.items()}
    return {
        **{
            name: np.array([np.iinfo(dtype).min, np.iinfo(dtype).max, 0, 1, 2, 3], dtype)
            for name, dtype in integers.items()
        },
        **{name: pd.array(values, dtype=name.removesuffix("Dtype")) for name, values in masked.items()},
        "bool": np.array([True, False] * 3),
        "BooleanDtype": pd.array(BOOLS, dtype="boolean"),
        "StringDtype": pd.array(TEXTS, dtype="string"),
        "str": pd.Series(np.array([text or "" for text in TEXTS], dtype=np.str_)),
        "object": pd.Series(TEXTS, dtype=object),
        "CategoricalDtype": pd.Categorical(TEXTS),
        "ArrowDtype": pd.Series(DECIMALS, dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
        "NumpyEADtype": pd.arrays.NumpyExtensionArray(np.arange(ROWS)),
        "float16": np.array([np.nan if each is None else each for each in HALVES], np.float16),
        "float32": np.array([np.nan if each is None else each for each in SINGLES], np.float32),
        "float64": np.array([np.nan if each is None else each for each in DOUBLES]),
        "Float32Dtype": pd.array([np.inf, None, 1.5, 0, 0, 0], dtype="Float32"),
        "Float64Dtype": pd.array([np.inf, None, 1.5, 0, 0, 0], dtype="Float64"),
        "datetime64": np.array([moment or "NaT" for moment in MOMENTS], "datetime64[us]"),
        "DatetimeTZDtype": pd.to_datetime(pd.Series(["2024-01-31T11:00:00.0000015+02:00"] * ROWS)),
        "PeriodDtype": pd.period_range("2024-01", periods=ROWS, freq="M"),
        "IntervalDtype": pd.interval_range(0, ROWS),
        "SparseDtype": pd.arrays.SparseArray([0] * ROWS),
        "timedelta64": np.array([1] * ROWS, "timedelta64[s]"),
        **{name: np.array([1] * ROWS, name) for name in ("complex64", "complex128", "clongdouble", "longdouble")},
        "bytes": pd.Series([b"a"] * ROWS, dtype=object),
        "void": pd.Series(list(np.zeros(ROWS, "V4")), dtype=object),
    }
