"""The objects of a search in Arrow columns; usual pages are parsed straight into them. Pure."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from mstr_arrow.arrays import make_array, make_scalar
from mstr_arrow.catalog.object_info import ObjectInfo, read_object
from mstr_arrow.catalog.paging import Page
from mstr_arrow.errors import ProtocolError
from mstr_arrow.http.response import parse_json
from mstr_arrow.responses import fields, items, reading, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.http.response import Response

INFO = pa.schema(
    {
        "id": pa.string(),
        "name": pa.string(),
        "type": pa.int32(),
        "subtype": pa.int32(),
        "path": pa.string(),
        "modified": pa.timestamp("us", "UTC"),
        "owner": pa.string(),
        "ext_type": pa.int64(),
        "view_media": pa.int64(),
        "certified": pa.bool_(),
    }
)
"""The members of `ObjectInfo`."""

LISTED = INFO.append(pa.field("type_name", pa.string()))

_NAMED = pa.struct({"name": pa.string()})
_OBJECT = pa.struct(
    {
        "id": pa.string(),
        "name": pa.string(),
        "type": pa.int64(),
        "subtype": pa.int64(),
        "extType": pa.int64(),
        "viewMedia": pa.int64(),
        "dateModified": pa.string(),
        "owner": _NAMED,
        "certifiedInfo": pa.struct({"certified": pa.bool_()}),
        "ancestors": pa.list_(_NAMED),
    }
)
_PAGE = pa.schema({"totalItems": pa.int64(), "result": pa.list_(_OBJECT)})
_TOTAL = "x-mstr-total-count"
_MOST_COMMAS, _MOST_BYTES = 1_000_000, 2**24
"""More than any page has: Arrow takes a hundred bytes for what may be two in the text, `{}` and a comma."""


class _UnusualError(Exception):
    """The page is not as pages usually are; nothing is wrong with it yet."""


class Columns:
    """Gathers the pages of a list as record batches, pass by pass; see `Pager`."""

    def __init__(self) -> None:
        self._passes: list[list[pa.RecordBatch]] = []

    def begin(self) -> None:
        """Begin a further pass over the list."""
        self._passes.append([])

    def add(self, batch: pa.RecordBatch) -> None:
        """Add a page with objects."""
        self._passes[-1].append(batch)

    def count(self, *, all_passes: bool = False) -> int:
        """Return the number of different objects that came in this pass, or in all passes."""
        ids = [
            batch["id"] for gathered in (self._passes if all_passes else self._passes[-1:]) for batch in gathered
        ]
        return int(pc.count_distinct(pa.chunked_array(ids, pa.string())).as_py())

    def take(self, *, whole: bool) -> pa.Table:
        """Return the objects, each once, and release them; if ``whole``, those of the last pass alone."""
        passes, self._passes = self._passes[-1:] if whole else self._passes, []
        held = pa.Table.from_batches([batch for gathered in passes for batch in gathered], LISTED)
        if pc.count_distinct(held["id"]).as_py() == held.num_rows:
            return held
        places = pa.table({"id": held["id"], "row": make_array(range(held.num_rows), pa.int64())})
        first = places.group_by("id", use_threads=False).aggregate([("row", "min")])
        return held.take(first["row_min"])


def read_page(response: Response) -> Page:
    """Read a page of a search: an object with a total, or a list with the total in a header, or nowhere.

    Where two totals are told, the larger is what was promised. Errors: ProtocolError.
    """
    text, read = response.text(), None
    with suppress(_UnusualError, pa.ArrowException):
        read = _parse(text)
    if read is None:  # not where the error is handled, whose traceback holds what was made of the text
        infos, total = _plain(response, text)
        batch = as_columns(infos)
    else:
        batch, total = read
    totals = [
        each for each in (total, whole_number(response.headers.get(_TOTAL))) if each is not None and each >= 0
    ]
    first = batch["id"][0].as_py() if batch.num_rows else None
    return Page(batch, max(totals, default=None), response.busy, first)


def read_infos(response: Response) -> Page:
    """Read a page of a search as `read_page` does, into a list of `ObjectInfo`."""
    infos, total = _plain(response, response.text())
    totals = [
        each for each in (total, whole_number(response.headers.get(_TOTAL))) if each is not None and each >= 0
    ]
    return Page(infos, max(totals, default=None), response.busy, infos[0].id if infos else None)


def as_columns(infos: Sequence[ObjectInfo]) -> pa.RecordBatch:
    """Put objects into columns. Errors: ProtocolError for a number that is too large."""
    if not infos:
        return pa.record_batch([pa.nulls(0, each.type) for each in LISTED], schema=LISTED)
    told = [column_of(values, field) for values, field in zip(zip(*infos, strict=True), INFO, strict=True)]
    words = make_array([info.type_name for info in infos], pa.string())
    return pa.record_batch([*told, words], schema=LISTED)


def column_of(values: Sequence[object], field: pa.Field) -> pa.Array:
    """Make a column of the server's values. Errors: ProtocolError for a number that is too large for the column."""
    try:
        return make_array(values, field.type)
    except ValueError as error:
        raise ProtocolError(
            f"the server tells a {field.name!r} of an object that is no {field.type}: {error}.",
            hint="Something in front of the server may answer in its place.",
        ) from None


def _plain(response: Response, text: bytes) -> tuple[list[ObjectInfo], int | None]:
    """Read a page of any form that has one meaning."""
    body = parse_json(text, response.secrets, response.largest)
    with reading(body, "a result of a search"):
        listed = body if isinstance(body, list) else _read_items(fields(body))
        total = whole_number(body.get("totalItems")) if isinstance(body, dict) else None
    return [read_object(item) for item in listed], total


def _read_items(body: dict[str, Any]) -> list[Any]:
    """Return the objects of a page; what has no such member is an object itself, or an empty page with a total."""
    return items(body.get("result", None if "totalItems" in body else body))


def _parse(text: bytes) -> tuple[pa.RecordBatch, int | None]:
    """Read a page of the usual form; errors: _UnusualError, ArrowException for any other, be it right or wrong."""
    # The other way to read it knows how much memory that takes.
    _demand(len(text) <= _MOST_BYTES and text.count(b",") <= _MOST_COMMAS)
    if b"\\u" in text:
        raise _UnusualError  # it may be half a character, which a column cannot hold
    whole = text if text.lstrip()[:1] == b"{" else b"".join((b'{"result":', text, b"}"))
    table = pa.json.read_json(
        pa.BufferReader(whole),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=len(whole) + 1),
        parse_options=pa.json.ParseOptions(explicit_schema=_PAGE, unexpected_field_behavior="ignore"),
    )
    _demand(table.num_rows == 1 and table["result"].null_count == 0)
    objects = table["result"].combine_chunks().flatten()
    _demand(objects.null_count == 0)
    column = {name: objects.field(place) for place, name in enumerate(field.name for field in _OBJECT)}
    _demand(not any(column[name].null_count for name in ("id", "name", "type", "subtype")))
    _demand(pc.all(pc.match_substring_regex(column["id"], "^[0-9A-Fa-f]{32}$"), min_count=0).as_py())
    batch = pa.record_batch(
        [
            pc.utf8_upper(column["id"]),
            column["name"],
            column["type"].cast(pa.int32()),
            column["subtype"].cast(pa.int32()),
            _paths(column["name"], column["ancestors"]),
            column["dateModified"].cast(INFO.field("modified").type),
            _member(column["owner"]),
            column["extType"],
            column["viewMedia"],
            _member(column["certifiedInfo"]),
            _words(column["type"], column["subtype"], column["extType"]),
        ],
        schema=LISTED,
    )
    batch.validate(full=True)
    return batch, table["totalItems"][0].as_py()


def _demand(usual: bool) -> None:
    if not usual:
        raise _UnusualError


def _member(objects: pa.StructArray) -> pa.Array:
    """Return the only member of objects; null where the object is."""
    return pc.struct_field(objects, [0])


def _paths(names: pa.Array, ancestors: pa.ListArray) -> pa.Array:
    """Join the names above objects, the root first, and their own."""
    above = _member(ancestors.flatten())
    _demand(above.null_count == 0)
    lengths = pc.fill_null(pc.list_value_length(ancestors), make_scalar(0, pa.int32()))
    offsets = pa.concat_arrays([make_array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    slash, nothing = make_scalar("/", pa.string()), make_scalar("", pa.string())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, above), slash)
    path = pc.binary_join_element_wise(nothing, joined, names, slash)
    return pc.if_else(
        pc.greater(lengths, make_scalar(0, pa.int32())), path, pc.binary_join_element_wise(nothing, names, slash)
    )


def _words(types: pa.Array, subtypes: pa.Array, ext_types: pa.Array) -> pa.Array:
    """Say in a word what objects are, as `ObjectInfo.type_name` does: there are few different ones in a page."""
    texts = [each.cast(pa.string()) for each in (types, subtypes, ext_types)]
    keys = pc.binary_join_element_wise(
        *texts, make_scalar(" ", pa.string()), null_handling="replace", null_replacement=""
    ).dictionary_encode()
    told: list[Any] = [key.split(" ") for key in keys.dictionary.to_pylist()]
    words = [
        ObjectInfo("", "", int(kind), int(subtype), "", ext_type=int(ext) if ext else None).type_name
        for kind, subtype, ext in told
    ]
    return make_array(words, pa.string()).take(keys.indices)
