"""Columns by what is seen of their names."""

import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.query.columns import subjects_of

HEX = "DEADBEEF" * 4
SCHEMA = [
    (" Region", "attribute", "A" * 32, "45C11FA478E745FEA08D781CEA190FE5"),
    (f"{HEX}@ID", "attribute", "B" * 32, "45C11FA478E745FEA08D781CEA190FE5"),
    (f"{HEX}@DESC", "attribute", "B" * 32, "CCFBE2A5EADB4F50941FB879CCF1721C"),
    ("Gross  Sales", "metric", "C" * 32, ""),
    ("Net\N{NO-BREAK SPACE}Sales ", "metric", "D" * 32, ""),
    ("2024", "metric", "E" * 32, ""),
    ("Twice", "metric", "F" * 32, ""),
    ("Twice ", "metric", "0" * 32, ""),
]


@pytest.fixture(scope="module")
def subjects():
    fields = [
        pa.field(
            name,
            pa.string() if role == "attribute" else pa.float64(),
            metadata={"mstr.role": role, "mstr.id": object_id, "mstr.form_id": form, "mstr.data_type": "double"},
        )
        for name, role, object_id, form in SCHEMA
    ]
    return subjects_of(pa.schema(fields))


@pytest.mark.parametrize("name", [name for name, *_ in SCHEMA])
def test_a_column_is_found_as_given(subjects, name):
    assert subjects.find(name).name == name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Region", " Region"),
        ("Region  ", " Region"),
        ("Gross Sales", "Gross  Sales"),
        ("Net Sales", "Net\N{NO-BREAK SPACE}Sales "),
        ("Twice\N{ZERO WIDTH SPACE}", None),
        ("C" * 32, "Gross  Sales"),
    ],
)
def test_a_column_is_found_by_what_is_seen_of_it(subjects, typed, name):
    if name is None:
        with pytest.raises(UsageError, match="more than one column"):
            subjects.find(typed)
    else:
        assert subjects.find(typed).name == name


def test_an_attribute_may_be_named_like_an_id(subjects):
    assert [subject.name for subject in subjects.find_all(HEX)] == [f"{HEX}@ID", f"{HEX}@DESC"]
    assert subjects.find(f"{HEX}@DESC").form_id.startswith("CC")
