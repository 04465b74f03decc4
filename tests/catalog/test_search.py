"""Searching for objects of any type: in the index, and in the metadata where that lags behind."""

import asyncio

import pyarrow as pa
import pytest

from mstr_arrow.catalog import search
from mstr_arrow.config import SessionSettings, Settings
from mstr_arrow.errors import NotFound, ProtocolError, UsageError
from tests.support.servers import connect_to

QUICK, METADATA = "/api/searches/results", "/api/metadataSearches/results"


@pytest.fixture
def there(lagging):
    settings = Settings(session=SessionSettings(max_search=1))
    with connect_to(lagging, settings=settings) as conn:
        yield conn


def asked(server):
    return [request.path for request in server.requests if "earch" in request.path]


@pytest.mark.parametrize(
    ("pattern", "options", "names"),
    [
        ("*cube", {"type": "cube"}, ["Sales Cube"]),
        ("*cube", {"type": 779}, ["Sales Cube"]),
        ("archive", {"type": "folder"}, ["Archive"]),
        ("*r*ch*", {"type": ["folder", "shortcut"]}, ["Archive"]),
        ("*sales*", {"type": ["cube", 18]}, ["Sales Cube", "Shortcut To Sales"]),
        ("twice", {"root": "/Public Objects/Archive"}, ["Twice"]),
        ("twice", {"root": "/Simulated Retail/Public Objects"}, ["Twice", "Twice"]),
        ("twice", {"complete": True}, ["Twice", "Twice"]),
        ("nothing like it", {}, []),
    ],
)
def test_objects_are_found_by_pattern_type_and_root(connection, pattern, options, names):
    found = connection.search(pattern, **options)
    assert [info.name for info in found] == names
    assert asyncio.run(connection.search_async(pattern, **options)) == found


def test_everything_is_found_without_a_pattern(simulator, connection):
    found = connection.search()
    assert {*simulator.cubes.values(), *simulator.reports.values()} < {info.id for info in found}
    assert {"cube", "report", "folder", "shortcut"} <= {info.type_name for info in found}


def test_the_table_has_a_row_for_each_object(connection):
    table = connection.search("*sales*", type=["cube", "shortcut"]).table()
    assert table.select(["name", "type", "path", "owner"]).to_pylist()[0] == {
        "name": "Sales Cube",
        "type": "cube",
        "path": "/Simulated Retail/Public Objects/Reports/Sales Cube",
        "owner": "Administrator",
    }
    assert table.schema.field("modified").type == pa.timestamp("us", "UTC")
    assert connection.objects("no such").table().schema == table.schema


def test_the_metadata_are_asked_where_the_index_has_nothing(lagging, there):
    before = len(asked(lagging))
    assert [info.path for info in there.search("fre*")] == ["/Simulated Retail/Profiles/demo/My Reports/Fresh"]
    assert asked(lagging)[before:] == [QUICK, METADATA, METADATA]
    assert [info.name for info in there.objects("*fresh*", kind="cube")] == ["Fresh"]
    before = len(asked(lagging))
    assert "Fresh" not in [info.name for info in there.objects(kind="cube")]
    assert asked(lagging)[before:] == [QUICK]


def test_a_complete_search_asks_the_metadata_alone(lagging, there):
    before = len(asked(lagging))
    found = there.search(type="cube", complete=True)
    assert {info.id for info in found} == set(lagging.cubes.values())
    assert set(asked(lagging)[before:]) == {METADATA}


def test_searches_at_once_do_not_push_each_other_out(lagging, there, monkeypatch):
    monkeypatch.setattr(search, "PAGE", 3)

    async def several():
        return await asyncio.gather(*(there.search_async(complete=True) for _ in range(6)))

    first, *others = asyncio.run(several())
    assert set(lagging.cubes.values()) < {info.id for info in first}
    assert others == [first] * 5


@pytest.mark.parametrize("ending", ["expires", "another search"])
def test_a_search_whose_results_are_gone_is_made_again(lagging, there, monkeypatch, ending):
    from mstr_arrow.simulator import Fault

    monkeypatch.setattr(search, "PAGE", 3)
    status, code = (401, "ERR009") if ending == "expires" else (404, "ERR004")
    lagging.fail(Fault.error(status, code=code).on("GET", METADATA))
    found = there.search(type="cube", complete=True)
    assert {info.id for info in found} == set(lagging.cubes.values())
    stored = [request for request in lagging.requests if (request.method, request.path) == ("POST", METADATA)]
    assert len(stored) == 2


def test_a_server_without_an_index_searches_the_metadata(library, retail):
    hit = {"id": "A" * 32, "name": "Sales", "type": 3, "subtype": 768}
    library.on("POST", METADATA, json={"id": "S1", "totalItems": 1})
    library.on("GET", METADATA, json=[hit])
    assert [info.name for info in retail.search("sales")] == ["Sales"]
    assert library.requests[-3:] == [("GET", QUICK), ("POST", METADATA), ("GET", METADATA)]


def test_a_root_that_is_no_folder_is_explained(connection):
    with pytest.raises(NotFound, match="mean 'Public Objects'"):
        connection.search("*", root="/Public Object")


def test_an_unknown_type_is_refused_before_asking(library, retail):
    before = len(library.requests)
    with pytest.raises(UsageError, match=r"type='folders' is not known.* mean 'folder'"):
        retail.search("*", type=["cube", "folders"])
    assert len(library.requests) == before


@pytest.mark.parametrize(("stored", "part"), [({}, []), ({"id": "S1", "totalItems": 1}, {})])
def test_an_answer_that_is_no_search_is_a_protocol_error(library, retail, stored, part):
    library.on("POST", METADATA, json=stored)
    library.on("GET", METADATA, json=part)
    with pytest.raises(ProtocolError):
        retail.search("x", complete=True)
