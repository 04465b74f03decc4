"""An upload session on the server: chunks in, published, followed to an end. Wire reference, 6.3 to 6.5."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import (
    ConnectError,
    MstrError,
    NotFound,
    ServerError,
    SessionExpired,
    TimeoutExceeded,
    TlsError,
    TransportError,
    UploadFailed,
)
from mstr_arrow.http.error_map import code_number, infer_status
from mstr_arrow.http.subject import Subject
from mstr_arrow.responses import number, optional_text, reading, text
from mstr_arrow.upload.undoing import undo_if_cancelled
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mstr_arrow.http.request import Body
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

logger = logging.getLogger("mstr_arrow")

FIRST_POLL, LONGEST_POLL = 0.1, 5.0
"""Seconds between two looks at the publish status, doubled from look to look."""

_STARTED, _DONE = 0, 1
_FAILED = {2, 3, 18}
"""Statuses that nothing follows (wire reference, Appendix A); negative ones are errors, too."""

_NOTHING: tuple[object, ...] = (None, {}, "")
"""The bodies that a response to a chunk may have."""

_CONFLICT, _ALREADY_THERE = 409, 15
_TAKEN = naming(
    "The dataset has an upload session: somebody writes to it, or the answer that named it was lost. {how}",
    how=advice(
        "end the lost upload session",
        "Such a one ends with its session: call {Connection.renew()}, or connect again.",
    ),
)
_OPEN = (
    "Whether the data were published is not known. To write them again does no harm, unless they are added to what "
    "is there: then count the rows first."
)


@dataclass(frozen=True, slots=True)
class PublishStatus:
    """How far publishing is: the server's number (EnumDSSXMLStatus) and what it says."""

    code: int
    message: str = ""

    @property
    def done(self) -> bool:
        """Whether the cube shows the data."""
        return self.code == _DONE

    @property
    def failed(self) -> bool:
        """Whether it will never show them."""
        return self.code in _FAILED or self.code < 0

    def __str__(self) -> str:
        return f"status {self.code}{f' ({self.message})' if self.message else ''}"


def read_status(body: Any) -> PublishStatus:
    """Read the body of a publish status, a number or its text; errors: ProtocolError.

    >>> read_status({"status": "1", "message": "result ready"}).done
    True
    """
    with reading(body, "a status of a publication"):
        return PublishStatus(number(body, "status"), optional_text(body, "message") or "")


class UploadSession:
    """One upload session of one dataset; the server takes no second one beside it."""

    def __init__(self, http: ProjectHttp, dataset_id: str, session_id: str) -> None:
        self._http = http
        self._keys = http.own.keys
        self._path = f"datasets/{dataset_id}/uploadSessions/{session_id}"
        self.id = session_id

    @classmethod
    async def open(
        cls, http: ProjectHttp, dataset_id: str, tables: Sequence[Mapping[str, object]], lost: set[str]
    ) -> UploadSession:
        """Open a session for these tables, once more where the answer is lost.

        POST /api/datasets/{id}/uploadSessions. ``lost`` are the datasets of which the log-in may have a session
        that nobody knows. One that is opened while its caller gives up is deleted.
        """
        opening = cls._open(http, dataset_id, tables, lost)
        return await undo_if_cancelled(opening, cls.delete, http.settings.timeouts.logout)

    @classmethod
    async def _open(
        cls, http: ProjectHttp, dataset_id: str, tables: Sequence[Mapping[str, object]], lost: set[str]
    ) -> UploadSession:
        times = 0

        async def once_more() -> bool:
            nonlocal times
            times += 1
            lost.add(dataset_id)
            return times == 1

        def read(response: Response) -> UploadSession:
            body = response.json()
            with reading(body, "an upload session"):
                return cls(http, dataset_id, text(body, "uploadSessionId", "id"))

        path, body = f"datasets/{dataset_id}/uploadSessions", {"tables": list(tables)}
        try:
            session = await http.read("POST", path, read, json=body, lost=once_more)
        except ServerError as error:
            if is_taken(error):
                error.hint = _TAKEN
            raise
        except TimeoutExceeded:
            lost.add(dataset_id)
            raise
        lost.discard(dataset_id)
        return session

    async def put(self, body: Body) -> tuple[Response, bool]:
        """Send a chunk; return the answer, and whether it says something. PUT …/uploadSessions/{id}.

        It may be repeated, for the server knows it by its index. So it is, once, where the answer is no JSON: a
        page of a gateway does not mean that it arrived. One that is JSON leaves that open, as none is due.
        """
        return await self._http.read(
            "PUT",
            self._path,
            lambda response: (response, _read_answer(response) not in _NOTHING),
            data=body,
            headers={"Content-Type": "application/json"},
            subject=Subject.UPLOAD,
            safe=True,
            wait="execute",
        )

    async def publish(self) -> None:
        """Have the session published, which the server does once, however often it is asked. POST …/publish.

        Whatever goes wrong, the status tells whether publishing was begun all the same; where it was not, and may
        be a little later, it is asked for again. Raises UploadFailed where that is in vain; where the status is not
        known, what went wrong.
        """

        async def is_not_begun() -> bool:
            return await self._has_begun() is False

        path = f"{self._path}/publish"
        try:
            await self._http.read(
                "POST", path, _read_answer, subject=Subject.UPLOAD, wait="execute", lost=is_not_begun
            )
        except (ServerError, TransportError) as error:
            begun = await self._has_begun()
            if begun:
                return
            if begun is None and not _refused(error):
                raise _add_open_end(error) from None
            raise UploadFailed(f"publishing failed: {error} The data were not published.") from error

    async def _has_begun(self) -> bool | None:
        """Say whether publishing was begun, None where the server does not tell."""
        try:
            return (await self.status()).code != _STARTED
        except MstrError:
            return None

    async def status(self) -> PublishStatus:
        """Look how far publishing is, once more where the answer cannot be read. GET …/publishStatus."""
        path = f"{self._path}/publishStatus"
        return await self._http.read("GET", path, lambda it: read_status(it.json()), subject=Subject.UPLOAD)

    async def follow(self, seconds: float, on_status: Callable[[PublishStatus], object]) -> None:
        """Wait until publishing has ended well, at most ``seconds``.

        Raises UploadFailed with the server's reason where it ends otherwise or the session vanishes,
        TimeoutExceeded at the deadline, and whatever error ends the questions for the status.
        """
        status, wait = PublishStatus(_STARTED), FIRST_POLL
        try:
            async with asyncio.timeout(seconds):
                while not status.done:
                    status = await self.status()
                    on_status(status)
                    if status.failed:
                        raise UploadFailed(f"publishing ended with {status}; the data were not published.")
                    if not status.done:
                        await asyncio.sleep(wait)
                        wait = min(LONGEST_POLL, 2 * wait)
        except NotFound as error:
            raise UploadFailed("the upload session vanished while it was published.", hint=_OPEN) from error
        except (ServerError, TransportError) as error:
            raise _add_open_end(error) from None
        except TimeoutError:
            raise TimeoutExceeded(
                f"publishing did not end within {seconds:g} s; the last word was {status}.",
                hint=naming("Raise {Timeouts.publish} if the server is only slow."),
            ) from None

    def is_gone(self, error: BaseException | None) -> bool:
        """Say whether an error of a request tells that the session is gone: by itself, or with its log-in."""
        vanished = isinstance(error, NotFound) and error.iserver_code is None
        return vanished or self.went_with_its_log_in(error)

    def went_with_its_log_in(self, error: BaseException | None) -> bool:
        """Say whether an error tells that the session is gone as another log-in has taken the place of its own."""
        return isinstance(error, NotFound | SessionExpired) and self._keys is not self._http.own.keys

    async def delete(self) -> None:
        """Delete the session and what was not published of it; a failure is only logged. DELETE …/{id}.

        It is asked for with the keys of its own log-in, which may live on although another had to be opened.
        """
        limit = self._http.settings.timeouts.logout
        try:
            async with asyncio.timeout(limit):
                await self._http.request("DELETE", self._path, keys=self._keys, subject=Subject.UPLOAD, safe=True)
        except (MstrError, TimeoutError) as error:
            logger.debug("deleting the upload session failed: %s", type(error).__name__)


def is_taken(error: ServerError) -> bool:
    """Say whether an upload session was refused because the dataset has one."""
    return infer_status(error) == _CONFLICT or code_number(error.code) == _ALREADY_THERE


def _read_answer(response: Response) -> Any:
    """Return the members of a response, None without a body; errors: ProtocolError for what is no JSON."""
    return response.json() if response.body else None


def _refused(error: MstrError) -> bool:
    """Say whether an error tells that the server did nothing: it never got the request, or names a reason."""
    if isinstance(error, ServerError):
        return error.iserver_code is not None or (infer_status(error) or 500) < 500
    return isinstance(error, TlsError) or (isinstance(error, ConnectError) and not error.cut)


def _add_open_end(error: MstrError) -> MstrError:
    """Have an error say that it leaves open whether the data were published."""
    error.add_hint(_OPEN)
    return error
