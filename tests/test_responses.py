"""Readers of answers: which members are needed, and what the others may be.

Each reader has a row in the table: an answer of a server, and the members without which it has no meaning. All
others may be missing; numbers may be texts; what has no meaning ends in one error that says what was seen.
"""

import contextlib
import copy
from typing import NamedTuple

import pytest

from mstr_arrow.catalog.object_info import read_object
from mstr_arrow.errors import DataMismatch, MstrError, ProtocolError
from mstr_arrow.grid.definition import read_definition
from mstr_arrow.grid.page_by import read_page_by
from mstr_arrow.objects.cube import read_info
from mstr_arrow.objects.report import may_have_totals, read_template
from mstr_arrow.prompts.listed import read_choices, read_prompts
from mstr_arrow.responses import items, number, optional_text, text, whole_number
from mstr_arrow.session.info import read_session_info, read_status, read_user
from mstr_arrow.session.project import read_projects
from mstr_arrow.upload.existing import read_dataset
from mstr_arrow.upload.upload_session import read_status as read_publication

ID, OTHER = "A" * 32, "B" * 32
FORM = {"id": OTHER, "name": "ID", "dataType": "integer"}
ATTRIBUTE = {"id": ID, "name": "Region", "type": "attribute", "forms": [FORM]}
METRICS = {"type": "templateMetrics", "elements": [{"id": OTHER, "name": "Revenue", "dataType": "double"}]}
OBJECT = {
    "id": ID,
    "name": "Sales",
    "type": 3,
    "subtype": 779,
    "dateModified": "2024-01-31T10:20:30.000+0000",
    "owner": {"id": OTHER, "name": "Ann"},
    "ancestors": [{"id": OTHER, "name": "Retail"}],
}


class Reader(NamedTuple):
    """A reader, an answer, and the paths of the members that it needs."""

    read: object
    answer: object
    needed: set[str]


READERS = {
    "projects": Reader(
        read_projects, [{"id": ID, "name": "Retail", "description": "Shops", "status": 0}], {"0/id", "0/name"}
    ),
    "status": Reader(
        read_status, {"iServerVersion": "11.5", "webVersion": "11.5", "upSince": 1767225600000}, set()
    ),
    "session": Reader(
        read_session_info, {"timeout": 1800, "workingSet": 10, "maxSearch": 3, "timeZone": "UTC"}, set()
    ),
    "user": Reader(read_user, {"id": ID, "fullName": "Ann", "initials": "A", "metadataUser": True}, {"id"}),
    "object": Reader(read_object, OBJECT, {"id", "name", "type", "subtype", "ancestors/0/name"}),
    "cube": Reader(
        read_definition,
        {
            "id": ID,
            "name": "Sales",
            "definition": {"availableObjects": {"attributes": [ATTRIBUTE], "metrics": [FORM]}},
        },
        {
            *("id", "definition", "definition/availableObjects"),
            *("definition/availableObjects/attributes/0/id", "definition/availableObjects/metrics/0/id"),
            "definition/availableObjects/attributes/0/forms/0/id",
        },
    ),
    "cube info": Reader(
        lambda body: read_info(body, 3),
        {
            "cubesInfos": [
                {
                    "cubeId": ID,
                    "cubeName": "Sales",
                    "path": "\\Retail\\Sales",
                    "size": 710656,
                    "status": 17518,
                    "modificationTime": "2020-02-10 16:17:05",
                }
            ]
        },
        {"cubesInfos", "cubesInfos/0/cubeId", "cubesInfos/0/cubeName"},
    ),
    "report": Reader(
        lambda body: (read_template(body), may_have_totals(body)),
        {
            "id": ID,
            "name": "Daily",
            "definition": {"grid": {"rows": [ATTRIBUTE], "columns": [METRICS], "subtotals": {"defined": False}}},
        },
        {
            *("id", "definition", "definition/grid"),
            *("definition/grid/rows/0/id", "definition/grid/rows/0/type", "definition/grid/rows/0/forms/0/id"),
            *("definition/grid/columns/0/type", "definition/grid/columns/0/elements/0/id"),
        },
    ),
    "page-by": Reader(
        lambda body: read_page_by([body]),
        {
            "pageBy": [{**ATTRIBUTE, "elements": [{"id": "h1", "formValues": ["1"]}]}],
            "validPageByElements": {"items": [[0]], "paging": {"total": 1, "current": 1, "offset": 0}},
        },
        {
            *("pageBy", "pageBy/0/elements", "validPageByElements", "validPageByElements/items"),
        },
    ),
    "prompts": Reader(
        read_prompts,
        [
            {
                "id": ID,
                "key": f"{ID}@0@10",
                "name": "Year",
                "title": "Year",
                "type": "VALUE",
                "required": True,
            }
        ],
        set(),
    ),
    "choices": Reader(
        read_choices,
        {"elements": [{"id": "h1", "name": "2024", "type": 1, "forms": [{"id": OTHER, "name": "ID"}]}]},
        {"elements", "elements/0/id", "elements/0/forms/0/id"},
    ),
    "dataset": Reader(
        read_dataset,
        {
            "id": ID,
            "name": "Pushed",
            "result": {
                "definition": {
                    "availableObjects": {
                        "tables": [{"id": OTHER, "name": "rows", "type": 15}],
                        "columns": [{"tableName": "rows", "columnName": "key", "dataType": 33}],
                    }
                }
            },
        },
        {
            *("id", "name", "result", "result/definition", "result/definition/availableObjects"),
            "result/definition/availableObjects/tables/0/name",
            "result/definition/availableObjects/columns/0/tableName",
            "result/definition/availableObjects/columns/0/columnName",
        },
    ),
    "publication": Reader(read_publication, {"status": 1, "message": "result ready"}, {"status"}),
}


def paths(value, above=""):
    """List the paths of all members of an answer."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        path = f"{above}/{name}".lstrip("/")
        if isinstance(value, dict):
            yield path
        yield from paths(member, path)


def changed(answer, path, change):
    """Return an answer of which one member was changed by a function of its holder and name."""
    answer = copy.deepcopy(answer)
    *above, name = path.split("/")
    holder = answer
    for step in above:
        holder = holder[int(step) if isinstance(holder, list) else step]
    change(holder, name)
    return answer


MEMBERS = [(name, path) for name, reader in READERS.items() for path in paths(reader.answer)]


@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize(("name", "path"), MEMBERS)
def test_what_is_needed_is_missed_by_name_and_all_else_may_be_missing(name, path, null):
    reader = READERS[name]
    answer = changed(
        reader.answer, path, lambda holder, member: holder.update({member: None}) if null else holder.pop(member)
    )
    if path not in reader.needed:
        reader.read(answer)
        return
    with pytest.raises(MstrError) as caught:
        reader.read(answer)
    assert type(caught.value) in {ProtocolError, DataMismatch}
    assert caught.value.hint


@pytest.mark.parametrize(("name", "path"), MEMBERS)
def test_what_is_of_another_kind_is_read_or_is_an_error_of_ours(name, path):
    reader = READERS[name]
    for odd in (3, 2.5, -1, True, "x", "", [], {}, [[]], [None], {"a": 1}, ["x"], 1e308, 10**30):
        answer = changed(reader.answer, path, lambda holder, member, odd=odd: holder.update({member: odd}))
        with contextlib.suppress(MstrError):
            reader.read(answer)


@pytest.mark.parametrize("name", READERS)
def test_what_is_something_else_is_said_as_it_was_seen(name):
    for body in (None, 3, True, "maintenance", [], {}, [[]], [3], {"a": 1}, [{"a": 1}]):
        try:
            READERS[name].read(body)
        except MstrError as error:
            assert type(error) is ProtocolError  # noqa: PT017 - some may be read
            assert "it is" in error.message  # noqa: PT017 - as above


@pytest.mark.parametrize("name", READERS)
def test_numbers_may_be_texts(name):
    def as_texts(value):
        if isinstance(value, dict):
            return {key: as_texts(member) for key, member in value.items()}
        if isinstance(value, list):
            return [as_texts(member) for member in value]
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    reader = READERS[name]
    assert reader.read(as_texts(reader.answer)) == reader.read(reader.answer)


def test_ids_may_be_in_small_letters():
    definition = READERS["cube"]
    small = {**definition.answer, "id": ID.lower()}
    assert definition.read(small) == definition.read(definition.answer)


def test_an_object_stands_for_a_list_of_itself():
    reader = READERS["projects"]
    assert reader.read(reader.answer[0]) == reader.read(reader.answer) == reader.read({"projects": reader.answer})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([{"id": ID, "name": {"a": 1}}], "no list of projects: 'name' is an object with 'a', where a text is due"),
        ([{"id": ID}], "no list of projects: 'name' is missing; it is a list of 1, the first an object with 'id'"),
        ("maintenance", "no list of projects: the text 'maintenance' stands where a list is due"),
        (
            [{"id": ID, "name": "n" * 2**21}],
            "'name' is a text of 2,097,152 letters, where one of at most 1,048,576 is",
        ),
        ("eyJhbGciOiJIUzI1NiJ9", "a text of 20 letters"),
        (3, "the number 3 stands where a list is due"),
    ],
)
def test_an_error_says_what_was_seen_and_shows_no_secret(body, said):
    with pytest.raises(ProtocolError) as caught:
        read_projects(body)
    assert said in caught.value.message
    assert "eyJ" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (3, 3),
        ("3", 3),
        (" 12 ", 12),
        ("5.0", 5),
        (5.0, 5),
        ("-1", -1),
        (2.5, None),
        ("", None),
        (True, None),
        ([], None),
    ],
)
def test_whole_numbers(value, read):
    assert whole_number(value) == read


def test_members_are_read_by_the_first_name_that_is_there():
    assert text({"name": None, "title": "T"}, "name", "title") == "T"
    assert optional_text({"name": []}, "name") is None
    assert number({"n": "7"}, "n") == 7
    assert items(None) == []


def test_an_id_that_no_header_can_hold_is_none():
    with pytest.raises(ProtocolError, match="where an id is due"):
        read_projects([{"id": "\0", "name": "Retail", "status": 0}])
