"""An upload from its first row to its end: encoded, sent, published, verified, or taken back.

What is sent shows only when it is published: until then an upload that fails leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Literal

from mstr_arrow.errors import (
    ClosedError,
    ConnectError,
    LimitExceeded,
    MstrError,
    NotFound,
    ServerError,
    UploadFailed,
    UsageError,
)
from mstr_arrow.http.error_map import meant_status
from mstr_arrow.upload.encoder import Encoder
from mstr_arrow.upload.grouping import Grouper
from mstr_arrow.upload.opener import Opener
from mstr_arrow.upload.options import CHUNK_BYTES, project_limit
from mstr_arrow.upload.result import Resume
from mstr_arrow.upload.session import PublishStatus, UploadSession
from mstr_arrow.upload.tally import Tally
from mstr_arrow.upload.verification import Verification
from mstr_arrow.upload.watch import Watch
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.upload.chunks import Chunk
    from mstr_arrow.upload.encode import Orientation
    from mstr_arrow.upload.meaning import Meaning
    from mstr_arrow.upload.options import UploadOptions
    from mstr_arrow.upload.result import UploadProgress, WriteResult
    from mstr_arrow.upload.source import Source

logger = logging.getLogger("mstr_arrow")

_BAD_REQUEST = 400


class Upload:
    """The upload of some tables of one dataset; used on the background loop only.

    Registered with the session from the moment the server's upload session exists until that is published or
    deleted, so that a connection that is closed deletes it.
    """

    def __init__(
        self,
        session: ProjectSession,
        dataset_id: str,
        sources: Mapping[str, Source],
        options: UploadOptions,
        on_progress: Callable[[UploadProgress], object] | None,
        *,
        name: str,
        created: bool = False,
        idle: frozenset[str] = frozenset(),
        meanings: Mapping[str, Meaning] | None = None,
    ) -> None:
        self.dataset_id = dataset_id
        self.name = name
        self.sent = False
        self.published = False
        self._tally = Tally(_sum([source.rows for source in sources.values()]), idle)
        self._created = created
        self._meanings = meanings or {}
        self._session = session
        self._sources = sources
        self._options = options
        self._on_progress = on_progress
        self._opener = Opener(session, dataset_id, self)
        self._upload_session: UploadSession | None = None
        self._orientation: Orientation = options.orientation or session.capabilities.orientation or "COLUMN"
        self._on_trial = options.orientation is None and session.capabilities.orientation is None
        self._status: PublishStatus | None = None

    @staticmethod
    def under_way(session: ProjectSession, dataset_id: str) -> Upload | None:
        """Return the upload of a dataset that is under way in a session: the server takes one at a time."""
        return next((each for each in session.registered(Upload) if each.dataset_id == dataset_id), None)

    @property
    def _http(self) -> ProjectHttp:
        return self._session.http

    @property
    def session_id(self) -> str | None:
        """The upload session on the server; None where there is none."""
        return self._upload_session.id if self._upload_session else None

    async def send(self) -> None:
        """Send all tables, one after the other; whatever goes wrong, the upload session is deleted.

        Raises UploadFailed, which names the chunk; UsageError where an upload of the same dataset is under way.
        """
        if self.under_way(self._session, self.dataset_id) is not None:
            raise UsageError(
                "an upload to this dataset is under way, and the server takes one at a time.",
                hint="Wait for it, publish it, or discard it.",
            )
        self._session.register(self, lost=self._lose)
        self._session.hold()
        try:
            chunk_bytes = self._options.chunk_bytes or min(CHUNK_BYTES, await project_limit(self._http))
            await self._open()
            for table, source in self._sources.items():
                await self._send_table(table, source, chunk_bytes)
            self.sent = True
        except UploadFailed as failed:
            await self._give_up(failed)
            raise
        except BaseException:
            await self.discard()
            raise

    async def publish(self) -> None:
        """Publish what was sent and follow it to its end; the upload session is gone afterwards.

        With ``verify``, refuses first what attributes do not tell apart, and compares afterwards what the cube
        shows; where a chunk was sent again, it counts rows. Raises UploadFailed where publishing is refused or does
        not end well, TimeoutExceeded or what else went wrong where its end is not known, DataMismatch where rows
        are missing or doubled.
        """
        if self._upload_session is None:
            raise UsageError("nothing was uploaded that could be published.")
        began = time.monotonic()
        verification = Verification(self._http, self.dataset_id, self._options, self._tally)
        try:
            verification.refuse_merged()
            await verification.look_before()
            self._report("publishing", None)
            await self._upload_session.publish()
            await self._upload_session.follow(self._http.settings.timeouts.publish, self._say)
        except BaseException:
            await self.discard()
            raise
        self.published = True
        await self.discard()
        self._tally.publishing = time.monotonic() - began
        await verification.look_after()

    async def discard(self) -> None:
        """Delete the upload session and with it what was not published; does nothing when there is none."""
        session, self._upload_session = self._upload_session, None
        try:
            if session is not None:
                await session.delete()
            await self._opener.aclose()
        finally:
            self.let_go()

    aclose = discard

    def result(self) -> WriteResult:
        """Say what was done so far."""
        return self._tally.result(self.dataset_id, self.name, created=self._created, published=self.published)

    def _lose(self) -> None:
        """Take note that the connection's log-in has ended, and with it what waits there to be published."""
        if self.sent and not self._opener.in_own_log_in:
            self.let_go()

    def let_go(self) -> None:
        """Forget the upload session, which is gone: another one may be opened."""
        if self in self._session.registered(Upload):
            self._session.unregister(self)
            self._session.release()

    async def _give_up(self, failed: UploadFailed) -> None:
        """Delete the upload session, or leave it and say how to go on."""
        if not self._options.keep_session or self._upload_session is None or self._opener.in_own_log_in:
            await self.discard()
            return
        failed.resume = Resume(
            dataset_id=self.dataset_id,
            session_id=self._upload_session.id,
            orientation=self._orientation,
            taken={table.name: (table.chunks, table.rows) for table in self._tally.tables.values()},
        )
        failed.add_hint(
            naming("To go on from there, make the call again with {SuperCube.update.resume=error.resume}.")
        )
        self._upload_session = None
        self.let_go()

    # Sending

    async def _open(self) -> None:
        resume = self._options.resume
        if resume is not None:
            self._orientation, self._on_trial = resume.orientation, False
            self._upload_session = UploadSession(self._http, self.dataset_id, resume.session_id)
            return
        try:
            await self._open_session()
        except ServerError as error:
            if meant_status(error) != _BAD_REQUEST or not self._on_trial:
                raise
            self._fall_back(error)
            await self._open_session()

    async def _open_session(self) -> None:
        tables = [
            {
                "name": table,
                "updatePolicy": self._options.policies[table],
                "orientation": self._orientation,
                "columnHeaders": source.schema.names,
            }
            for table, source in self._sources.items()
        ]
        self._upload_session = await self._opener.open(tables)

    def _fall_back(self, error: ServerError) -> None:
        logger.debug("the server does not take columns, rows are tried: %s", error)
        self._orientation = "ROW"

    async def _send_table(self, table: str, source: Source, chunk_bytes: int) -> None:
        chunks, rows = self._options.resume.taken.get(table, (0, 0)) if self._options.resume else (0, 0)
        self._tally.begin(table, chunks, rows)
        encoder = Encoder(
            table,
            source,
            self._options.encoding(self._orientation),
            chunk_bytes=chunk_bytes,
            chunk_rows=self._options.chunk_rows,
            first_index=chunks + 1,
            skip_rows=rows,
            watch=partial(self._watch, table, source, meaning) if (meaning := self._meanings.get(table)) else None,
        )
        coming: asyncio.Future[Chunk | None] | None = None
        try:
            if self._on_trial:
                await self._try_columns(table, encoder)
            encoder.settle()
            coming = asyncio.ensure_future(encoder.next())
            while (chunk := await self._encoded(table, coming)) is not None:
                coming = asyncio.ensure_future(encoder.next())
                await self._put(chunk)
            if (seen := await encoder.seen()) is not None:
                self._tally.saw(table, seen)
        finally:
            if coming is not None:
                coming.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await coming
            encoder.close()

    def _watch(self, table: str, source: Source, meaning: Meaning) -> Watch:
        options = self._options
        grouper = Grouper(source, meaning.keys, options.time_zone)
        return Watch(table, grouper, meaning, options.policies[table], summed=options.verify)

    async def _try_columns(self, table: str, encoder: Encoder) -> None:
        """Send the first chunk of all as columns; again as rows, in a new session, where that is refused."""
        chunk = await self._encoded(table, asyncio.ensure_future(encoder.next()))
        if chunk is None:
            return
        try:
            await self._put(chunk)
        except UploadFailed as failed:
            refusal = failed.__cause__
            if not isinstance(refusal, ServerError) or meant_status(refusal) != _BAD_REQUEST:
                raise
            if self._orientation == "ROW" or self._upload_session is None:
                raise
            self._fall_back(refusal)
            await self._upload_session.delete()
            await self._open_session()
            encoder.restart(self._options.encoding(self._orientation))
            again = await self._encoded(table, asyncio.ensure_future(encoder.next()))
            if again is not None:
                await self._put(again)
        self._session.capabilities.orientation, self._on_trial = self._orientation, False

    async def _encoded(self, table: str, coming: asyncio.Future[Chunk | None]) -> Chunk | None:
        """Wait for the next chunk; what goes wrong in reading or encoding is told with the place."""
        began = time.monotonic()
        try:
            chunk = await coming
        except Exception as error:
            done = self._tally.tables[table]
            reason = str(error) if isinstance(error, MstrError) else f"{type(error).__name__}: {error}"
            raise UploadFailed(
                f"table {table!r} could not be read or encoded after row {done.rows:,}: {reason} {_TAKEN_BACK}",
                table=table,
                chunk=done.chunks + 1,
            ) from error
        finally:
            self._tally.waiting += time.monotonic() - began
        if chunk is not None:
            self._tally.encoding += chunk.seconds
        return chunk

    async def _put(self, chunk: Chunk) -> None:
        if self._upload_session is None:
            raise ClosedError("the connection was closed during an upload.")
        began = time.monotonic()
        try:
            answer = await self._upload_session.put(chunk.body)
        except MstrError as error:
            rows = range(chunk.first_row, chunk.first_row + chunk.rows)
            raise UploadFailed(
                f"chunk {chunk.index} of table {chunk.table!r}, rows {rows.start:,} to {rows.stop - 1:,}, "
                f"was not taken: {error} {_TAKEN_BACK}",
                table=chunk.table,
                chunk=chunk.index,
                rows=rows,
                hint=self._hint(chunk, error),
            ) from error
        finally:
            self._tally.sending += time.monotonic() - began
        self._tally.took(chunk, answer.retries)
        self._report("sending", chunk.table)

    def _hint(self, chunk: Chunk, error: MstrError) -> str | None:
        if isinstance(error, NotFound) and self._options.resume is not None:
            return naming("{gone} Send the data again without {SuperCube.update.resume}.", gone=_SESSION_GONE)
        if not _is_for_size(error):
            return None
        return naming(
            "The request had {size:,} bytes; where that is too much at once, give a smaller "
            "{Connection.write.chunk_bytes}.",
            size=chunk.size,
        )

    # Publishing

    async def status(self) -> PublishStatus | None:
        """Look how far publishing is; the last word on it where the upload session is gone."""
        return await self._upload_session.status() if self._upload_session else self._status

    def _say(self, status: PublishStatus) -> None:
        self._status = status
        self._report("publishing", None, status.message)

    def _report(self, phase: Literal["sending", "publishing"], table: str | None, message: str = "") -> None:
        if self._on_progress is not None:
            self._on_progress(self._tally.progress(phase, table, message))


_TAKEN_BACK = "Nothing was published."
_SESSION_GONE = "The upload session is gone, as it is once the log-in that opened it has ended."


def _is_for_size(error: MstrError) -> bool:
    """Say whether a smaller chunk may help: where a size is limited, or the request was cut."""
    return isinstance(error, LimitExceeded) or (isinstance(error, ConnectError) and error.cut)


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
