from datetime import date

import pyarrow as pa
import pytest

from mstr_arrow.errors import ConversionError, DataMismatch, ProtocolError, UsageError
from mstr_arrow.grid.page_by import read_page_by

REGION, DAY, STORE = "A" * 32, "B" * 32, "C" * 32


def unit(object_id, name, forms, elements):
    listed = [{"id": f"h{key};{object_id}", "formValues": values} for key, values in elements]
    described = [
        {"id": f"{number:032}", "name": form, "dataType": kind} for number, (form, kind) in enumerate(forms)
    ]
    return {"type": "attribute", "id": object_id, "name": name, "forms": described, "elements": listed}


UNITS = [
    unit(REGION, "Region", [("DESC", "nVarChar")], [("1", ["East"]), ("2", ["West"]), (r"\N", [""])]),
    unit(DAY, "Day", [("ID", "date")], [("2024-01-31", ["2024-01-31"]), ("2024-02-29", ["2024-02-29"])]),
    unit(STORE, "Store", [("ID", "integer"), ("DESC", "nVarChar")], [("7", ["7", "Lyon"]), ("8", ["8", "Paris"])]),
]
ITEMS = [[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 1, 1], [2, 1, 0]]


def answer(items, total=None):
    paging = {"total": len(ITEMS) if total is None else total, "current": len(items), "offset": 0, "limit": 1000}
    return {"pageBy": UNITS, "validPageByElements": {"paging": paging, "items": items}}


@pytest.fixture
def pages():
    return read_page_by([answer(ITEMS[:3]), answer(ITEMS[3:])])


def test_a_row_for_each_page_with_typed_columns(pages):
    table = pages.table()
    assert table.schema.names == ["Region", "Day", "Store@ID", "Store@DESC"]
    assert table.schema.types == [pa.string(), pa.date32(), pa.int64(), pa.string()]
    assert table.to_pydict() == {
        "Region": ["East", "East", "West", "West", None],
        "Day": [date(2024, 1, 31)] * 3 + [date(2024, 2, 29)] * 2,
        "Store@ID": [7, 8, 7, 8, 7],
        "Store@DESC": ["Lyon", "Paris", "Lyon", "Paris", "Lyon"],
    }
    assert pages.table({"Store@ID": pa.string()})["Store@ID"].to_pylist() == ["7", "8", "7", "8", "7"]


def test_a_type_that_does_not_hold_an_element(pages):
    with pytest.raises(ConversionError, match="'Store@DESC'"):
        pages.table({"Store@DESC": pa.int64()})


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"Region": "West", "Day": "2024-01-31"}, (1, 0, 0)),
        ({"Region": "West", "Day": date(2024, 2, 29)}, (1, 1, 1)),
        ({REGION: f"h1;{REGION}", "Store": 8}, (0, 0, 1)),
        ({"Region": "East", "Store": "8 Paris"}, (0, 0, 1)),
        ({"Region": None}, (2, 1, 0)),
        ({"Region": "East", "Day": date(2024, 1, 31), "Store@ID": 8, "Store@DESC": "Paris"}, (0, 0, 1)),
        ({"Region": "East", "Store": "7"}, (0, 0, 0)),
    ],
)
def test_a_page_is_chosen_by_names_values_and_ids(pages, choice, found):
    assert pages.choose_one(choice) == found
    assert [each["id"][:2] for each in pages.element_ids(found)] == [
        unit["elements"][number]["id"][:2] for unit, number in zip(UNITS, found, strict=True)
    ]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"Regoin": "East"}, r"no page-by attribute 'Regoin'. Did you mean 'Region'\?"),
        ({"Region": "Eest"}, r"'Region' has no element 'Eest'. Did you mean 'West', 'East'\?"),
        ({"Region": "East", "Day": "2024-02-29"}, "no page has Region='East', Day='2024-02-29' together"),
        ({"Store@DESC": "7"}, "'Store' has no element '7'"),
        ({"Region": "East"}, r"2 pages are chosen, not one. Choose 'Store' too \(Store: '7 Lyon', '8 Paris'\)"),
    ],
)
def test_a_choice_that_is_no_page_is_one_clear_error(pages, choice, message):
    with pytest.raises(UsageError, match=message):
        pages.choose_one(choice)


def test_without_page_by_there_is_nothing_to_choose():
    body = {"pageBy": [], "validPageByElements": {"paging": {"total": 0, "current": 0}, "items": []}}
    pages = read_page_by([body])
    assert pages.table().num_columns == 0
    with pytest.raises(UsageError, match="the report has no page-by"):
        pages.choose_one({"Region": "East"})


def test_what_the_server_counts_and_lists_must_agree():
    with pytest.raises(DataMismatch, match="counts 6 pages of the report and lists 3"):
        read_page_by([answer(ITEMS[:3], total=6)])


@pytest.mark.parametrize("item", [[0, 0], [0, 0, 9], [0, 0, -1], [0, 0, "x"], [0, 0, None]])
def test_a_page_that_names_no_elements_is_refused(item):
    with pytest.raises(ProtocolError, match="names no element of each attribute"):
        read_page_by([answer([item], total=1)])


def test_a_body_that_is_no_list_of_pages():
    with pytest.raises(ProtocolError, match="no list of the pages of a report: 'validPageByElements' is missing"):
        read_page_by([{"pageBy": [{"name": "Region", "id": "A1", "type": "attribute", "elements": []}]}])


def test_a_name_of_more_than_a_million_letters_is_refused():
    named = UNITS[0] | {"name": "\x1b" + "n" * 2**20}
    with pytest.raises(ProtocolError, match="a text of 1,048,577 letters stands where a name"):
        read_page_by([{"pageBy": [named], "validPageByElements": {"items": [[0]]}}])


def test_a_report_without_page_by_has_one_page():
    assert read_page_by([{"pageBy": []}]).combinations == ((),)


def test_indices_and_counts_may_be_texts():
    assert read_page_by([answer([["0", "0", "0"]], total="1")]).combinations == ((0, 0, 0),)


@pytest.mark.parametrize("name", ["Net  Sales ", "Net Sales", "net sales", "2024"])
def test_pages_are_chosen_by_names_with_any_blanks(name):
    units = [
        unit(
            REGION, "Net\N{NO-BREAK SPACE}Sales", [("DESC", "nVarChar")], [("1", [" East "]), ("2", ["East  End"])]
        ),
        unit(STORE, "2024", [("ID", "integer")], [("7", ["7"])]),
    ]
    paging = {"total": 2, "current": 2, "offset": 0, "limit": 1000}
    pages = read_page_by([{"pageBy": units, "validPageByElements": {"paging": paging, "items": [[0, 0], [1, 0]]}}])
    if name == "2024":
        assert pages.choose({name: 7}) == pages.choose({name: " 7"}) == ((0, 0), (1, 0))
        return
    assert (
        pages.choose({name: " East "}) == pages.choose({name: "East"}) == pages.choose({name: "east"}) == ((0, 0),)
    )
    assert pages.choose({name: "East End"}) == ((1, 0),)
