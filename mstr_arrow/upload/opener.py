"""Where the upload sessions of an upload are opened: in the connection's log-in, or in one beside it. Edge."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mstr_arrow.errors import MstrError, ServerError
from mstr_arrow.upload.upload_session import UploadSession, is_taken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.session.in_project import ProjectSession

    Tables = Sequence[Mapping[str, object]]

logger = logging.getLogger("mstr_arrow")

_KEPT = (
    "It is probably the one that this upload had before its log-in ended: a server that ends a log-in in part may "
    "keep it until the time-out of the idle log-in, often 30 minutes. Nothing was published; write again then."
)


class Opener:
    """Opens the upload sessions of the upload ``of``, one after the other, in the connection's log-in.

    One whose answer was lost may be in the way there, and nobody knows its name. Then the upload goes on in a
    log-in of its own, which ends with `aclose`. Where the server takes one for each dataset from all users,
    only the end of the connection's log-in helps: that is opened anew if nothing else uses it.
    """

    def __init__(self, session: ProjectSession, dataset_id: str, of: object) -> None:
        self._session = session
        self._dataset_id = dataset_id
        self._of = of
        self._own: ProjectSession | None = None
        self._opened = False

    @property
    def in_own_log_in(self) -> bool:
        """Whether uploads have a log-in of their own."""
        return self._own is not None

    async def open(self, tables: Tables) -> UploadSession:
        """Open an upload session for these tables; errors: those of `UploadSession.open`."""
        session = self._own or self._session
        try:
            return await self._open(session, tables)
        except ServerError as error:
            if not is_taken(error):
                raise
            if self._dataset_id not in session.whole.lost_uploads:
                error.hint = _KEPT if self._opened else error.hint
                raise
            opened = await self._open_elsewhere(tables)
            if opened is None:
                raise
            return opened

    def resume(self, session_id: str) -> UploadSession:
        """Return the upload session of a former upload, which was kept in the connection's log-in."""
        return UploadSession(self._session.http, self._dataset_id, session_id)

    async def aclose(self) -> None:
        """Log out the upload's own log-in, if it has one."""
        own, self._own = self._own, None
        if own is not None:
            own.release()
            await own.aclose()

    async def _open_elsewhere(self, tables: Tables) -> UploadSession | None:
        """Open one where none is in the way; None where that cannot be, or somebody else writes to the dataset."""
        if self._own is None and (opened := await self._open_in_own_log_in(tables)) is not None:
            return opened
        await self.aclose()
        whole = self._session.whole
        others = [resource for resource in whole.resources_of(object) if resource is not self._of]
        if others or whole.handed_over or not whole.owned:
            return None
        await whole.renew()
        return await self._open(self._session, tables)

    async def _open_in_own_log_in(self, tables: Tables) -> UploadSession | None:
        """Log in for this upload alone, and open one there; None where either is refused, or fails."""
        try:
            self._own = await self._session.open_another()
            if self._own is None:
                return None
            self._own.hold()
            return await self._open(self._own, tables)
        except MstrError as error:
            logger.debug("no upload session in a log-in of its own: %s", error)
            return None

    async def _open(self, session: ProjectSession, tables: Tables) -> UploadSession:
        lost = session.whole.lost_uploads
        opened = await UploadSession.open(session.http, self._dataset_id, tables, lost)
        self._opened = True
        return opened
