"""A cube that is published anew: asked for, and looked at until it is done. Wire reference, 3.4, 7.1 and 7.2."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import (
    InstanceGone,
    MstrError,
    NotFound,
    NotSupported,
    PermissionDenied,
    ServerError,
)
from mstr_arrow.grid.grid_options import DEFAULTS
from mstr_arrow.http.retry import is_transient
from mstr_arrow.instances.execute import execute
from mstr_arrow.instances.freshness import fetch_caches
from mstr_arrow.publishing.cube_rule import Look, Seen, proof_of
from mstr_arrow.publishing.cube_status import CubeStatus
from mstr_arrow.publishing.job_monitor import (
    Job,
    cancel_job,
    divide_by_user,
    fetch_job,
    fetch_jobs,
    fetch_own_names,
)
from mstr_arrow.publishing.publication_status import PublicationStatus
from mstr_arrow.responses import fields, items, optional_text, reading, whole_number
from mstr_arrow.session.in_project import ProjectSession
from mstr_arrow.session.once import is_open

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.freshness import Cache
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.project_http import ProjectHttp

BEING_PUBLISHED = -2147072194
TRIES = 3
"""How often the server is asked to publish, where it certainly did not begin."""

LOOKS, LOOK_SECONDS = 3, 1.0
"""How often, and how far apart, it is looked for a publication whose answer was lost."""

_STATUS_HEADER = "X-MSTR-CubeStatus"
_JOB = re.compile(r"\bjob\s*(?:number|id|no\.?)?\s*[:#]?\s*(\d+)", re.IGNORECASE)


async def fetch_status(http: ProjectHttp, cube_id: str) -> CubeStatus:
    """Return the status of a cube. HEAD /api/cubes/{id}; GET /api/cubes?id= where nothing comes of that."""
    try:
        response = await http.request("HEAD", f"cubes/{cube_id}")
        told = whole_number(response.headers.get(_STATUS_HEADER))
    except NotFound:
        told = None
    if told is not None:
        return CubeStatus(told)
    return await http.read("GET", "cubes", _read_status, params={"id": cube_id})


def _read_status(response: Response) -> CubeStatus:
    body = response.json()
    with reading(body, "an information about a cube"):
        info = items(body["cubesInfos"] if isinstance(body, dict) else body)[0]
        return CubeStatus(whole_number(info.get("status")) or 0)


class CubePublisher:
    """The publication of a cube; on the background loop only. Made by `start`."""

    def __init__(self, session: ProjectSession, source: Source, name: str, before: Seen) -> None:
        self.what = f"cube {name!r}"
        self.object_id = source.object_id
        self.job_id: int | None = None
        self.started = True
        self.waits = False
        self._session = session
        self._http = session.http
        self._source = source
        self._seen = before
        self._address: str | None = None
        self._instance: str | None = None
        self._monitored = True

    @classmethod
    async def start(cls, session: ProjectSession, source: Source, name: str) -> CubePublisher:
        """Ask the server to publish a cube, or find that it does so already. POST /api/v2/cubes/{id}.

        Where the answer is lost it is looked first whether the publication has begun: it is asked for again only
        where it certainly has not. Errors: those of the server.
        """
        project = await session.http.require_project()
        own = ProjectSession(session.whole, session.http.beside(project))
        status, caches = await asyncio.gather(
            fetch_status(own.http, source.object_id), caches_before(own.http, source.object_id)
        )
        publisher = cls(own, source, name, Seen(caches, was_ready=CubeStatus.READY in status))
        await publisher._begin()
        return publisher

    async def _begin(self) -> None:
        for left in reversed(range(TRIES)):
            try:
                await self._http.read("POST", f"v2/cubes/{self.object_id}", self._take, wait="execute")
            except MstrError as error:
                if isinstance(error, ServerError) and error.iserver_code == BEING_PUBLISHED:
                    self.started = left < TRIES - 1  # by the request whose answer was lost, unless a job says whose
                    await self._take_other(error)
                    break
                if not _may_have_begun(error):
                    raise
                begun = await self._has_begun()
                if begun:
                    break
                if begun is None or not left:
                    error.add_hint(_OPEN)
                    raise
            else:
                break
        self._seen = replace(self._seen, job=None if self.job_id is None else str(self.job_id))

    def _take(self, response: Response) -> None:
        """Read the answer to a request to publish: which job does it, and as which instance."""
        if not response.body.strip():
            return  # older servers say nothing
        body = response.json()
        with reading(body, "an answer to a request to publish"):
            told = fields(body)
            if _OF_START.isdisjoint(told):
                raise KeyError("jobId")
            self._address = optional_text(told, "id")
            self.job_id = whole_number(told.get("jobId"))
            if self.job_id is None:
                self.job_id = whole_number((self._address or "").partition(":")[0])
            self._instance = optional_text(told, "instanceId")

    async def _take_other(self, error: ServerError) -> None:
        """Follow the publication that is under way, by the job that the refusal names or the monitor lists."""
        found = _JOB.search(error.message)
        if found is not None:
            self.job_id, self._address = int(found[1]), found[1]
        else:
            self._take_job(*await self._jobs())

    def _take_job(self, ours: Sequence[Job], others: Sequence[Job]) -> bool:
        """Follow a job that may be this user's, else one of somebody else, who has then started it."""
        for job in (*ours, *others)[:1]:
            self.job_id, self._address = job.number, job.address
            self.started = self.started and bool(ours)
        return self._address is not None

    async def _has_begun(self) -> bool | None:
        """Look whether a publication has begun whose answer was lost; None where that is not shown.

        One that is under way the server does not start twice; so what counts is whether one may have ended already,
        which only the caches tell. What is certainly somebody else's is followed, as if it were refused.
        """
        shown = False
        for left in reversed(range(LOOKS)):
            try:
                status, jobs, caches = await asyncio.gather(
                    fetch_status(self._http, self.object_id), self._jobs(), self._caches()
                )
            except MstrError:
                pass
            else:
                ours, others = jobs
                processing = CubeStatus.PROCESSING in status
                if self._take_job(ours, others if processing else ()):
                    return True
                if processing or (caches and proof_of(self._seen.before or (), caches, None)):
                    return True
                shown = caches is not None
            if left:
                await asyncio.sleep(LOOK_SECONDS)
        return False if shown else None

    # Looking

    async def look(self) -> PublicationStatus:
        """Ask for the status, the job, and where both tell of no publication for the caches, then for a row."""
        now = time.monotonic()
        status, job = await asyncio.gather(fetch_status(self._http, self.object_id), self._job())
        look = Look(status, None if job is None else job.status)
        if self._seen.after(look, now).quiet is not None:
            look = replace(look, caches=await self._caches())
        seen = self._seen = self._seen.after(look, now)
        message = job.message if job is not None else ""
        match seen.verdict(now):
            case "failed":
                return PublicationStatus("failed", message, error=await self._refusal())
            case "cancelled":
                return PublicationStatus("cancelled", message or "the job was stopped")
            case "asks":
                return await self._ask_instance()
            case "old data":
                return PublicationStatus("failed", _old_data(seen))
        if seen.ended and self._instance is not None and (error := await self._refusal()) is not None:
            return PublicationStatus("failed", error.message, error=error)
        return PublicationStatus("running", _describe_wait(seen, status))

    async def _ask_instance(self) -> PublicationStatus:
        """Make an instance, which tells whether there is something to read."""
        proof = self._seen.proof
        try:
            own = await self._probe()
        except ServerError as error:
            if error.iserver_code in _BUSY or (is_transient(error) and error.iserver_code is not None):
                self._seen = replace(self._seen, processing=True, quiet=None)
                return PublicationStatus("running", error.message)
            if isinstance(error, PermissionDenied):
                own = False
                proof = proof if proof != "status and instance" else None
            else:
                return PublicationStatus("failed", error.message, error=error)
        self._session.instances.outdate(self._source.path)
        return PublicationStatus("done", proof=proof or ("instance of the publication" if own else None))

    async def _refusal(self) -> MstrError | None:
        """Return why the publication failed, which its instance tells; None where there is none, or it is fine."""
        if self._instance is None:
            return None
        try:
            await self._probe()
        except ServerError as error:
            return error
        self._instance = None
        return None

    async def _probe(self) -> bool:
        """Ask for a row, of the instance that the publication made, or else of a new one; tell which it was."""
        if self._instance is not None:
            try:
                await read_row(self._session, replace(self._source, given=self._instance))
            except InstanceGone:
                self._instance = None
            else:
                return True
        await read_row(self._session, self._source)
        return False

    async def _job(self) -> Job | None:
        """Return the job as the monitor has it, without a status where it has none; None where it is not shown."""
        if self._address is None or not self._monitored:
            return None
        try:
            return await fetch_job(self._http, self._address)
        except PermissionDenied:
            self._monitored = False
            return None

    async def _jobs(self) -> tuple[list[Job], list[Job]]:
        """Return the jobs of the cube: those that may be this user's, and the others; none where none are shown."""
        try:
            jobs = await fetch_jobs(self._http, self.object_id)
        except MstrError:
            jobs = []
        return divide_by_user(jobs, await fetch_own_names(self._http) if jobs else set())

    async def _caches(self) -> tuple[Cache, ...] | None:
        """Return the caches of the cube; None where they are not shown. Errors: those that may pass by."""
        if self._seen.before is None:
            return None
        return await fetch_caches(self._http, self.object_id, partial=True)

    # Ending

    async def cancel(self) -> bool:
        """Cancel the job; False where it is over. DELETE /api/v2/monitors/jobs/{id}."""
        if self._address is None:
            ours, others = await self._jobs()
            self._take_job(ours, () if self.started else others)
        if self._address is None:
            raise NotSupported("the server does not say which job publishes it.", hint=_LOG_OUT)
        try:
            return await cancel_job(self._http, self._address)
        except PermissionDenied as error:
            error.hint = _LOG_OUT if self.started else "Ask the user who started it, or an administrator."
            raise

    async def release(self) -> None:
        """Give back nothing: the instances go with the session."""

    def session_ended(self) -> None:
        """Note that the job's session has ended, and with it the instance, and perhaps the job."""
        self._instance = None
        self._seen = replace(self._seen, lost=True)


_BUSY = {BEING_PUBLISHED, -2147072538}
_OWN_TIME_OUT = -2147206497
_OF_START = {"id", "jobId", "instanceId"}
_LOG_OUT = "Closing the connection ends what it started: the log-out cancels it."
_OPEN = "Whether the publication has begun is not known. To refresh it again does no harm but to the server."


async def read_row(session: ProjectSession, source: Source) -> None:
    """Read a row of an instance, which tells whether there is something to read. Errors: those of the server."""
    place = await session.instances.spend(session.http, source.path)
    try:
        await execute(session, source, 1, DEFAULTS, lambda _: None, place=place)
    finally:
        place.release()


async def caches_before(http: ProjectHttp, cube_id: str) -> tuple[Cache, ...] | None:
    """Return the caches that a cube has; None where they are not shown, for whatever reason."""
    try:
        return await fetch_caches(http, cube_id, partial=True)
    except MstrError:
        return None


def _may_have_begun(error: MstrError) -> bool:
    """Say whether the server may have begun although no answer tells so."""
    return is_open(error) or (isinstance(error, ServerError) and error.iserver_code == _OWN_TIME_OUT)


def _old_data(seen: Seen) -> str:
    """Say that a publication has ended and changed nothing, and what that usually means."""
    moments = sorted({cache.moment for cache in seen.before or () if cache.moment})
    data = f"those of {', '.join(moments)}, as before" if moments else "not there"
    if seen.lost:
        return f"the session that it ran in has ended, which cancels it, and the data are {data}."
    return (
        f"it has ended by all accounts, but the data are {data}. Usually a governor ended it without a word, such "
        "as the number of rows that the project allows a result: the administrator finds the reason in the "
        "server's log."
    )


def _describe_wait(seen: Seen, status: CubeStatus) -> str:
    """Say in words what is waited for."""
    if CubeStatus.PROCESSING in status:
        return "the cube is being published"
    if seen.last.job:
        return f"the job is {seen.last.job.replace('_', ' ')}"
    return "the data are still those of before" if seen.last.caches is not None else "nothing is seen of it yet"
