"""How the simulated server is set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mstr_arrow.simulator.model.dialect import Dialect
from mstr_arrow.simulator.rules.collation import Collation
from mstr_arrow.simulator.rules.filtering import Filtering

from .workload import TimeModel

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.people import AddressDialect

    from .projects import FurtherProject

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
    are asked for by name; ``ignores_forms`` shows attributes by their own forms whatever forms a request names.
    ``report_seconds`` is how long a report is executed, or how long each is, by name; a
    change of an instance by PUT takes ``change_seconds``. Publishing a cube takes ``publication_seconds``; its
    status tells so from ``status_lag`` seconds on, and the answer names the instance that it makes where the server
    ``names_publication``. The monitor shows jobs for ``jobs_kept`` seconds after their end.
    ``respond_async`` heeds ``Prefer: respond-async``, with a
    body in the same request only if ``async_body``; ``async_polls`` is how often a report asked for so is called
    unfinished at the least. A gateway gives an answer up after ``gateway_seconds``, while the server goes on.
    Beside cubes and reports there are ``further_objects`` of all kinds, which are listed and cannot be read, and
    ``further_projects`` beside the first.
    With ``index_lags`` the search does not find what was made since the start, while folders and the metadata have
    it. ``monitors_jobs``, ``monitors_caches`` and ``views_sql`` are privileges that everybody has.
    The cluster has these ``nodes``, each with a cache of each cube; a change of one takes
    ``cache_seconds``.
    ``collation`` and ``ignore_foreign_ids`` say how conditions are read (see ``rules.filtering``).
    A dataset has one upload session at once, or with ``uploads_per="session"`` one in each log-in.
    ``adding`` is what the policy "add" does to rows whose keys are there (see ``push.policies``).
    ``column_orientation`` takes chunks by columns, too; ``max_upload_bytes`` is the largest body that
    the gateway lets through; ``keep_uploads=False`` counts pushed rows and forgets them; a publication is called
    unfinished ``publish_polls`` times, its status comes as a number or, with ``publish_status_text``, as a text;
    ``data_models`` has the endpoints of data models, ``model_parameters`` those of their parameters; to load tables
    takes ``model_seconds``; ``model_table_states`` is what a table is called then, "loaded" or "completed", or
    "none" where tables are not told, and ``model_done_status`` the number of all, 0 or 1. An instance of a model is
    dropped after ``model_instance_seconds`` without a request; deleting it ends what it publishes, unless
    ``model_delete_cancels`` is False.
    ``max_data_upload_size`` is the project's setting in bytes, which None hides. ``time`` is how long answers
    take. ``iserver_version`` decides what the server knows, too (see ``model.dialect``). ``fault_seed`` is what
    faults that come by chance are drawn from.

    ``delivery_api=1`` is a server without the second version of what sends and lists schedules; a delivery is
    called unfinished ``delivery_polls`` times, and takes ``delivery_seconds``; ``pauses_subscriptions`` is what
    servers of 2026 can; ``address_dialect`` and ``address_status`` are how addresses are written, and what answers
    a new one; without ``total_counts`` nobody is told how many users or subscriptions there are;
    ``administers=False`` shows users only what is their own.
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
    ignores_forms: bool = False
    report_seconds: float | Mapping[str, float] = 0.0
    change_seconds: float = 0.0
    publication_seconds: float = 0.0
    status_lag: float = 0.0
    names_publication: bool = True
    jobs_kept: float = 0.0
    respond_async: bool = True
    async_body: bool = False
    async_polls: int = 1
    gateway_seconds: float | None = None
    index_lags: bool = False
    monitors_jobs: bool = True
    monitors_caches: bool = True
    nodes: tuple[str, ...] = ("simulated-node",)
    cache_seconds: float = 0.0
    views_sql: bool = True
    collation: Collation = field(default_factory=Collation)
    ignore_foreign_ids: bool = False
    delivery_api: int = 2
    delivery_polls: int = 1
    delivery_seconds: float = 0.0
    pauses_subscriptions: bool = True
    address_dialect: AddressDialect = "value"
    address_status: int = 201
    total_counts: bool = True
    administers: bool = True
    uploads_per: Literal["dataset", "session"] = "dataset"
    adding: Literal["append", "ignore", "change"] = "append"
    column_orientation: bool = True
    max_upload_bytes: int | None = None
    keep_uploads: bool = True
    publish_polls: int = 2
    publish_status_text: bool = False
    data_models: bool = True
    model_parameters: bool = True
    model_seconds: float = 0.0
    model_table_states: str = "loaded"
    model_done_status: int = 0
    model_instance_seconds: float = 120.0
    model_delete_cancels: bool = True
    max_data_upload_size: int | None = None
    further_objects: int = 0
    further_projects: tuple[FurtherProject, ...] = ()
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
