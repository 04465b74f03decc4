"""The manifest of an extraction: its question, and the parts that are done. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.fetch.bad_values import BadValues, Place, together
from mstr_arrow.files.folders import is_part_name, part_name
from mstr_arrow.instances.known import Known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.instances.known import Consistency

VERSION = 2

CHECKSUM = "checksum"
"""The member of a manifest's file that has the SHA-256 of all others."""


class NotAsWritten(Exception):
    """A manifest is not as it was written; the text says what is wrong with it."""


class OtherVersion(NotAsWritten):
    """Another version of this package wrote it."""


@dataclass(frozen=True, slots=True)
class Bad:
    """The values of a part that fit no column: counted, and the ``last`` of them, each by row, column and value."""

    values: Mapping[str, BadValues] = field(default_factory=dict)
    last: tuple[tuple[int, str, str], ...] = ()


NO_BAD = Bad()


@dataclass(frozen=True, slots=True)
class Part:
    """A file that is done: its rows, its bytes, and the SHA-256 of these bytes.

    The rows of the grid before ``end`` are in it, or in one before it. ``e_tag`` is what a store calls these bytes.
    """

    name: str
    rows: int
    bytes: int
    sha256: str
    end: int
    bad: Bad = NO_BAD
    e_tag: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The object of an extraction, on its server, and the question that is put to it.

    ``question`` tells questions apart: requests for the object, and ways to read its pages. ``user`` is the id of
    the login, for which the server may leave out rows (security filters); None where it does not tell.
    """

    server: str
    project: str | None
    kind: str
    id: str
    name: str | None
    question: str
    user: str | None = None

    def by_another(self, asked: Asked) -> bool:
        """Tell whether another user asked the same."""
        return None not in {self.user, asked.user} and self.user != asked.user and self._question == asked._question

    def same_as(self, asked: Asked) -> bool:
        """Tell whether the same user, as far as that is known, asked the same."""
        return self._question == asked._question and not self.by_another(asked)

    @property
    def _question(self) -> Asked:
        return replace(self, user=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An extraction so far, or a whole one.

    ``body`` is the request for an instance, which names a total order. Of the ``total`` rows of the grid those
    before ``offset`` are done; ``parts`` hold what became of them: all of them, if ``exact``, or those that
    conditions left. ``data_time`` is when the object's data were last published, as the server tells it; None where
    it does not. ``known`` is what was known of them when the extraction began, and ``consistent`` how certain it is
    that all parts are of the same.
    """

    asked: Asked
    body: Mapping[str, Any]
    schema: pa.Schema
    total: int
    data_time: str | None
    exact: bool
    known: Known = field(default_factory=Known)
    consistent: Consistency = "one instance"
    offset: int = 0
    parts: tuple[Part, ...] = ()
    complete: bool = False

    @property
    def rows(self) -> int:
        """The rows of the result that are done."""
        return sum(part.rows for part in self.parts)

    @property
    def bad_values(self) -> dict[str, BadValues]:
        """The values that fit no column and are null in the parts."""
        return together(part.bad.values for part in self.parts)

    def last_bad(self, rows: range) -> list[tuple[int, str, str]]:
        """Return which of these were in some of the last rows, by row, column and value."""
        return sorted(each for part in self.parts for each in part.bad.last if each[0] in rows)

    def with_part(self, part: Part) -> Manifest:
        """Return the manifest with one part more."""
        return replace(self, parts=(*self.parts, part), offset=part.end)

    def until(self, number: int) -> Manifest:
        """Return the manifest as it was when so many parts were done."""
        parts = self.parts[:number]
        return replace(self, parts=parts, offset=parts[-1].end if parts else 0, complete=False)

    @property
    def next_name(self) -> str:
        """The name of the part that comes next."""
        return part_name(len(self.parts))

    def to_json(self) -> str:
        """Write it as a person can read it."""
        document = {
            "about": "an extraction by mstr_arrow; sha256 is that of a part's file, as sha256sum tells it, and "
            f"{CHECKSUM} that of this file without it",
            "version": VERSION,
            "complete": self.complete,
            "rows": self.rows,
            **{name: getattr(self, name) for name in ("total", "offset", "exact", "data_time", "consistent")},
            "asked": asdict(self.asked),
            "known": self.known.as_json(),
            "request": self.body,
            "columns": {field.name: str(_plain(field.type)) for field in self.schema},
            "bad_values": {name: values.count for name, values in self.bad_values.items()},
            "schema": base64.b64encode(self.schema.serialize()).decode(),
            "parts": [_part_document(part) for part in self.parts],
        }
        return _text(document | {CHECKSUM: _checksum(document)})


def read_manifest(text: bytes) -> Manifest:
    """Read what `Manifest.to_json` wrote; errors: NotAsWritten for anything else."""
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise OtherVersion("another version of mstr_arrow wrote it")
        checksum = document.pop(CHECKSUM)
        if checksum != _checksum(document):
            raise NotAsWritten("its checksum is that of another text")
        manifest = Manifest(
            asked=Asked(**document["asked"]),
            body=document["request"],
            schema=pa.ipc.read_schema(pa.py_buffer(base64.b64decode(document["schema"]))),
            total=document["total"],
            data_time=document["data_time"],
            exact=document["exact"],
            known=Known.from_json(document["known"]),
            consistent=document["consistent"],
            offset=document["offset"],
            parts=tuple(Part(**part | {"bad": _bad(part["bad"])}) for part in document["parts"]),
            complete=document["complete"],
        )
        _check_sums(manifest)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, pa.ArrowException) as error:
        raise NotAsWritten("it is no manifest of an extraction") from error
    return manifest


def _check_sums(manifest: Manifest) -> None:
    """Check that parts follow one another, from the first row to the offset; errors: NotAsWritten."""
    begin = 0
    for number, part in enumerate(manifest.parts):
        if not is_part_name(str(part.name), number):
            raise NotAsWritten(f"its part {number} is called {part.name!r}, which is no name that parts get")
        rows = part.end - begin
        if part.bytes < 0 or not 0 <= part.rows <= rows or (manifest.exact and part.rows != rows):
            raise NotAsWritten(f"{part.name} has {part.rows} rows there, of {rows}")
        begin = part.end
    if not begin <= manifest.offset <= manifest.total:
        raise NotAsWritten(
            f"its parts end after {begin} rows, of {manifest.offset} said to be done and {manifest.total} in all"
        )
    if manifest.complete and manifest.offset != manifest.total:
        raise NotAsWritten(f"it is said to be whole with {manifest.offset} of {manifest.total} rows")


def _part_document(part: Part) -> dict[str, Any]:
    document = asdict(part)
    if part.e_tag is None:  # on a disk
        del document["e_tag"]
    return document


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _checksum(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(document).encode(errors="surrogatepass")).hexdigest()


def question_of(*parts: object) -> str:
    """Return the hash of a question, of all that it consists of."""
    text = json.dumps([part if isinstance(part, dict) else repr(part) for part in parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _bad(bad: dict[str, Any]) -> Bad:
    values = {
        name: BadValues(**each | {"first": tuple(Place(*place) for place in each["first"])})
        for name, each in bad["values"].items()
    }
    return Bad(values, tuple((row, column, value) for row, column, value in bad["last"]))


def _plain(arrow_type: pa.DataType) -> pa.DataType:
    return arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type
