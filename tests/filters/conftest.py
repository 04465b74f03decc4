"""Columns to filter, of every kind, as a decoder names them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from mstr_arrow.filters.columns import subjects_of

ID, DESC = "45C11FA478E745FEA08D781CEA190FE5", "CCFBE2A5EADB4F50941FB879CCF1721C"
_KEYS = {
    **{"Region": "A1", "Year": "A2", "Store": "A3", "Day": "A4", "Opened": "A5", "Hour": "A6", "Area": "A7"},
    **{"Flag": "A8", "Weight": "A9", "Revenue": "B1", "Cost": "B2", "Units": "B3", "Visits": "B4", "Note": "B5"},
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
