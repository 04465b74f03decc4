"""What the simulated server knows and is set to: the state that its handlers share."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.faults.plan import FaultPlan
from mstr_arrow.simulator.model.catalogue import Catalogue
from mstr_arrow.simulator.model.cubes import Cube, object_id
from mstr_arrow.simulator.model.dialect import Dialect
from mstr_arrow.simulator.model.encoded_cube import EncodedCube
from mstr_arrow.simulator.push.datasets import Datasets
from mstr_arrow.simulator.rules.collation import Collation
from mstr_arrow.simulator.rules.filtering import Filtering
from mstr_arrow.simulator.rules.page_by import PageSet
from mstr_arrow.simulator.samples.layouts import sample_reports
from mstr_arrow.simulator.samples.page_by_reports import paged_reports
from mstr_arrow.simulator.samples.project import sample_cubes
from mstr_arrow.simulator.samples.prompted_reports import prompted_reports

from .instances import Instance
from .jobs import Jobs
from .sessions import Session, Sessions
from .tokens import Tokens
from .workload import TimeModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from mstr_arrow.simulator.model.reports import Report

CONTEXT = "/MicroStrategyLibrary"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How the server is set up.

    ``rows`` of the Sales Cube; ``seed`` of all data and tokens; ``gzip`` answers compressed to whoever
    accepts it, ``chunked`` without ``Content-Length``; ``cells_per_page`` the governor that shortens pages,
    in cells; ``shuffle_keys`` gives JSON objects another order of members in every page;
    ``session_timeout`` in seconds; after ``servlet_timeout`` idle seconds the REST server has forgotten a session
    that the Intelligence Server still keeps; ``logout_ends_all`` has a log-out end all sessions of its user, as it
    is documented; ``working_set`` the instances of a session when log-in names no number;
    ``balancer_cookie`` demands a load balancer's cookie back byte for byte; ``encode_once`` keeps rendered
    pages, ``page_cache_bytes`` of them at most; ``uncrosstab`` makes a table of a cross-tab whose objects
    are asked for by name. ``report_seconds`` is how long a report is executed, or how long each is, by name; a
    change of an instance by PUT takes ``change_seconds``. ``respond_async`` heeds ``Prefer: respond-async``, with a
    body in the same request only if ``async_body``; ``async_polls`` is how often a report asked for so is called
    unfinished at the least. A gateway gives an answer up after ``gateway_seconds``, while the server goes on.
    With ``index_lags`` the search does not find what was made since the start, while folders and the metadata have
    it. ``monitors_jobs``, ``monitors_caches`` and ``views_sql`` are privileges that everybody has.
    ``collation`` and ``ignore_foreign_ids`` say how conditions are read (see ``filtering``).
    ``column_orientation`` takes chunks by columns, too; ``max_upload_bytes`` is the largest body that
    the gateway lets through; ``keep_uploads=False`` counts pushed rows and forgets them; a publication is called
    unfinished ``publish_polls`` times, its status comes as text or, without ``publish_status_text``, as a number;
    ``max_data_upload_size`` is the project's setting in bytes, which None hides. ``time`` is how long answers
    take. ``iserver_version`` decides what the server knows, too (see ``dialect``). ``fault_seed`` is what
    faults that come by chance are drawn from.
    """

    rows: int = 1_000_000
    seed: int = 0
    gzip: bool = True
    chunked: bool = False
    cells_per_page: int | None = None
    shuffle_keys: bool = False
    session_timeout: float = 1800
    servlet_timeout: float | None = None
    logout_ends_all: bool = False
    max_sessions_per_user: int = 20
    working_set: int = 10
    balancer_cookie: bool = True
    encode_once: bool = False
    page_cache_bytes: int = 512 * 2**20
    uncrosstab: bool = True
    report_seconds: float | Mapping[str, float] = 0.0
    change_seconds: float = 0.0
    respond_async: bool = True
    async_body: bool = False
    async_polls: int = 1
    gateway_seconds: float | None = None
    index_lags: bool = False
    monitors_jobs: bool = True
    monitors_caches: bool = True
    views_sql: bool = True
    collation: Collation = field(default_factory=Collation)
    ignore_foreign_ids: bool = False
    column_orientation: bool = True
    max_upload_bytes: int | None = None
    keep_uploads: bool = True
    publish_polls: int = 2
    publish_status_text: bool = True
    max_data_upload_size: int | None = None
    time: TimeModel = field(default_factory=TimeModel)
    fault_seed: int = 0
    username: str = "demo"
    password: str = field(default="demo", repr=False)
    project: str = "Simulated Retail"
    iserver_version: str = "11.5.0900.00123"
    web_version: str = "11.5.0900.00123J"

    @property
    def dialect(self) -> Dialect:
        """What the version that the server reports knows."""
        return Dialect.of(self.iserver_version)

    def seconds_of(self, report: str) -> float:
        """Give the time that the execution of the report of this name takes."""
        seconds = self.report_seconds
        return seconds.get(report, 0.0) if isinstance(seconds, Mapping) else seconds

    @property
    def filtering(self) -> Filtering:
        """How conditions are read."""
        return Filtering(collation=self.collation, ignore_foreign_ids=self.ignore_foreign_ids)

    @property
    def api_token(self) -> str:
        """The token that log-in mode 4096 accepts in place of name and password."""
        return f"{self.username}-api-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request that was answered.

    ``path`` is without the context path, header names are in lower case. ``size`` is the length of the body, which
    is kept only up to a mebibyte. The answer has ``answer_rows`` rows of data, and a body of ``answer_bytes``
    that is sent as ``wire_bytes``: fewer where it is compressed.
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
    """The server's state; used by one thread, its event loop's, where nothing else is said."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        encoded: Sequence[EncodedCube] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        cubes: list[Cube | EncodedCube] = [*sample_cubes(settings.rows, settings.seed), *encoded]
        reports = [*sample_reports(settings.rows, settings.seed), *prompted_reports(), *paged_reports()]
        self.catalogue = Catalogue(settings.project, cubes, reports)
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
        self.chunks_received: list[tuple[str, str, int, int, int]] = []
        self.jobs = Jobs()
        self.faults = FaultPlan(settings.fault_seed)
        self.requests: list[RecordedRequest] = []
        self.arrived = 0
        self.instances_created = 0
        self._named = 0
        self.pages = PageCache(settings.page_cache_bytes)
        self._bounds: dict[str, pl.DataFrame] = {}
        self._page_sets: dict[str, PageSet] = {}

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
        if self.catalogue.reports[report.id] is not report:
            return PageSet(report)
        if report.id not in self._page_sets:
            self._page_sets[report.id] = PageSet(report)
        return self._page_sets[report.id]

    def republish(self, name: str, *, rows: int | None, seed: int | None) -> None:
        """Publish a cube anew: with other data, where another number of rows or another seed is given."""
        catalogue, settings = self.catalogue, self.settings
        cube_id = catalogue.names()[name]
        old = catalogue.cubes[cube_id]
        if not isinstance(old, Cube):
            raise KeyError(f"{name} is encoded: its pages are what they are")
        new = old
        if rows is not None or seed is not None:
            rows, seed = settings.rows if rows is None else rows, settings.seed if seed is None else seed
            new = next(cube for cube in sample_cubes(rows, seed) if cube.id == cube_id)
        self._bounds.pop(cube_id, None)
        catalogue.cubes[cube_id] = replace(new, edition=old.edition + 1)

    def logout(self, session: Session) -> None:
        """End a session with its instances and jobs, and all that share it, or all of its user."""
        sessions = self.sessions
        ended = sessions.of_user(session.user) if self.settings.logout_ends_all else sessions.sharing(session)
        for each in ended:
            self.jobs.cancel_all(each.token)
            sessions.logout(each)

    def bounds(self, source: Cube | Report) -> pl.DataFrame:
        """Give the bounds of a cube's or report's metrics, computed once for each; any thread."""
        if source.extremes is not None:
            return source.extremes
        if source.id not in self._bounds:
            whole = self.catalogue.reports.get(source.id) or self.catalogue.cubes[source.id]
            self._bounds[source.id] = source.bounds() if isinstance(whole, EncodedCube) else whole.bounds()
        return self._bounds[source.id]


class PageCache:
    """Rendered pages, the oldest of which go when they pass a number of bytes; any thread."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._bytes = 0
        self._pages: OrderedDict[Any, bytes] = OrderedDict()

    def get(self, key: Any) -> bytes | None:
        """Give a page, None where it is not kept."""
        return self._pages.get(key)

    def put(self, key: Any, page: bytes) -> None:
        """Keep a page."""
        with self._lock:
            self._bytes += len(page) - len(self._pages.pop(key, b""))
            self._pages[key] = page
            while self._bytes > self._limit:
                self._bytes -= len(self._pages.popitem(last=False)[1])
