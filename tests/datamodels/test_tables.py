import pytest

from mstr_arrow.datamodels.tables import ModelTable, choose, describe, read_tables
from mstr_arrow.errors import NotFound, ProtocolError, UsageError

DAY, MONTH, ODD = (
    ModelTable(letter * 32, name) for letter, name in (("A", "ytd_day"), ("B", "city_mnth"), ("C", "B" * 32))
)
TABLES = [DAY, MONTH, ODD]


def test_tables_are_read_as_they_come():
    information = {"objectId": "a" * 32, "name": "ytd_day", "dateModified": "2026-01-15T08:30:00.000+0000"}
    listed, total = read_tables({"offset": 0, "limit": -1, "total": 1, "tables": [{"information": information}]})
    assert (listed[0].id, listed[0].name, listed[0].modified.year, total) == ("A" * 32, "ytd_day", 2026, 1)


@pytest.mark.parametrize(
    "body",
    [
        [{"id": "A" * 32, "name": "ytd_day"}],
        {"tables": {"information": {"objectId": "A" * 32, "name": "ytd_day", "dateModified": "soon"}}},
    ],
)
def test_other_forms_of_a_list_are_read(body):
    assert read_tables(body)[0] == [DAY]


@pytest.mark.parametrize(
    "body", [{}, None, {"tables": ["sales"]}, {"tables": [{"information": {"name": "x"}}]}, "x"]
)
def test_what_is_no_list_of_tables_is_told(body):
    with pytest.raises(ProtocolError, match="no list of tables"):
        read_tables(body)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("replace", {DAY.id: "replace", MONTH.id: "replace", ODD.id: "replace"}),
        ({"ytd_day": "replace", "city_mnth": "upsert"}, {DAY.id: "replace", MONTH.id: "upsert"}),
        ({" YTD_DAY ": "add"}, {DAY.id: "add"}),
        ({"a" * 32: "update"}, {DAY.id: "update"}),
        ({"B" * 32: "ignore"}, {ODD.id: "ignore"}),  # a name, though it is like an id
    ],
)
def test_tables_are_chosen_by_name_or_id(wanted, chosen):
    assert choose(TABLES, wanted, "Retail") == chosen


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ("replce", UsageError, "the policy is 'replce', which is none. Did you mean 'replace'"),
        ({"ytd_day": "upsrt"}, UsageError, "of table 'ytd_day' is 'upsrt'.*Did you mean 'upsert'"),
        ({"ytd_day": None}, UsageError, "is None, which is none"),
        ({"ytd_dya": "add"}, NotFound, "no table 'ytd_dya' in the data model 'Retail'. Did you mean 'ytd_day'"),
        ({"F" * 32: "add"}, NotFound, "no table 'FFF"),
        ({"ytd_day": "add", "A" * 32: "replace"}, UsageError, "'ytd_day' is named twice"),
        ({}, UsageError, "no table is named"),
        ({7: "add"}, UsageError, "given as 7, which is no text"),
        (None, UsageError, "the policy is None"),
        (["ytd_day"], UsageError, "which is none"),
    ],
)
def test_what_cannot_be_refreshed_is_told(wanted, error, words):
    with pytest.raises(error, match=words):
        choose(TABLES, wanted, "Retail")


def test_tables_of_one_name_are_told_apart_by_id():
    with pytest.raises(UsageError, match=f"2 tables are named 'x': {'A' * 32}, {'B' * 32}"):
        choose([ModelTable("A" * 32, "x"), ModelTable("B" * 32, "x")], {"x": "add"}, "Retail")


def test_a_model_without_tables_has_nothing_to_refresh():
    with pytest.raises(NotFound, match="has no tables"):
        choose([], "replace", "Retail")


def test_what_is_refreshed_is_described():
    assert describe({DAY.id: "add", "F" * 32: "replace"}, TABLES) == f"'ytd_day' (add), '{'F' * 32}' (replace)"
