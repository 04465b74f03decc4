"""Columns to filter, of every kind, as a decoder names them."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from mstr_arrow.query.columns import subjects_of
from mstr_arrow.query.reference import col

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mstr_arrow.query.expressions import Expression

ID, DESC = "45C11FA478E745FEA08D781CEA190FE5", "CCFBE2A5EADB4F50941FB879CCF1721C"
_KEYS = {
    "Region": "A1",
    "Year": "A2",
    "Store": "A3",
    "Day": "A4",
    "Opened": "A5",
    "Hour": "A6",
    "Area": "A7",
    "Flag": "A8",
    "Weight": "A9",
    "Revenue": "B1",
    "Cost": "B2",
    "Units": "B3",
    "Visits": "B4",
    "Note": "B5",
}


def _id(name: str) -> str:
    return _KEYS[name].ljust(32, "0")


def _attribute(name: str, form: str, data_type: str, values: pa.DataType) -> pa.Field:
    metadata = {"role": "attribute", "id": _id(name.partition("@")[0]), "data_type": data_type, "form_id": form}
    return pa.field(name, values, metadata={f"mstr.{key}": value for key, value in metadata.items()})


def _metric(name: str, data_type: str, values: pa.DataType) -> pa.Field:
    metadata = {"role": "metric", "id": _id(name), "data_type": data_type}
    return pa.field(name, values, metadata={f"mstr.{key}": value for key, value in metadata.items()})


_TEXT = pa.dictionary(pa.int32(), pa.string())

SCHEMA = pa.schema(
    [
        _attribute("Region", DESC, "nvarchar", _TEXT),
        _attribute("Year", ID, "integer", pa.int64()),
        _attribute("Store@ID", ID, "varchar", _TEXT),
        _attribute("Store@DESC", DESC, "utf8char", _TEXT),
        _attribute("Day", ID, "date", pa.date32()),
        _attribute("Opened", ID, "timestamp", pa.timestamp("us")),
        _attribute("Hour", ID, "time", pa.time64("us")),
        _attribute("Area", ID, "double", pa.float64()),
        _attribute("Weight", ID, "bigdecimal", pa.decimal128(38, 18)),
        _attribute("Flag", ID, "bool", pa.bool_()),
        _metric("Revenue", "double", pa.float64()),
        _metric("Cost", "double", pa.float64()),
        _metric("Units", "integer", pa.int64()),
        _metric("Visits", "int64", pa.int64()),
        _metric("Note", "nvarchar", _TEXT),
    ]
)


@pytest.fixture(scope="session")
def schema() -> pa.Schema:
    return SCHEMA


@pytest.fixture(scope="session")
def subjects():
    return subjects_of(SCHEMA)


@pytest.fixture(scope="session")
def object_id():
    return _id


_DAYS = [dt.date(1899, 12, 29), dt.date(2024, 1, 31), dt.date(2024, 2, 1), dt.date(2025, 1, 1)]
_MOMENTS = [dt.datetime.combine(day, dt.time(10, 20, 30, micro)) for day in _DAYS for micro in (0, 500_000)]
_HOURS = [dt.time(0), dt.time(0, 0, 0, 5), dt.time(10, 20, 30), dt.time(12, 0, 1), dt.time(23, 59, 59)]
_TEXTS = ["East", "east", "East ", "EAST", "West", "", "Ostküste", "100%", "x_y", "ΑΣ", "ΑΣΒ", "it's", "a\nb"]
_DOUBLES = [0.0, 1.5, -2.5, 100.0, 0.1, 1 / 3, 1e-12, 1e40]
_WHOLES = [0, 1, 2, 3, 2024, -5, 2**53, 2**53 + 1, 10**15, -(2**63), 2**63 - 1]
_POOLS: dict[str, list[Any]] = {
    **dict.fromkeys(("Region", "Store@ID", "Store@DESC", "Note"), _TEXTS),
    **dict.fromkeys(("Year", "Units", "Visits"), _WHOLES),
    **dict.fromkeys(("Area", "Revenue", "Cost"), _DOUBLES),
    "Day": _DAYS,
    "Opened": _MOMENTS,
    "Hour": _HOURS,
    "Weight": [Decimal("0.1"), Decimal("1.5"), Decimal(-7), Decimal("0.000000000000000001"), Decimal(10) ** 19],
    "Flag": [True, False],
}
_CONSTANTS: dict[str, list[Any]] = {
    **_POOLS,
    **{name: [*_WHOLES, 1.5, -0.5, Decimal("2.0"), 2**70, -(2**70), 1e19] for name in ("Year", "Units", "Visits")},
    **{name: [*_DOUBLES, 2, Decimal("0.1"), 1e-40] for name in ("Area", "Revenue", "Cost")},
    "Weight": [*_POOLS["Weight"], 0.1, 1.5, 7, 1e-19, Decimal("1.50"), 10**30, -(10**30)],
    "Day": [*_DAYS, "2024-02-01", dt.datetime.combine(_DAYS[1], dt.time(12))],
    "Opened": [*_MOMENTS, _DAYS[1], "2024-02-01T10:20:30"],
    "Hour": [*_HOURS, "10:20:30"],
}


def _comparable(name: str) -> st.SearchStrategy[Expression]:
    """Conditions on one column."""
    reference, constant = col(name), st.sampled_from(_CONSTANTS[name])
    kinds = [
        st.builds(lambda value: reference == value, constant),
        st.builds(lambda value: reference != value, constant),
        st.builds(reference.is_in, st.lists(constant, max_size=4)),
        st.builds(reference.not_in, st.lists(constant, max_size=4)),
        st.builds(reference.is_null),
        st.builds(reference.is_not_null),
    ]
    if name != "Flag":
        kinds.append(st.builds(reference.compare, st.sampled_from(["<", "<=", ">", ">="]), constant))
        kinds.append(st.builds(reference.between, constant, constant))
    if _CONSTANTS[name] is _TEXTS:
        part = st.one_of(constant, st.sampled_from(["a", "as", "st", "E", "ü", "%", "_", " ", "Σ", "ΑΣ"]))
        kinds += [
            st.builds(search, part) for search in (reference.contains, reference.starts_with, reference.ends_with)
        ]
    return st.one_of(kinds)


def _leaves(names: Sequence[str]) -> st.SearchStrategy[Expression]:
    metrics = [name for name in names if name in {"Revenue", "Cost", "Units", "Visits"}]
    operator = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    pairs = st.builds(
        lambda left, operator, right: col(left).compare(operator, col(right)),
        st.sampled_from(metrics),
        operator,
        st.sampled_from(metrics),
    )
    return st.one_of(st.one_of([_comparable(name) for name in names]), pairs)


@cache
def _trees(names: Sequence[str] = tuple(_POOLS), *, ranks: bool = False) -> st.SearchStrategy[Expression]:
    """Trees of conditions on some columns."""
    leaf = st.one_of(_leaves(names), _RANKS) if ranks else _leaves(names)
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda one, other: one & other, inner, inner),
            st.builds(lambda one, other: one | other, inner, inner),
            st.builds(lambda one: ~one, inner),
        ),
        max_leaves=6,
    )


_RANKS = st.one_of(
    st.builds(
        lambda name, ranking, amount: getattr(col(name), ranking)(amount),
        st.sampled_from(["Revenue", "Units"]),
        st.sampled_from(["top", "bottom"]),
        st.integers(1, 4),
    ),
    st.builds(
        lambda name, ranking, amount: getattr(col(name), ranking)(amount),
        st.sampled_from(["Revenue", "Units"]),
        st.sampled_from(["top_percent", "bottom_percent"]),
        st.sampled_from([10, 25, 33.3, 50.0, 100]),
    ),
)


def _rows(seed: int, count: int) -> list[dict[str, Any]]:
    """Make rows of values that conditions speak of; from a seed, because drawing each value takes long."""
    source = random.Random(seed)
    return [{name: source.choice([None, *pool]) for name, pool in _POOLS.items()} for _ in range(count)]


class Given:
    """Strategies of hypothesis."""

    trees = staticmethod(_trees)
    ranks = _RANKS
    rows = st.builds(_rows, st.integers(0, 2**32), st.integers(0, 30))


@pytest.fixture(scope="session")
def drawn() -> Given:
    return Given()


@pytest.fixture(scope="session")
def frame() -> Callable[[list[dict[str, Any]]], pl.DataFrame]:
    """Make a frame as it is delivered, with its number of each row in ``row``."""
    types = {field.name: pl.Series(pl.from_arrow(pa.array([], field.type))).dtype for field in SCHEMA}
    plain = {name: pl.String() if str(dtype).startswith("Categorical") else dtype for name, dtype in types.items()}
    return lambda rows: pl.DataFrame(rows, schema=plain, orient="row", strict=True).with_row_index("row")
