"""What is known of an extraction: its question, and the parts that are done. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.errors import UsageError
from mstr_arrow.fetch.bad_values import BadValues, Place, together
from mstr_arrow.files.folders import part_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A file that is done: its rows, its bytes, and the SHA-256 of these bytes."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is extracted: an object of a project on a server, and the question that is put to it.

    ``question`` tells questions apart: what is asked of the object, and how its answer is read.
    """

    server: str
    project: str | None
    kind: str
    id: str
    name: str | None
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An extraction so far, or a whole one.

    ``body`` is the request for an instance, which names a total order. Of the ``total`` rows of the grid those
    before ``offset`` are done; ``parts`` hold what became of them. ``data_time`` is when the object's data were
    last published, as the server tells it; None where it does not. ``bad_values`` counts those of the rows that are
    done, and ``last_bad`` names those of the last rows, each by row, column and value.
    """

    asked: Asked
    body: Mapping[str, Any]
    schema: pa.Schema
    total: int
    data_time: str | None
    offset: int = 0
    bad_values: Mapping[str, BadValues] = field(default_factory=dict)
    last_bad: tuple[tuple[int, str, str], ...] = ()
    parts: tuple[Part, ...] = ()
    complete: bool = False

    @property
    def rows(self) -> int:
        """The rows of the result that are done."""
        return sum(part.rows for part in self.parts)

    def with_part(self, part: Part, offset: int) -> Manifest:
        """Return the manifest with one part more, after which the rows before ``offset`` are done."""
        return replace(self, parts=(*self.parts, part), offset=offset)

    def with_bad_values(self, found: Mapping[str, BadValues], last: Iterable[tuple[int, str, str]]) -> Manifest:
        """Return the manifest with more bad values, and the last of them."""
        return replace(self, bad_values=together([self.bad_values, found]), last_bad=tuple(last))

    @property
    def next_name(self) -> str:
        """The name of the part that comes next."""
        return part_name(len(self.parts))

    def to_json(self) -> str:
        """Write it as a person can read it."""
        document = {
            "about": "an extraction by mstr_arrow; sha256 is that of the bytes of a part's file",
            "version": VERSION,
            "complete": self.complete,
            "rows": self.rows,
            **{name: getattr(self, name) for name in ("total", "offset", "data_time")},
            "asked": asdict(self.asked),
            "request": self.body,
            "columns": {field.name: str(_plain(field.type)) for field in self.schema},
            "bad_values": {name: asdict(values) for name, values in self.bad_values.items()},
            "last_bad": self.last_bad,
            "schema": base64.b64encode(self.schema.serialize()).decode(),
            "parts": [asdict(part) for part in self.parts],
        }
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_manifest(text: str, where: str) -> Manifest:
    """Read what `Manifest.to_json` wrote; errors: UsageError for anything else, naming ``where`` it was."""
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise UsageError(
                f"{where} was written by another version of mstr_arrow.",
                hint="Extract into another folder, or move this one away.",
            )
        return Manifest(
            asked=Asked(**document["asked"]),
            body=document["request"],
            schema=pa.ipc.read_schema(pa.py_buffer(base64.b64decode(document["schema"]))),
            total=document["total"],
            data_time=document["data_time"],
            offset=document["offset"],
            bad_values={name: _bad_values(values) for name, values in document["bad_values"].items()},
            last_bad=tuple((row, column, value) for row, column, value in document["last_bad"]),
            parts=tuple(Part(**part) for part in document["parts"]),
            complete=document["complete"],
        )
    except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(
            f"{where} is no manifest of an extraction.", hint="Extract into another folder, or move this one away."
        ) from error


def question_of(*parts: object) -> str:
    """Return what tells a question from others: a hash of all that it consists of."""
    text = json.dumps([part if isinstance(part, dict) else repr(part) for part in parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _bad_values(values: dict[str, Any]) -> BadValues:
    return BadValues(**values | {"first": tuple(Place(*place) for place in values["first"])})


def _plain(arrow_type: pa.DataType) -> pa.DataType:
    return arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type
