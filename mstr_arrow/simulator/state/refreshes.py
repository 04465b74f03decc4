"""Refreshes of data models: their instances, and their publications (Wire reference, section 7.3).

An instance without requests is dropped, while its publication goes on; deleting the instance ends the publication,
and so does the end of the session. One publication of a model goes on at a time: the server accepts a second one,
and refuses it when the client asks for its status. For one event loop at a time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mstr_arrow.simulator.responses import INSTANCE_NOT_FOUND, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.simulator.faults.effects import PublishEnd
    from mstr_arrow.simulator.model.data_models import DataModel

    from .jobs import Job

RESERVED, COMPARED, ERROR = "reserved", "schema_comparison_completed", "error"


@dataclass(slots=True, eq=False, kw_only=True)
class Refresh:
    """A publication of tables of a data model, each by its policy; it runs as long as its job does.

    ``ending`` is how a test wants it to end. ``polls`` is how often it is still to be called unfinished, however
    soon it ends. ``outcome`` is "running", "loaded", "failed" or "cancelled".
    """

    model: DataModel
    policies: Mapping[str, str]
    job: Job
    ending: PublishEnd | None = None
    polls: int = 0
    outcome: str = "running"

    @property
    def stage(self) -> str:
        """The state of its tables while it runs."""
        return RESERVED if self.job.running and self.job.elapsed < self.job.seconds / 2 else COMPARED


@dataclass(slots=True, eq=False, kw_only=True)
class ModelInstance:
    """An instance of a data model, by which it is published; ``loser`` to the publication of another one."""

    id: str
    model: DataModel
    session: str = field(repr=False)
    used: float
    refresh: Refresh | None = None
    loser: Refresh | None = None


@dataclass(slots=True)
class Refreshes:
    """The instances of data models, and all publications so far."""

    idle: float
    clock: Callable[[], float]
    loaded: Callable[[Refresh], None]
    _instances: dict[str, ModelInstance] = field(default_factory=dict)
    _following: set[asyncio.Task[None]] = field(default_factory=set)
    all: list[Refresh] = field(default_factory=list)

    @property
    def instances(self) -> list[ModelInstance]:
        """The instances that were neither deleted nor dropped; may be called from any thread."""
        now = self.clock()
        return [each for each in list(self._instances.values()) if now - each.used <= self.idle]

    def open(self, instance_id: str, model: DataModel, session: str) -> ModelInstance:
        """Make an instance."""
        made = ModelInstance(id=instance_id, model=model, session=session, used=self.clock())
        self._instances[instance_id] = made
        return made

    def find(self, instance_id: str | None, model: DataModel, session: str) -> ModelInstance:
        """Find an instance and mark it as used; raise the server's 404 where it is gone, or another session's."""
        self._instances = {each.id: each for each in self.instances}
        found = self._instances.get(instance_id or "")
        if found is None or found.model.id != model.id or found.session != session:
            raise Refusal(404, "ERR004", "(Message not found in the inbox.)", iserver_code=INSTANCE_NOT_FOUND)
        found.used = self.clock()
        return found

    def find_running(self, model_id: str) -> Refresh | None:
        """Return the publication of a model that runs, None where there is none; may be called from any thread."""
        return next((each for each in list(self.all) if each.model.id == model_id and self._runs(each)), None)

    def start(self, instance: ModelInstance, refresh: Refresh) -> None:
        """Let a publication run; where another one of the model does, the instance has lost."""
        other = self.find_running(instance.model.id)
        if other is not None:
            instance.loser = other
            refresh.job.end(Refusal(500, "ERR001", "(Lost.)"))
            return
        instance.refresh, instance.loser = refresh, None
        self.all.append(refresh)
        if refresh.job.running:
            task = asyncio.get_running_loop().create_task(self._follow(refresh))
            self._following.add(task)
            task.add_done_callback(self._following.discard)
        else:
            self._end(refresh)

    def close(self, instance: ModelInstance, cancel: Callable[[Job], None] | None) -> None:
        """Delete an instance, and end what it publishes by ``cancel``; None lets that go on."""
        self._instances.pop(instance.id, None)
        if cancel is not None and instance.refresh is not None and self._runs(instance.refresh):
            instance.refresh.outcome = "cancelled"
            cancel(instance.refresh.job)

    def log_out(self, session: str) -> None:
        """Drop the instances of a session, and end what it publishes, be its instance there still or not."""
        for each in self.all:
            if each.job.session == session and self._runs(each):
                each.outcome = "cancelled"
        self._instances = {key: each for key, each in self._instances.items() if each.session != session}

    def drop(self) -> None:
        """Drop all instances, as the server does when they were idle for too long."""
        self._instances.clear()

    @staticmethod
    def _runs(refresh: Refresh) -> bool:
        return refresh.outcome == "running"

    async def _follow(self, refresh: Refresh) -> None:
        try:
            await refresh.job.wait_for_end()
        except Refusal:
            refresh.outcome = "cancelled"
        else:
            self._end(refresh)

    def _end(self, refresh: Refresh) -> None:
        """Let a publication take effect, unless a test wants it to fail, or never to end."""
        ending = refresh.ending
        if ending is None:
            refresh.outcome = "loaded"
            self.loaded(refresh)
        elif ending.status is not None:
            refresh.outcome = "failed"
