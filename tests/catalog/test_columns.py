"""Pages of a search are read straight into columns, and say the same as when they are read one by one."""

import json

import pyarrow as pa
import pytest

from mstr_arrow.catalog import columns
from mstr_arrow.catalog.columns import as_columns, read_infos, read_page
from mstr_arrow.errors import ProtocolError
from mstr_arrow.http.response import Response

OBJECT = {
    "id": "0F1E2D3C" * 4,
    "name": "Überblick",
    "type": 3,
    "subtype": 779,
    "extType": 448,
    "viewMedia": 0,
    "dateModified": "2026-01-15T08:30:00.123+0000",
    "owner": {"id": "U1", "name": "Ann"},
    "certifiedInfo": {"certified": True, "certifier": {"name": "Bob"}},
    "ancestors": [{"name": "Retail", "level": 2}, {"name": "a/b", "level": 1}],
    "acg": 255,
}
USUAL = {
    "as it is": {},
    "small letters in the id": {"id": "0f1e2d3c" * 4},
    "no ancestors": {"ancestors": []},
    "null": dict.fromkeys(("ancestors", "owner", "certifiedInfo", "extType", "viewMedia", "dateModified")),
    "a report": {"subtype": 768, "extType": 0},
    "a dashboard": {"type": 55, "subtype": 14081},
    "a type without a name": {"type": 77, "subtype": 19712},
    "another zone": {"dateModified": "2026-01-15T08:30:00.123+0100"},
    "an owner without a name": {"owner": {"id": "U1"}},
}
UNUSUAL = {
    "texts for numbers": {"type": "3", "subtype": "779", "extType": "448"},
    "a text for a truth": {"certifiedInfo": {"certified": "true"}},
    "a truth for an object": {"certifiedInfo": False},
    "a time without a zone": {"dateModified": "2026-01-15T08:30:00"},
    "no time": {"dateModified": "yesterday"},
    "another kind of id": {"id": "cube-7"},
    "no subtype": {"type": 8, "subtype": None},
    "an escaped name": {"name": "\N{GRINNING FACE}"},
    "one ancestor alone": {"ancestors": {"name": "Retail"}},
    "an owner's name": {"owner": "Ann"},
}


def response(body, *, escaped=False, **headers):
    return Response(200, headers, json.dumps(body, ensure_ascii=escaped).encode())


@pytest.mark.parametrize("changed", USUAL.values(), ids=USUAL)
def test_a_usual_page_is_read_into_columns_at_once(monkeypatch, changed):
    page = [OBJECT, OBJECT | changed]
    expected = as_columns(read_infos(response(page)).items)
    monkeypatch.setattr(columns, "read_object", None)  # which is for other pages
    assert read_page(response({"totalItems": 2, "result": page})).items.equals(expected)
    assert read_page(response(page)).items.equals(expected)


@pytest.mark.parametrize("changed", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_page_is_read_all_the_same(changed):
    page = [OBJECT, OBJECT | changed]
    expected = as_columns(read_infos(response(page)).items)
    assert read_page(response(page, escaped=True)).items.equals(expected)


@pytest.mark.parametrize(
    ("body", "headers", "total"),
    [
        ({"totalItems": 7, "result": [OBJECT]}, {}, 7),
        ({"totalItems": "7", "result": [OBJECT]}, {}, 7),
        ([OBJECT], {"x-mstr-total-count": "7"}, 7),
        ({"totalItems": 5, "result": [OBJECT]}, {"x-mstr-total-count": "7"}, 7),
        ({"totalItems": 7, "result": [OBJECT]}, {"x-mstr-total-count": "5"}, 7),
        ({"totalItems": -1, "result": [OBJECT]}, {}, None),
        ([OBJECT], {}, None),
        ({"totalItems": 0, "result": None}, {}, 0),
        ({"totalItems": 0}, {}, 0),
    ],
)
def test_the_larger_of_two_totals_is_what_was_promised(body, headers, total):
    page = read_page(response(body, **headers))
    assert page.total == total
    assert len(page.items) == (1 if "result" not in body or body["result"] else 0) * (body != {"totalItems": 0})


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"message": "maintenance"}', b"[1]", b"[null]", b'{"result": 7}']
)
def test_what_is_no_page_is_refused(body):
    with pytest.raises(ProtocolError):
        read_page(Response(200, {}, body))


@pytest.mark.parametrize("item", [b"{}", b"null"])
def test_a_page_of_objects_by_the_million_takes_no_memory(item):
    body = b"[" + b",".join([item] * 2_000_000) + b"]"
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(ProtocolError):
        read_page(Response(200, {}, body))
    assert pa.default_memory_pool().max_memory() - before < 50 * 2**20


def test_pages_without_objects_have_the_same_columns():
    assert read_page(response([])).items.schema.equals(columns.LISTED)
    assert pa.Table.from_batches([read_page(response([OBJECT])).items]).schema.equals(columns.LISTED)
