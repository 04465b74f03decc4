"""A data model that is refreshed, whatever becomes of it. Wire reference, section 7.3.

An instance of the model is made, its tables are published by it, its status is asked for until it tells the end,
and it is deleted. One publication of a model goes on at a time: that of somebody else is waited for, as nobody
knows which tables it loads, and then this one begins.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import orjson

from mstr_arrow.datamodels.steps import Steps
from mstr_arrow.errors import (
    InstanceGone,
    MstrError,
    NotSupported,
    PermissionDenied,
    ServerError,
)
from mstr_arrow.http.error_map import error_for
from mstr_arrow.instances.freshness import fetch_caches
from mstr_arrow.publishing.cube_publisher import BEING_PUBLISHED, caches_before, fetch_status, read_row
from mstr_arrow.publishing.cube_rule import OLD_DATA_SECONDS, Look, Seen, proof_of
from mstr_arrow.publishing.cube_status import CubeStatus
from mstr_arrow.publishing.job_monitor import cancel_job, divide_by_user, fetch_jobs, fetch_own_names
from mstr_arrow.publishing.publication_status import PublicationStatus
from mstr_arrow.session.in_project import ProjectSession
from mstr_arrow.session.once import is_open

if TYPE_CHECKING:
    from mstr_arrow.datamodels.refresh_rule import Verdict
    from mstr_arrow.datamodels.steps import Order
    from mstr_arrow.instances.freshness import Cache

TRIES = 3
"""How often the server is asked to publish, where it certainly did not begin."""

LOOKS, LOOK_SECONDS = 3, 1.0
"""How often, and how far apart, it is looked for a publication whose answer was lost."""

_Way: TypeAlias = Literal["own", "gone", "other"]
"""How it is followed: by its instance; without one, by what the model shows; or it waits for another one's end."""


class ModelPublisher:
    """The publication of a data model; on the background loop only. Made by `start`."""

    def __init__(self, session: ProjectSession, order: Order) -> None:
        self.what = f"data model {order.name!r}"
        self.object_id = order.source.object_id
        self.job_id: int | None = None
        self.started = False
        self.waits = True
        self._order = order
        self._session = session
        self._http = session.http
        self._steps = Steps(session.http, order)
        self._way: _Way = "other"
        self._seen = Seen(None, was_ready=False)
        self._loaded_since: float | None = None
        self._renewed = False
        self._ending = False

    @classmethod
    async def start(cls, session: ProjectSession, order: Order) -> ModelPublisher:
        """Make an instance and have it publish the tables; or find that somebody else publishes the model.

        POST /api/dataModels/{id}/instances and /api/dataModels/{id}/publish. Where the answer to the latter is
        lost, the status is looked at first. The instance is deleted where this fails. Errors: those of the server.
        """
        project = await session.http.require_project()
        publisher = cls(ProjectSession(session.whole, session.http.beside(project)), order)
        try:
            if CubeStatus.PROCESSING not in await publisher._look_before():
                await publisher._begin()
        except BaseException:
            await publisher.release()
            raise
        return publisher

    # Beginning

    async def _look_before(self) -> CubeStatus:
        """Note what the model's data are before they are loaded."""
        status = await fetch_status(self._http, self.object_id)
        caches = await caches_before(self._http, self.object_id)
        self._seen = Seen(caches or None, was_ready=CubeStatus.READY in status)
        return status

    async def _begin(self) -> None:
        """Publish, by an instance that is made where there is none; one that is gone is made again."""
        for left in reversed(range(TRIES)):
            await self._steps.open()
            if self._ending:
                return
            try:
                await self._steps.publish()
            except InstanceGone:
                self._steps.instance = None  # and nothing was begun by it
                if not left:
                    raise
                continue
            except MstrError as error:
                if _is_other(error):
                    await self._wait_for_other()
                    return
                if not await self._has_begun(error, may_repeat=left > 0 and self._order.repeatable):
                    continue
            self.started, self.waits, self._way = True, False, "own"
            return

    async def _has_begun(self, error: MstrError, *, may_repeat: bool) -> bool:
        """Look whether a publication has begun whose answer was lost: at its status, then at the model's.

        Raises the error where it certainly has not, or where it must not be asked for again.
        """
        if not is_open(error):
            raise error
        for left in reversed(range(LOOKS)):
            with suppress(MstrError):
                if (await self._steps.ask()).progress != "not begun":
                    return True
                if CubeStatus.PROCESSING in await fetch_status(self._http, self.object_id):
                    return True
            if left:
                await asyncio.sleep(LOOK_SECONDS)
        if not may_repeat:
            error.add_hint(_OPEN)
            raise error
        return False

    async def _wait_for_other(self) -> None:
        """Wait for the end of another publication; the instance that has lost to it is of no more use."""
        await self._steps.close()
        self.started, self.waits, self._way = False, True, "other"

    # Looking

    async def look(self) -> PublicationStatus:
        """Ask how far it is, in the way that is left to ask."""
        if self._way == "other":
            return await self._look_at_other()
        if self._way == "gone":
            return await self._look_without_instance()
        try:
            told = await self._steps.ask()
        except (InstanceGone, PermissionDenied):
            self._way = "gone"
            return await self._look_without_instance()
        except ServerError as error:
            if not _is_other(error):
                raise
            await self._wait_for_other()
            return PublicationStatus("running", _OTHER)
        match told.progress:
            case "failed":
                return self._end_failed(told)
            case "loaded":
                return await self._prove(told.message)
            case "ended" | "untold":
                return await self._look_at_model(told)
        return PublicationStatus("running", told.message)

    async def _prove(self, message: str) -> PublicationStatus:
        """Say that all tables are loaded, which the time of the data must bear out where it is shown."""
        now, caches = time.monotonic(), await self._caches()
        if caches is None or not self._order.changes:
            return self._end_done("tables")
        if proof := proof_of(self._seen.before or (), caches, None):
            return self._end_done(proof)
        since = self._loaded_since = now if self._loaded_since is None else self._loaded_since
        if now - since < OLD_DATA_SECONDS:
            return PublicationStatus("running", f"{message}; the data are still those of before")
        return PublicationStatus("failed", f"{message}; but the data are as old as before{_WHY}")

    async def _look_at_model(self, told: Verdict) -> PublicationStatus:
        """Look at the model where the server tells no tables: at its status, its data's time, and a row of it."""
        ended = told.progress == "ended"
        seen = await self._look("completed" if ended else None)
        match seen.verdict(time.monotonic()):
            case "asks":
                return await self._read(seen.proof or ("status and instance" if ended else None))
            case "old data":
                return PublicationStatus("failed", f"it has ended by all accounts, but the data are old{_WHY}")
        return PublicationStatus("running", told.message)

    async def _look_without_instance(self) -> PublicationStatus:
        """Look at the model after the instance has gone; publish again, once, where nothing came of it."""
        self._seen = replace(self._seen, lost=True)
        seen = await self._look(None)
        if self._ending:
            return PublicationStatus("running", "it is being cancelled")
        if seen.quiet is None:
            return PublicationStatus("running", "the instance is gone, and the model is being published")
        if seen.proof is not None:
            return await self._read(seen.proof)
        untouched = seen.before is not None and seen.last.caches is not None
        if self._renewed or not (untouched or self._order.repeatable):
            why = "" if self._renewed else "; what adds rows is not repeated, for that may add them twice"
            return PublicationStatus("failed", f"its instance is gone, and the data are not known to be new{why}")
        self._renewed, self._loaded_since = True, None
        await self._steps.close()  # which the server may have told gone, and have
        await self._look_before()
        await self._begin()
        return PublicationStatus("running", "the instance was gone, and nothing had come of it: published again")

    async def _look(self, job: str | None) -> Seen:
        """Look at the status of the model and, where that tells of no publication, at its caches."""
        now = time.monotonic()
        look = Look(await fetch_status(self._http, self.object_id), job)
        if self._seen.after(look, now).quiet is not None:
            look = replace(look, caches=await self._caches())
        self._seen = self._seen.after(look, now)
        return self._seen

    async def _look_at_other(self) -> PublicationStatus:
        """Begin when the publication that was there before has ended."""
        if CubeStatus.PROCESSING in await self._look_before() or self._ending:
            return PublicationStatus("running", _OTHER)
        try:
            await self._begin()
        except MstrError as error:
            return PublicationStatus("failed", error.message, error=error)
        return PublicationStatus("running", "published now" if self.started else _OTHER)

    async def _read(self, proof: str | None) -> PublicationStatus:
        """Read a row, which tells whether there is something to read."""
        try:
            await read_row(self._session, self._order.source)
        except ServerError as error:
            if _is_other(error):
                return PublicationStatus("running", error.message)
            return PublicationStatus("failed", error.message, error=error)
        return self._end_done(proof)

    def _end_done(self, proof: str | None) -> PublicationStatus:
        self._session.instances.outdate(self._order.source.path)
        return PublicationStatus("done", proof=proof)

    def _end_failed(self, told: Verdict) -> PublicationStatus:
        """Give the error of the Intelligence Server's code, where there is one."""
        if told.code is None:
            return PublicationStatus("failed", told.message)
        body = orjson.dumps({"code": "ERR001", "iServerCode": told.code, "message": told.message})
        error = error_for(500, {}, body, method="GET", path=f"/api/{self._steps.path}/publishStatus")
        return PublicationStatus("failed", f"{told.message or 'no reason is given'} ({told.code})", error=error)

    async def _caches(self) -> tuple[Cache, ...] | None:
        """Return the caches of the model; None where they are not shown, or it had none before."""
        return None if self._seen.before is None else await fetch_caches(self._http, self.object_id)

    # Ending

    async def cancel(self) -> bool:
        """End it: cancel the job that publishes the model, where it is shown, and delete the instance.

        `look` begins nothing meanwhile, and the publication of somebody else is left alone. Errors: NotSupported
        where it goes on all the same.
        """
        self._ending = True
        if self.waits:
            return True
        with suppress(MstrError):
            jobs = await fetch_jobs(self._http, self.object_id)
            ours, _ = divide_by_user(jobs, await fetch_own_names(self._http) if jobs else set())
            for job in ours:
                await cancel_job(self._http, job.address)
        await self._steps.close()
        if CubeStatus.PROCESSING in await fetch_status(self._http, self.object_id):
            self._ending = False
            raise NotSupported(
                "the server goes on although the instance is deleted.",
                hint="Closing the connection ends what it started: the log-out cancels it.",
            )
        return True

    async def release(self) -> None:
        """Delete the instance."""
        await self._steps.close()

    def session_ended(self) -> None:
        """Note that the instance has ended with its session, and perhaps the job."""
        self._steps.instance = None
        if self._way == "own":
            self._way = "gone"


_OTHER = "somebody else publishes the model; the end of that is waited for"
_OPEN = (
    "Whether the publication has begun is not known, and it was not asked for again. Look at the data, or refresh "
    "once more: that gives the same rows, unless a table is added to."
)
_WHY = ". Usually a governor ended it without a word: the administrator finds the reason in the server's log"


def _is_other(error: MstrError) -> bool:
    return isinstance(error, ServerError) and error.iserver_code == BEING_PUBLISHED
