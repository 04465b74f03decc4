"""A publication as its user holds it: waited for, cancelled, or left to itself."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING

from mstr_arrow.errors import TimeoutExceeded, UnprovenWarning, UsageError
from mstr_arrow.publishing.following import Following
from mstr_arrow.session.in_project import SharedSession
from mstr_arrow.session.session_client import Client

if TYPE_CHECKING:
    from mstr_arrow.publishing.following import OnProgress, Publisher
    from mstr_arrow.publishing.publication_status import PublicationStatus
    from mstr_arrow.session.project import Project


class Publication:
    """A publication, of this call or of somebody else; see ``Cube.refresh``.

    Its state is requested in the background until the end, and the session is kept alive meanwhile. Leaving the
    connection's context waits for the end, as a log-out would cancel the publication.
    """

    def __init__(self, client: Client, project: Project, following: Following) -> None:
        self._opened = client  # not closed as long as this is there
        self._client = Client(SharedSession.of(client.session, project))
        self._following = following

    def __repr__(self) -> str:
        return f"<Publication of {self._following.publisher.what}: {self.status}>"

    @property
    def what(self) -> str:
        """The published object, in words: ``"cube 'Sales'"``."""
        return self._following.publisher.what

    @property
    def object_id(self) -> str:
        """The id of the published object."""
        return self._following.publisher.object_id

    @property
    def job_id(self) -> int | None:
        """The number of the job; None where the server tells none."""
        return self._following.publisher.job_id

    @property
    def started(self) -> bool:
        """Whether this call started the publication, and not somebody else before."""
        return self._following.publisher.started

    @property
    def status(self) -> PublicationStatus:
        """The state at the last request; no other is sent."""
        return self._following.status

    @property
    def proof(self) -> str | None:
        """The proof that the data are new; None before the end, and where there is none."""
        return self.status.proof

    def wait(self, timeout: float | None = None, on_progress: OnProgress = None) -> PublicationStatus:
        """Wait for the end, at most ``timeout`` seconds, by default ``Timeouts.publish``; return the state.

        ``on_progress`` is called with each `PublicationStatus`. Raises PublishFailed for a failure,
        TimeoutExceeded after that time: the publication goes on then. Warns if nothing proves that the data are
        new.
        """
        if not self.status.over:
            self._client.run(self._wait(timeout, on_progress))
        return self._end()

    async def wait_async(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as its twin has it
        on_progress: OnProgress = None,
    ) -> PublicationStatus:
        """Wait for the end as `wait` does, without blocking the event loop."""
        if not self.status.over:
            await self._client.bridge(self._wait(timeout, on_progress))
        return self._end()

    def _end(self) -> PublicationStatus:
        self._following.check_done()
        return warn_of_publication(self, stacklevel=4).status

    async def _wait(self, seconds: float | None, on_progress: OnProgress) -> None:
        longest = self._client.http.settings.timeouts.publish if seconds is None else seconds
        await self._following.wait(longest, on_progress)

    def cancel(self) -> None:
        """Have the server cancel the publication, even another user's; does nothing after the end.

        Raises PermissionDenied if this login may not; closing the connection then ends a publication of its own.
        """
        if not self.status.over:
            self._client.run(self._following.cancel())

    async def cancel_async(self) -> None:
        """Cancel the publication as `cancel` does, without blocking the event loop."""
        if not self.status.over:
            await self._client.bridge(self._following.cancel())

    def detach(self) -> None:
        """Leave the publication to itself: closing the connection does not wait for the end.

        The session then stays open until its time-out, for a log-out would cancel the job. Raises UsageError for a
        data model that waits for the end of another publication: `wait` or `cancel`.
        """
        if not self.status.over:
            self._client.run(self._detach())

    async def detach_async(self) -> None:
        """Leave the publication to itself as `detach` does, without blocking the event loop."""
        if not self.status.over:
            await self._client.bridge(self._detach())

    async def _detach(self) -> None:
        if self._following.publisher.waits:
            raise UsageError(
                f"{self.what} is being published by somebody else, and this publication has not begun: left to "
                "itself, it never would.",
                hint="Wait for it, or refresh it again later.",
            )
        await self._following.detach()


def warn_of_publication(publication: Publication, *, stacklevel: int = 3) -> Publication:
    """Warn, where the caller of the caller is, of a publication that is done without a proof."""
    if publication.status.state == "done" and publication.proof is None:
        warnings.warn(f"{publication.what}: {_UNPROVEN}", UnprovenWarning, stacklevel=stacklevel)
    return publication


_UNPROVEN = (
    "its publication has ended, and it can be read, but nothing shows that the data are new. A login that may "
    "monitor caches sees their time."
)


async def publish(
    client: Client, publisher: Publisher, *, wait: bool, seconds: float | None, on_progress: OnProgress
) -> Publication:
    """Follow what a publisher has started; wait for its end, or not.

    A wait that is given up, or lasts for more than these ``seconds`` (None is ``Timeouts.publish``), cancels the
    publication, if it was started here.
    """
    longest = client.http.settings.timeouts.publish if seconds is None else seconds
    following = Following(client.session, publisher, longest)
    if wait:
        try:
            await following.wait(longest, on_progress)
        except asyncio.CancelledError:
            await following.give_up()
            raise
        except TimeoutExceeded as error:
            cancelled = await following.give_up()
            error.message += " It was cancelled." if cancelled else " It may go on until the connection is closed."
            raise
        except BaseException:
            await following.give_up()
            raise
    return Publication(client, await client.http.require_project(), following)
