"""Upload sessions: chunks come in, publishing makes rows of them (Wire reference, sections 6.3 to 6.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.faults.effects import PublishEnd
from mstr_arrow.simulator.responses import Refusal

from .chunks import COLUMN, RECORD, ROW, Layout, count_rows, decode, empty, payload_of
from .datasets import Publication
from .policies import ADD, REPLACE, UPDATE, UPSERT, merge, stack

if TYPE_CHECKING:
    from .datasets import Dataset
    from .definition import PushedTable, PushModel
    from .policies import Adding

STARTED, READY, FAILED, RUNNING = 0, 1, 3, 6

_POLICIES = (ADD, UPDATE, UPSERT, REPLACE)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk that was taken in; ``frame`` is None where the server keeps no rows."""

    rows: int
    bytes: int
    frame: pl.DataFrame | None


@dataclass(frozen=True, slots=True)
class TableUpload:
    """The data of an upload for one table; ``chunks`` by their index."""

    layout: Layout
    policy: str
    chunks: dict[int, Chunk] = field(default_factory=dict)

    def take_in(self, index: int, data: Any, *, keep: bool) -> Chunk:
        """Decode a chunk and put it in the place of an earlier one with its index; any thread."""
        if keep:
            frame = decode(data, self.layout)
            chunk = Chunk(len(frame), len(data), frame)
        else:
            chunk = Chunk(count_rows(payload_of(data), self.layout), len(data), None)
        self.chunks[index] = chunk
        return chunk


@dataclass(slots=True, kw_only=True, eq=False)
class Upload:
    """An upload session.

    ``status`` is what polls are told; while it is RUNNING, ``polls`` more are told so before the publication
    takes effect.
    """

    id: str
    dataset: Dataset
    tables: dict[str, TableUpload]
    status: int = STARTED
    message: str = ""
    polls: int = 0
    ending: PublishEnd | None = None
    publication: Publication | None = None

    @property
    def busy(self) -> bool:
        """Whether the dataset must wait for it: it takes chunks or is being published."""
        return self.status in {STARTED, RUNNING}

    @property
    def open(self) -> bool:
        """Whether it still holds what was sent to it."""
        return self.status != READY

    def table(self, name: Any) -> TableUpload:
        """Find one of its tables; raise the server's 400 where a chunk may not be sent to it."""
        if self.status != STARTED:
            raise bad_request("The upload session takes no more chunks: it was published.")
        if not isinstance(name, str) or name not in self.tables:
            raise bad_request(f"The upload session has no table '{name}'.")
        return self.tables[name]

    def start(self, *, polls: int, ending: PublishEnd | None) -> None:
        """Begin to publish; raise the server's 400 where that was begun before."""
        if self.status != STARTED:
            raise bad_request("The upload session was published before.")
        self.status, self.message, self.polls, self.ending = RUNNING, "sql execution", polls, ending

    def prepare(self, *, keep: bool, adding: Adding) -> None:
        """Work out what the dataset will hold; any thread. What cannot be done becomes the ending."""
        try:
            self._demand_every_chunk()
            self.publication = self._rows(adding) if keep else self._counts()
        except pl.exceptions.PolarsError as error:
            self.ending = self.ending or PublishEnd(FAILED, f"(The rows cannot be put together: {error})")
        except Refusal as refusal:
            self.ending = self.ending or PublishEnd(FAILED, refusal.message)

    def poll(self) -> bool:
        """Go one step on; tell whether the publication takes effect now."""
        finished = self.publication is not None or self.ending is not None
        if self.status != RUNNING or not finished:
            return False
        if self.polls:
            self.polls -= 1
            return False
        if self.ending is None:
            self.status, self.message = READY, "result ready"
        elif self.ending.status is not None:
            self.status, self.message = self.ending.status, self.ending.message
        return self.status == READY

    def clear(self) -> None:
        """Forget what was sent."""
        self.tables, self.publication = {}, None

    def _demand_every_chunk(self) -> None:
        for name, upload in self.tables.items():
            last = max(upload.chunks, default=0)
            missing = set(range(1, last + 1)) - upload.chunks.keys()
            if missing:
                raise bad_request(f"(Chunk {min(missing)} of {last} of the table '{name}' was never received.)")

    def _rows(self, adding: Adding) -> Publication:
        tables = dict(self.dataset.tables)
        model = self.dataset.model
        for name, upload in self.tables.items():
            frames = [chunk.frame for _, chunk in sorted(upload.chunks.items()) if chunk.frame is not None]
            new = stack([empty(model.tables[name]), *frames])
            keys, values = model.keys(name), model.values(name)
            tables[name] = merge(tables[name], new, upload.policy, keys=keys, values=values, adding=adding)
        counts = {name: len(frame) for name, frame in tables.items()}
        return Publication(tables=tables, counts=counts, cube=self.dataset.cube(tables))

    def _counts(self) -> Publication:
        counts = dict(self.dataset.counts)
        for name, upload in self.tables.items():
            rows = sum(chunk.rows for chunk in upload.chunks.values())
            counts[name] = rows + (0 if upload.policy == REPLACE else counts[name])
        return Publication(tables=self.dataset.tables, counts=counts, cube=self.dataset.cube_of_counts(counts))


def read_tables(body: Any, model: PushModel, *, column_orientation: bool) -> dict[str, TableUpload]:
    """Read the tables of a request for an upload session; raise the server's 400 for what is wrong with them."""
    items = json_object(body).get("tables")
    if not isinstance(items, list) or not items:
        raise bad_request("An upload session names its tables.")
    tables: dict[str, TableUpload] = {}
    for item in items:
        upload = _table_upload(json_object(item), model, column_orientation=column_orientation)
        if upload.layout.table.name in tables:
            raise bad_request(f"The upload session names the table '{upload.layout.table.name}' twice.")
        tables[upload.layout.table.name] = upload
    return tables


def _table_upload(item: dict[str, Any], model: PushModel, *, column_orientation: bool) -> TableUpload:
    table = model.tables.get(str(item.get("name")))
    if table is None:
        raise bad_request(f"The dataset has no table '{item.get('name')}'.")
    policy = _policy(item.get("updatePolicy"), table, model)
    orientation = str(item.get("orientation") or ROW).upper()
    if orientation not in {ROW, COLUMN} or (orientation == COLUMN and not column_orientation):
        raise bad_request(f"The orientation '{orientation}' of the table '{table.name}' is not supported.")
    return TableUpload(Layout(table, orientation, _places(table, item.get("columnHeaders"))), policy)


def single_table(table: PushedTable, policy: str, model: PushModel) -> dict[str, TableUpload]:
    """Give the tables of a request that brings all data of one table as records."""
    return {table.name: TableUpload(Layout(table, RECORD, _places(table, None)), _policy(policy, table, model))}


def _policy(value: Any, table: PushedTable, model: PushModel) -> str:
    policy = str(value).lower()
    if policy not in _POLICIES:
        raise bad_request(f"Unknown update policy '{value}' of the table '{table.name}'.")
    if policy in {UPDATE, UPSERT} and not model.keys(table.name):
        raise bad_request(f"The table '{table.name}' has no attribute whose values could be found for '{policy}'.")
    return policy


def _places(table: PushedTable, headers: Any) -> tuple[int, ...]:
    if headers is None:
        return tuple(range(len(table.columns)))
    if not isinstance(headers, list):
        raise bad_request(f"The column headers of the table '{table.name}' are not an array.")
    places = tuple(table.place(str(name)) for name in headers)
    if len(set(places)) != len(table.columns) or len(places) != len(table.columns):
        raise bad_request(f"The column headers of the table '{table.name}' are not each of its columns once.")
    return places
