"""Follow a publication on the loop: look at it until it has ended, cancel it, or leave it to itself."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mstr_arrow.errors import (
    LoginError,
    MstrError,
    PublishFailed,
    ServerError,
    SessionExpired,
    TimeoutExceeded,
    TransportError,
    UsageError,
)
from mstr_arrow.http.blotting import blot, blot_out
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.http.retry import is_transient
from mstr_arrow.publishing.publication_status import PublicationStatus
from mstr_arrow.session.in_project import SharedSession
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.session.in_project import ProjectSession

    OnProgress = Callable[[PublicationStatus], object] | None

logger = logging.getLogger("mstr_arrow")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two looks at a publication, longer and longer."""


class Publisher(Protocol):
    """The publisher of an object; used on the background loop only.

    ``what`` names the object in messages ("cube 'Sales'"); ``job_id`` is the job's number where it is known;
    ``started`` says whether it was started here, or by somebody else and is only followed; ``waits`` whether it is
    still to begin, after the end of another one.
    """

    what: str
    object_id: str
    job_id: int | None
    started: bool
    waits: bool

    async def look(self) -> PublicationStatus:
        """Ask how far it is; errors that may pass by are told as they come, and it is looked again."""

    async def cancel(self) -> bool:
        """Have the server cancel it; False where it is over. Errors: those of the server, and NotSupported."""

    async def release(self) -> None:
        """Give back what the server holds for it, when it has ended or is given up, not if left; raises nothing."""

    def session_ended(self) -> None:
        """Note that the session that it was started in has ended, and another was opened in its place."""


class Following:
    """A publication that is looked at until it has ended; on the background loop only.

    Registered with the session, and holding it, until then: a session that is logged out cancels its jobs.
    """

    def __init__(self, session: ProjectSession, publisher: Publisher, seconds: float) -> None:
        self.publisher = publisher
        self.status = PublicationStatus("running")
        self.detached = False
        self._kept = False
        self.deadline = asyncio.get_running_loop().time() + seconds
        self._session = session.whole
        self._changed = asyncio.Event()
        self._broken: Exception | None = None
        self._session.register(self, lost=publisher.session_ended)
        self._session.hold()
        self._task = asyncio.ensure_future(self._follow())

    async def wait(self, seconds: float, on_progress: OnProgress = None) -> None:
        """Wait for the end; errors: TimeoutExceeded, PublishFailed, UsageError for one that was left to itself."""
        try:
            async with asyncio.timeout(seconds) as limit:
                while not (self.status.over or self.detached or self._broken):
                    await self._changed.wait()
                    if on_progress is not None:
                        on_progress(self.status)
        except TimeoutError:
            if not limit.expired():
                raise
            raise self._too_late(seconds) from None
        self.check_done()

    def check_done(self) -> None:
        """Raise what a publication ended with, unless it is done."""
        if self._broken is not None:
            raise self._broken
        if self.detached and not self.status.over:
            raise UsageError(
                "this publication was left to itself: nobody looks how far it is.",
                hint="Refreshing the object again follows the publication that is under way.",
            )
        if self.status.state != "done":
            raise self._failure() from self.status.error

    async def cancel(self) -> None:
        """Have the server cancel it; errors: those of the server."""
        if not self.status.over and await self.publisher.cancel():
            await self._end(PublicationStatus("cancelled", "cancelled from here"))

    async def give_up(self) -> bool:
        """Look no more, and cancel it if it was started here; tell whether that was done. What fails is logged."""
        cancelled = False
        await self._stop_looking()  # first, for a look under way would ask for a job that is being cancelled
        if not self.status.over and not self.detached and self.publisher.started:
            try:
                async with asyncio.timeout(self._session.http.settings.timeouts.logout):
                    cancelled = await self.publisher.cancel()
            except (MstrError, TimeoutError) as error:
                logger.debug(
                    "the publication of %s was not cancelled: %s", self.publisher.what, type(error).__name__
                )
        await self._end(PublicationStatus("cancelled", "given up here") if cancelled else self.status)
        return cancelled

    async def aclose(self) -> None:
        """Give up as `give_up` does: the session is about to be logged out."""
        await self.give_up()

    async def detach(self) -> None:
        """Look no more, and leave the session open when the connection is closed, so that it goes on."""
        if not self.status.over:
            self._kept = True  # with what the server holds for it
            self._session.leave_open()
        await self._end(self.status)

    async def settle(self) -> None:
        """Wait for the end, as long as it was to be waited for in the first place; whatever it is."""
        left = self.deadline - asyncio.get_running_loop().time()
        if left > 0 and not self.status.over:
            logger.info("closing waits for the publication of %s", self.publisher.what)
            with suppress(MstrError, TimeoutError):
                await self.wait(left)

    async def _follow(self) -> None:
        """Look until it has ended."""
        pause = FIRST_PAUSE
        try:
            while True:
                status = await self._look()
                if status.over:
                    await self.publisher.release()  # before the waiting caller goes on, and may close the session
                await self._tell(status)
                if status.over:
                    break
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 1.5)
        except Exception as error:  # noqa: BLE001 - raised again in `wait`
            self._broken = error
        await self._let_go()

    async def _look(self) -> PublicationStatus:
        """Look once; what may pass by is only told."""
        try:
            return self._blot(await self.publisher.look())
        except MstrError as error:
            blot(error, self._session.http.keys.secrets)
            if not _may_pass(error):
                return PublicationStatus("failed", f"how it ends cannot be known: {error.message}", error=error)
            logger.debug("a publication was not looked at: %s", error.label)
            return PublicationStatus("running", f"the server does not tell: {error.label}")

    def _blot(self, status: PublicationStatus) -> PublicationStatus:
        """Take secrets out of what the server says, which may quote a page with the session's token in it."""
        secrets = self._session.http.keys.secrets
        if status.error is not None:
            blot(status.error, secrets)
        message = blot_out(status.message.encode(errors="surrogatepass"), secrets)
        return replace(status, message=message.decode(errors="surrogatepass"))

    async def _tell(self, status: PublicationStatus) -> None:
        self.status = status
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _end(self, status: PublicationStatus) -> None:
        """Stop looking, and tell those who wait."""
        self.detached = not status.over
        await self._stop_looking()
        await self._tell(status)
        await self._let_go()

    async def _stop_looking(self) -> None:
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _let_go(self) -> None:
        if self in self._session.resources_of(Following):
            self._session.unregister(self)
            self._session.release()
            if not self._kept:
                await self.publisher.release()
            self._changed.set()

    def _too_late(self, seconds: float) -> TimeoutExceeded:
        return TimeoutExceeded(
            f"the publication of {self.publisher.what} did not end within {seconds:g} s; "
            f"the last that was seen of it: {self.status}.",
            hint=naming("Raise {Timeouts.publish} if the server is only slow, or wait again."),
        )

    def _failure(self) -> PublishFailed:
        status = self.status
        return PublishFailed(
            f"{self.publisher.what} was not published: {status.message or 'the server gives no reason.'}",
            hint=status.error.hint if status.error is not None else None,
        )


async def settle(session: ProjectSession, *, log_out: bool | None, interrupted: bool) -> None:
    """Deal with the publications that are under way when a session is closed; ``log_out`` is as for closing it.

    A log-out would cancel them, so they are waited for; or, where somebody ``interrupted`` the program, cancelled.
    Without a log-out they go on, as they do where only one of several connections over the session is closed.
    """
    whole = session.whole
    if isinstance(session, SharedSession) or whole.http.closed:
        return
    under_way = whole.resources_of(Following)
    if not (whole.logs_out if log_out is None else log_out):
        await asyncio.gather(*(each.detach() for each in under_way))
    elif interrupted:
        await asyncio.gather(*(each.give_up() for each in under_way))
    else:
        try:
            await asyncio.gather(*(each.settle() for each in under_way))
        except asyncio.CancelledError:
            await asyncio.gather(*(each.give_up() for each in under_way))
            raise


def _may_pass(error: MstrError) -> bool:
    """Say whether it is worth looking again after an error: the server may be away for a while."""
    if isinstance(error, SessionExpired | LoginError):
        return False
    trouble = isinstance(error, ServerError) and (infer_status(error) or 500) >= 500
    return trouble or is_transient(error) or isinstance(error, TransportError)
