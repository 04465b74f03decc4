"""Chunks of made-up rows for a scratch dataset, which is never published."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.errors import MstrError, ServerError
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.throughput.targets import Took
from mstr_arrow.upload import datasets
from mstr_arrow.upload.chunks import chunks
from mstr_arrow.upload.creation import create
from mstr_arrow.upload.model import TableRoles, build_model
from mstr_arrow.upload.slices import EncodeOptions
from mstr_arrow.upload.upload_session import UploadSession

if TYPE_CHECKING:
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.session.session_client import Client
    from mstr_arrow.upload.chunk_body import ChunkBody
    from mstr_arrow.upload.chunks import Chunk
    from mstr_arrow.upload.slices import Orientation

TABLE = "Measured"
_BAD_REQUEST = 400
_LARGEST = 2**30
_DAYS, _STORES = 1_000, 500


@dataclass(slots=True)
class Uploads:
    """Chunks of a scratch dataset in "My Reports". PUT …/uploadSessions/{id} for each.

    Beforehand the dataset is made (POST /api/datasets/models) and a chunk of one row tried. Each load has an upload
    session (POST …/uploadSessions), which is deleted afterwards without a publication. At the end the dataset is
    deleted (DELETE /api/objects/{id}). Each number of rows has one chunk, which is written once and sent under
    changing indexes.
    """

    http: ProjectHttp
    dataset_id: str
    name: str
    lost: set[str]
    orientation: Orientation = "COLUMN"
    chunks: dict[int, Chunk] = field(default_factory=dict)
    session: UploadSession | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def open(cls, client: Client, number: int) -> Uploads:
        """Make the dataset of the log-in of this number. Errors: those of an upload."""
        now = datetime.now(UTC)
        name = f"mstr_arrow throughput scratch {now:%Y-%m-%d %H.%M.%S.%f} {number} (may be deleted)"
        model = build_model({TABLE: TableRoles(rows_of(1).schema)})
        made = await create(
            client.http, model, name=name, description="Made to measure uploads.", folder="", replaced=None
        )
        opened = cls(client.http, made, name, client.session.whole.lost_uploads)
        try:
            await opened._choose_orientation()
        except BaseException:
            await opened.aclose()
            raise
        return opened

    def place(self, turn: int, rows: int) -> tuple[str, int]:  # noqa: ARG002 - as all kinds have it
        """Return one name for all chunks."""
        return "chunk", 0

    async def ask(self, turn: int, rows: int) -> Response:
        """Send a chunk."""
        session = await self._open(rows)
        response, _ = await session.put(self._body(turn, rows))
        return response

    def read(self, response: Response, turn: int, rows: int) -> Took:  # noqa: ARG002 - as all kinds have it
        """Count the rows and bytes of a chunk."""
        body = self._body(turn, rows)
        return Took(self.chunks[rows].rows, body.text_bytes, body.size)

    async def rest(self) -> None:
        """Delete the upload session with all chunks."""
        session, self.session = self.session, None
        if session is not None:
            await session.delete()

    async def aclose(self) -> str | None:
        """Delete the dataset; return a text that names the dataset where deleting fails."""
        await self.rest()
        try:
            async with asyncio.timeout(self.http.settings.timeouts.logout):
                await datasets.delete(self.http, self.dataset_id)
        except (MstrError, TimeoutError) as error:
            why = str(error) or "no answer in time"
            return f"the dataset {self.name!r} ({self.dataset_id}), which could not be deleted: {why}"
        return None

    async def prepare(self, rows: int) -> None:
        """Write the chunk of a load, and open the upload session. Errors: those of an upload."""
        await self._open(rows)

    async def _open(self, rows: int) -> UploadSession:
        async with self._opening:
            if rows not in self.chunks:
                self.chunks[rows] = await asyncio.to_thread(chunk_of, rows, self.orientation)
            if self.session is None:
                table = {
                    "name": TABLE,
                    "updatePolicy": "replace",
                    "orientation": self.orientation,
                    "columnHeaders": rows_of(1).schema.names,
                }
                self.session = await UploadSession.open(self.http, self.dataset_id, [table], self.lost)
            return self.session

    async def _choose_orientation(self) -> None:
        """Try a chunk by columns, and take rows where the server takes no columns."""
        try:
            await self.ask(0, 1)
        except ServerError as error:
            if infer_status(error) != _BAD_REQUEST:
                raise
            self.orientation = "ROW"
            self.chunks.clear()
        await self.rest()

    def _body(self, turn: int, rows: int) -> ChunkBody:
        """Give the chunk the index of its turn: the server takes each once."""
        body = self.chunks[rows].body
        return replace(body, head=body.head.replace(b'"index":1,', b'"index":%d,' % (turn + 1)))


def rows_of(count: int, seed: int = 0) -> pa.Table:
    """Make up rows of sales: a day, a store, units and an amount; the same rows for the same seed."""
    luck = random.Random(seed)
    return pa.table(
        {
            "Day": pa.array([luck.randrange(_DAYS) + 19_000 for _ in range(count)], pa.int32()).cast(pa.date32()),
            "Store": [f"Store {luck.randrange(_STORES):03}" for _ in range(count)],
            "Units": pa.array([luck.randrange(1, 100) for _ in range(count)], pa.int64()),
            "Amount": [round(luck.uniform(1, 1000), 2) for _ in range(count)],
        }
    )


def chunk_of(rows: int, orientation: Orientation) -> Chunk:
    """Write so many rows as one chunk."""
    table, options = rows_of(rows), EncodeOptions(orientation)
    [chunk] = chunks(table.to_batches(), table.schema, table=TABLE, options=options, chunk_bytes=_LARGEST)
    return chunk
