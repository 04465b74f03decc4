"""Jobs: executions of reports and publications of cubes, each for the seconds that the settings give.

A job runs on the event loop's clock: a client that goes away, or a gateway that gives up, does not end the job.
Finished jobs are forgotten at once, as by a real server's monitor (Wire reference, section 7.2), or after the
setting's seconds.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mstr_arrow.simulator.responses import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

READY, PROMPT, ERROR, RUNNING = 1, 2, 3, 4
_STAGES = ((0.05, 8), (0.15, 5), (0.8, 6), (0.95, 7), (1.0, 17))
"""Up to which share of its time a job is called what: in resolution, SQL engine, query engine, analysis, output."""


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """An execution that takes ``seconds`` and ends as ``failure`` says, None with success.

    ``session`` is the token of the session that it runs for, and ends with. ``failed_status`` is what the
    instance's status is called after a failure: 3 or 18. It ``publishes`` a cube, or else executes an object.
    """

    number: int
    session: str = field(repr=False)
    user: str
    object_id: str
    object_name: str
    seconds: float
    failure: Refusal | None = None
    failed_status: int = ERROR
    publishes: bool = False
    began: float
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def running(self) -> bool:
        """Tell whether it has not ended yet."""
        return not self._ended.is_set()

    @property
    def elapsed(self) -> float:
        """The seconds since it began."""
        return asyncio.get_running_loop().time() - self.began

    @property
    def remaining(self) -> float:
        """The seconds until it ends."""
        return max(0.0, self.seconds - self.elapsed) if self.running else 0.0

    @property
    def status(self) -> int:
        """The status by ``EnumDSSXMLStatus``."""
        if not self.running:
            return READY if self.failure is None else self.failed_status
        share = self.elapsed / self.seconds if self.seconds else 0.0
        return next((status for end, status in _STAGES if share < end), _STAGES[-1][1])

    async def wait_for_end(self) -> None:
        """Wait for the end; raise the failure, where it is one."""
        await self._ended.wait()
        if self.failure is not None:
            raise self.failure

    def end(self, failure: Refusal | None) -> None:
        """End it, unless it has ended."""
        if self.running:
            self.failure = failure
            self._ended.set()


@dataclass(slots=True)
class Jobs:
    """The jobs that are running; used by one event loop. Those that ended are ``kept`` for so many seconds."""

    kept: float = 0.0
    started: int = 0
    ended: list[Job] = field(default_factory=list)
    _running: dict[int, Job] = field(default_factory=dict)
    _timers: dict[int, asyncio.TimerHandle] = field(default_factory=dict)
    _ends: dict[int, Callable[[], object]] = field(default_factory=dict)

    def start(
        self,
        found: tuple[str, str],
        *,
        session: str,
        user: str,
        seconds: float,
        failure: Refusal | None = None,
        failed_status: int = ERROR,
        publishes: bool = False,
        done: Callable[[Job], object] = lambda _: None,
    ) -> Job:
        """Start a job on the object with this id and name; one that takes no time has ended already.

        ``done`` is called when it ends well.
        """
        self.started += 1
        loop = asyncio.get_running_loop()
        job = Job(
            number=self.started,
            session=session,
            user=user,
            object_id=found[0],
            object_name=found[1],
            seconds=seconds,
            failed_status=failed_status,
            publishes=publishes,
            began=loop.time(),
        )

        def end() -> None:
            if failure is None:
                done(job)
            self._end(job, failure)

        if seconds > 0:
            self._running[job.number] = job
            self._ends[job.number] = end
            self._timers[job.number] = loop.call_later(seconds, end)
        else:
            end()
        return job

    @property
    def running(self) -> Mapping[int, Job]:
        """The running jobs by number."""
        return self._running

    def finish(self) -> None:
        """End all jobs as they would have ended when their time was over."""
        for end in list(self._ends.values()):
            end()

    def cancel(self, job: Job) -> None:
        """Stop a job; those who wait for it are told."""
        self._end(job, cancellation_error())

    def cancel_all(self, session: str) -> None:
        """Stop the jobs of the session that has this token."""
        for job in [job for job in self._running.values() if job.session == session]:
            self.cancel(job)

    def _end(self, job: Job, failure: Refusal | None) -> None:
        self._running.pop(job.number, None)
        self._ends.pop(job.number, None)
        timer = self._timers.pop(job.number, None)
        if timer is not None:
            timer.cancel()
        if job.running and self.kept:
            self.ended.append(job)
            asyncio.get_running_loop().call_later(self.kept, self.ended.remove, job)
        job.end(failure)


def cancellation_error() -> Refusal:
    """Give the error of an instance whose job was stopped."""
    return Refusal(500, "ERR001", "(Job canceled by user request.)")
