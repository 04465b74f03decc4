"""An upload from its first row to its end: sent, published, verified, begun again, or taken back.

What is sent shows only when it is published: until then an upload that fails leaves nothing behind, and one whose
upload session is gone may begin again.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Literal

from mstr_arrow.errors import ClosedError, MstrError, SessionExpired, UploadFailed, UsageError
from mstr_arrow.upload.opener import Opener
from mstr_arrow.upload.options import CHUNK_BYTES, project_limit
from mstr_arrow.upload.table_sender import TableSender
from mstr_arrow.upload.tries import Tries
from mstr_arrow.upload.upload_statistics import UploadStatistics
from mstr_arrow.upload.verification import Verification
from mstr_arrow.upload.write_result import Resume
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.upload.meaning import Meaning
    from mstr_arrow.upload.options import UploadOptions
    from mstr_arrow.upload.source import Source
    from mstr_arrow.upload.upload_session import PublishStatus
    from mstr_arrow.upload.write_result import UploadProgress, WriteResult

logger = logging.getLogger("mstr_arrow")


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
        self._statistics = UploadStatistics(_sum([source.rows for source in sources.values()]), idle)
        self._created = created
        self._session = session
        self._options = options
        self._on_progress = on_progress
        self._opener = Opener(session, dataset_id, self)
        self._sender = TableSender(
            self._opener,
            sources,
            options,
            session.capabilities,
            meanings=meanings or {},
            statistics=self._statistics,
            on_chunk=lambda table: self._report("sending", table),
        )
        self._chunk_bytes = options.chunk_bytes or CHUNK_BYTES
        self._tries = Tries()
        self._publishing = False
        self._status: PublishStatus | None = None

    @staticmethod
    def under_way(session: ProjectSession, dataset_id: str) -> Upload | None:
        """Return the upload of a dataset that is under way in a session: the server takes one at a time."""
        return next((each for each in session.resources_of(Upload) if each.dataset_id == dataset_id), None)

    @property
    def _http(self) -> ProjectHttp:
        return self._session.http

    @property
    def session_id(self) -> str | None:
        """The upload session on the server; None where there is none."""
        return self._sender.session.id if self._sender.session else None

    async def send(self) -> None:
        """Send all tables, one after the other; whatever goes wrong, the upload session is deleted.

        Raises UploadFailed, which names the chunk; UsageError where an upload of the same dataset is under way.
        """
        if self.under_way(self._session, self.dataset_id) is not None:
            raise UsageError(
                "an upload to this dataset is under way, and the server takes one at a time.",
                hint="Wait for it, publish it, or discard it.",
            )
        self._hold()
        try:
            if self._options.chunk_bytes is None:
                self._chunk_bytes = min(CHUNK_BYTES, await project_limit(self._http))
            await self._send()
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
        if self._sender.session is None:
            raise UsageError("nothing was uploaded that could be published.")
        verification = Verification(self._http, self.dataset_id, self._options, self._statistics)
        try:
            while not self.published:
                began = time.monotonic()
                try:
                    await self._publish(verification)
                except (UploadFailed, SessionExpired) as error:
                    if not self._may_begin_again(error):
                        raise
                    await self._begin_again()
                    await self._send()
        except BaseException:
            await self.discard()
            raise
        await self.discard()
        self._statistics.publishing = time.monotonic() - began
        await verification.look_after()

    async def discard(self) -> None:
        """Delete the upload session and with it what was not published; does nothing when there is none."""
        session, self._sender.session = self._sender.session, None
        try:
            if session is not None:
                await session.delete()
            await self._opener.aclose()
        finally:
            self.let_go()

    aclose = discard

    def result(self) -> WriteResult:
        """Say what was done so far."""
        return self._statistics.result(self.dataset_id, self.name, created=self._created, published=self.published)

    def let_go(self) -> None:
        """Forget the upload session, which is gone: another one may be opened."""
        if self in self._session.resources_of(Upload):
            self._session.unregister(self)
            self._session.release()

    def _hold(self) -> None:
        if self not in self._session.resources_of(Upload):
            self._session.register(self, lost=self._lose)
            self._session.hold()

    def _lose(self) -> None:
        """Take note that the connection's log-in has ended, and with it what waits there to be published."""
        if self.sent and not self._opener.in_own_log_in:
            self.let_go()

    async def _give_up(self, failed: UploadFailed) -> None:
        """Delete the upload session, or leave it and say how to go on."""
        session = self._sender.session
        kept = self._options.keep_session and session is not None and not self._opener.in_own_log_in
        if not kept or session is None or session.is_gone(failed.__cause__):
            await self.discard()
            return
        failed.resume = Resume(
            dataset_id=self.dataset_id,
            session_id=session.id,
            orientation=self._sender.orientation,
            taken={table.name: (table.chunks, table.rows) for table in self._statistics.tables.values()},
        )
        failed.add_hint(
            naming("To go on from there, make the call again with {SuperCube.update.resume=error.resume}.")
        )
        self._sender.session = None
        self.let_go()

    async def _send(self) -> None:
        """Send all tables, from the first one again where the upload session is lost on the way."""
        while not self.sent:
            try:
                await self._sender.run(self._chunk_bytes)
                self.sent = True
            except UploadFailed as failed:
                if not self._may_begin_again(failed):
                    raise
                await self._begin_again()

    async def _publish(self, verification: Verification) -> None:
        session = self._sender.session
        if session is None:
            raise ClosedError("the connection was closed during an upload.")
        verification.refuse_merged()
        await verification.look_before()
        self._report("publishing", None)
        await session.publish()
        self._publishing = True
        await session.follow(self._http.settings.timeouts.publish, self._say)
        self.published = True

    # Begun again

    def _may_begin_again(self, error: MstrError) -> bool:
        """Say whether the upload may begin again: its session is gone, and all that was read can be read once more.

        A publication that was begun may have ended well, unnoticed: rows that are added would be there twice then.
        """
        session = self._sender.session
        cause = error.__cause__ if isinstance(error, UploadFailed) else error
        if session is None or not self._sender.can_begin_again:
            return False
        if self._publishing:
            gone = session.went_with_its_log_in(cause) and "add" not in self._options.policies.values()
        else:
            gone = session.is_gone(cause)
        return gone and self._tries.another(self._statistics.rows)

    async def _begin_again(self) -> None:
        self.sent = self._publishing = False
        self._hold()
        await self._sender.forget()

    # Publishing

    async def status(self) -> PublishStatus | None:
        """Look how far publishing is; the last word on it where the upload session is gone."""
        return await self._sender.session.status() if self._sender.session else self._status

    def _say(self, status: PublishStatus) -> None:
        self._status = status
        self._report("publishing", None, status.message)

    def _report(self, phase: Literal["sending", "publishing"], table: str | None, message: str = "") -> None:
        if self._on_progress is not None:
            self._on_progress(self._statistics.progress(phase, table, message))


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
