"""The state of the simulated server, shared by all handlers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mstr_arrow.simulator.faults.plan import FaultPlan
from mstr_arrow.simulator.model.catalogue import Catalogue
from mstr_arrow.simulator.model.cubes import Cube, object_id
from mstr_arrow.simulator.model.encoded_cube import EncodedCube
from mstr_arrow.simulator.push.datasets import Datasets
from mstr_arrow.simulator.rules.page_by import PageSet, deal_page_set
from mstr_arrow.simulator.samples.project import sample_cubes, sample_reports
from mstr_arrow.simulator.samples.sample_data_models import data_models
from mstr_arrow.simulator.samples.sample_entries import sample_entries

from .caches import Caches
from .instances import Instance
from .jobs import Jobs
from .page_cache import PageCache
from .projects import Projects
from .publications import Publications
from .refreshes import Refreshes
from .sessions import Session, Sessions
from .subscription_store import Subscriptions
from .tokens import Tokens
from .user_directory import People
from .workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from mstr_arrow.simulator.model.reports import Report
    from mstr_arrow.simulator.settings.server_settings import ServerSettings

    from .refreshes import Refresh


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request that the server has responded to.

    ``path`` is without the context path; names of headers are in lower case. ``size`` is the length of the body in
    bytes; ``body`` is kept up to a mebibyte, and empty beyond. The response had ``answer_rows`` rows of data and a
    body of ``answer_bytes`` bytes, sent as ``wire_bytes`` bytes, which are fewer after compression.
    """

    method: str
    path: str
    query: dict[str, str]
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    size: int = 0
    answer_rows: int = 0
    answer_bytes: int = 0
    wire_bytes: int = 0


class IServer:
    """The server's state, used by the event loop's thread alone unless a method says otherwise."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        encoded: Sequence[EncodedCube] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        cubes: list[Cube | EncodedCube] = [*sample_cubes(settings.rows, settings.seed), *encoded]
        reports = sample_reports(settings.rows, settings.seed)
        self.catalogue = Catalogue(settings.project, cubes, reports, data_models())
        self.catalogue.add(sample_entries(settings.further_objects))
        self.projects = Projects(self.catalogue, settings.further_projects)
        self.sessions = Sessions(
            timeout=settings.session_timeout,
            max_per_user=settings.max_sessions_per_user,
            balancer=settings.balancer_cookie,
            clock=clock,
            seed=settings.seed,
            servlet_timeout=settings.servlet_timeout,
        )
        self.tokens = Tokens(self.sessions)
        self.datasets = Datasets(self.catalogue, overwrites=settings.dialect.overwrites, seed=settings.seed)
        self.people = People(settings.username)
        self.subscriptions = Subscriptions(self.catalogue, self.people, settings.username, clock)
        self.chunks_received: list[tuple[str, str, int, int, int]] = []
        self.jobs = Jobs(settings.jobs_kept)
        self.caches = Caches(self.catalogue, settings.nodes)
        self.publications = Publications(self.catalogue, self.jobs, settings, self._note_publication)
        self.refreshes = Refreshes(settings.model_instance_seconds, clock, self._load)
        self._loads: dict[str, int] = {}
        self.faults = FaultPlan(settings.fault_seed)
        self.workload = Workload(settings.time, seed=settings.fault_seed)
        self.requests: list[RecordedRequest] = []
        self.arrived = 0
        self.instances_created = 0
        self._named = 0
        self.pages = PageCache(settings.page_cache_bytes)
        self._bounds: dict[str, pl.DataFrame] = {}

    def create_instance(self, base: Cube | EncodedCube | Report) -> Instance:
        """Name a new instance."""
        self._named += 1
        if isinstance(base, EncodedCube):
            return Instance(id=base.instance_id, base=base, source=base)
        instance_id = object_id("instance", str(self.settings.seed), str(self._named))
        return Instance(id=instance_id, base=base, source=base)

    def keep(self, instance: Instance, session: Session) -> None:
        """Count a new instance and give it to a session."""
        self.instances_created += 1
        session.add(instance)

    def pages_of(self, report: Report) -> PageSet:
        """Deal a report out to its pages, once where it is as the catalogue has it; any thread."""
        return deal_page_set(report) if self.catalogue.reports[report.id] is report else PageSet(report)

    def republish(self, name: str, *, rows: int | None, seed: int | None, moved: bool) -> None:
        """Publish a cube anew: with other data, where another number of rows, another seed or order is given."""
        cube_id = self.catalogue.names()[name]
        self.publications.change(cube_id, rows=rows, seed=seed, moved=moved)
        self.publications.take_effect(cube_id)

    def _note_publication(self, cube_id: str) -> None:
        self._bounds.pop(cube_id, None)
        self.caches.note_publication(cube_id)

    def _load(self, refresh: Refresh) -> None:
        """Load tables of a data model: its cube is published anew, with the data that they make."""
        for table, policy in refresh.policies.items():
            if policy not in {"ignore", "reserved"}:
                self._loads[table] = self._loads.get(table, 0) + 1
        cube = refresh.model.made(self._loads)
        old = self.catalogue.cubes[cube.id]
        self._bounds.pop(cube.id, None)
        edition = old.edition if isinstance(old, Cube) else 0
        self.catalogue.cubes[cube.id] = replace(cube, published=True, edition=edition + 1)

    def logout(self, session: Session) -> None:
        """End a session with its instances and jobs, and all that share it, or all of its user."""
        sessions = self.sessions
        ended = (
            sessions.of_user(session.user) if self.settings.logout_ends_all else sessions.delegation_group(session)
        )
        for each in ended:
            self.jobs.cancel_all(each.token)
            self.refreshes.log_out(each.token)
            sessions.logout(each)

    def bounds(self, source: Cube | Report) -> pl.DataFrame:
        """Give the bounds of a cube's or report's metrics, computed once for each; any thread."""
        if source.extremes is not None:
            return source.extremes
        if source.id not in self._bounds:
            whole = self.catalogue.reports.get(source.id) or self.catalogue.cubes[source.id]
            self._bounds[source.id] = source.bounds() if isinstance(whole, EncodedCube) else whole.bounds()
        return self._bounds[source.id]
