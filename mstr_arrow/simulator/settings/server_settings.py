"""All settings of the simulated server, by subject. `assignments` reads a setting from a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from mstr_arrow.simulator.model.dialect import Dialect
from mstr_arrow.simulator.model.people import AddressDialect  # noqa: TC001 - `assignments` looks the types up
from mstr_arrow.simulator.push.policies import Adding  # noqa: TC001 - as above
from mstr_arrow.simulator.rules.collation import Collation
from mstr_arrow.simulator.rules.filtering import Filtering

from .time_model import TimeModel

CONTEXT = "/MicroStrategyLibrary"


@dataclass(frozen=True, kw_only=True)
class FurtherProject:
    """A project beside the first: small cubes with the ids of those in the first project, and two dashboards."""

    name: str
    """Name of the project."""

    objects: int = 0
    """Objects beside the cubes and dashboards, which are listed and cannot be read."""

    loaded: bool = True
    """Whether the project answers requests."""

    open: bool = True
    """Whether the user may enter; a closed project is listed, too."""


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Data and catalogue."""

    rows: int = 1_000_000
    """Rows of the Sales Cube."""

    seed: int = 0
    """Seed of all data and tokens: the same seed, the same rows."""

    project: str = "Simulated Retail"
    """Name of the first project, which has every cube and report."""

    further_objects: int = 0
    """Objects of all kinds that are listed and cannot be read."""

    further_projects: tuple[FurtherProject, ...] = ()
    """Projects beside the first."""

    index_lags: bool = False
    """The search index lacks objects made since the start, while folders and the metadata have them."""


@dataclass(frozen=True, kw_only=True)
class VersionSettings:
    """Versions and privileges."""

    iserver_version: str = "11.5.0900.00123"
    """Version that the server reports, and behaves by; 11.1.0400.00123 is an old server."""

    web_version: str = "11.5.0900.00123J"
    """Version of the REST server that the status reports."""

    monitors_jobs: bool = True
    """Every user may list jobs and cancel the user's own."""

    monitors_caches: bool = True
    """Every user may list caches and change them."""

    views_sql: bool = True
    """Every user may see the SQL of an object."""

    max_data_upload_size: int | None = None
    """Bytes of the project setting maxDataUploadSize; null hides the setting."""


@dataclass(frozen=True, kw_only=True)
class SessionSettings:
    """Log-in and sessions."""

    username: str = "demo"
    """Name to log in with."""

    password: str = field(default="demo", repr=False)
    """Password to log in with."""

    session_timeout: float = 1800
    """Idle seconds that end a session."""

    servlet_timeout: float | None = None
    """Idle seconds after which the REST server forgets a session that the I-Server keeps; null: never."""

    max_sessions_per_user: int = 20
    """Sessions that a user may have in a project."""

    logout_ends_all: bool = False
    """A log-out ends all sessions of the user, as documented, and not one session alone."""

    balancer_cookie: bool = True
    """The server demands the load balancer's cookie back, byte for byte."""

    working_set: int = 10
    """Instances that a session keeps, where the log-in names no number."""


@dataclass(frozen=True, kw_only=True)
class ResponseSettings:
    """Responses and pages."""

    gzip: bool = True
    """Responses are compressed for clients that accept gzip."""

    chunked: bool = False
    """Responses come without Content-Length."""

    shuffle_keys: bool = False
    """JSON objects have another order of members in every page."""

    cells_per_page: int | None = None
    """Cells that a page has at most; longer pages are cut short. null: any."""

    encode_once: bool = False
    """Rendered pages are kept, so that sending a page again costs next to nothing."""

    page_cache_bytes: int = 512 * 2**20
    """Bytes of rendered pages that are kept at most."""

    uncrosstab: bool = True
    """A cross-tab whose objects are requested by name comes as a table."""

    ignores_forms: bool = False
    """Attributes come in their own forms, whatever forms a request names."""

    collation: Collation = field(default_factory=Collation)
    """How texts and nulls are compared."""

    ignore_foreign_ids: bool = False
    """A condition on a well-formed id of no column is left out; otherwise it is refused."""


@dataclass(frozen=True, kw_only=True)
class ExecutionSettings:
    """Executions and the gateway."""

    report_seconds: float | Mapping[str, float] = 0.0
    """Seconds that the execution of a report takes: one number, or numbers by the report's name."""

    change_seconds: float = 0.0
    """Seconds that a change of an instance by PUT takes."""

    respond_async: bool = True
    """``Prefer: respond-async`` is heeded."""

    async_body: bool = False
    """``Prefer: respond-async`` may come with a body; otherwise the two together are refused."""

    async_polls: int = 1
    """Times that the server calls a report requested with ``respond-async`` unfinished, at least."""

    gateway_seconds: float | None = None
    """Seconds after which a gateway gives up with a 504, while the server goes on; null: never."""

    jobs_kept: float = 0.0
    """Seconds that the monitor shows a job after the job's end."""

    time: TimeModel = field(default_factory=TimeModel)
    """How long responses take, and how many requests are served at once."""

    fault_seed: int = 0
    """Seed of faults with a ``chance``."""


@dataclass(frozen=True, kw_only=True)
class PublicationSettings:
    """Publications and caches of cubes."""

    publication_seconds: float = 0.0
    """Seconds that the publication of a cube takes."""

    status_lag: float = 0.0
    """Seconds from the start of a publication until the cube's status shows it."""

    names_publication: bool = True
    """The response to a publication names the instance of the publication."""

    nodes: tuple[str, ...] = ("simulated-node",)
    """Nodes of the cluster, each with a cache of each cube."""

    cache_seconds: float = 0.0
    """Seconds that the change of a cache takes."""


@dataclass(frozen=True, kw_only=True)
class UploadSettings:
    """Uploads."""

    uploads_per: Literal["dataset", "session"] = "dataset"
    """One upload session at once for each dataset, or for each log-in."""

    adding: Adding = "append"
    """The effect of the policy "add" on a row whose key exists: a further row, none, or an update."""

    column_orientation: bool = True
    """The server takes chunks by columns, too."""

    max_upload_bytes: int | None = None
    """Bytes of the largest body that the gateway lets through; null: any."""

    keep_uploads: bool = True
    """Pushed rows are kept; otherwise they are counted and forgotten."""

    publish_polls: int = 2
    """Times that the server calls the publication of an upload unfinished."""

    publish_status_text: bool = False
    """The status of a publication is a text, as documented, in place of a number; mstrio-py then waits for ever."""


@dataclass(frozen=True, kw_only=True)
class DataModelSettings:
    """Data models."""

    data_models: bool = True
    """The server has the calls about data models, as servers since August 2025 do."""

    model_parameters: bool = True
    """The server has the calls about parameters of data models."""

    model_seconds: float = 0.0
    """Seconds that loading the tables of a data model takes."""

    model_table_states: Literal["loaded", "completed", "none"] = "loaded"
    """The state of a loaded table; none: the server tells no tables."""

    model_done_status: Literal[0, 1] = 0
    """Status of a data model that is loaded."""

    model_instance_seconds: float = 120.0
    """Seconds without a request that end an instance of a data model."""

    model_delete_cancels: bool = True
    """Deleting the instance of a data model ends the instance's publication."""


@dataclass(frozen=True, kw_only=True)
class SubscriptionSettings:
    """Subscriptions and users."""

    delivery_api: Literal[1, 2] = 2
    """Version of the calls that send subscriptions and list schedules; 1: the second version is missing."""

    delivery_polls: int = 1
    """Times that the server calls a delivery unfinished."""

    delivery_seconds: float = 0.0
    """Seconds that a delivery takes."""

    pauses_subscriptions: bool = True
    """The server can pause subscriptions, as servers of 2026 do."""

    address_dialect: AddressDialect = "value"
    """How the addresses of users are written."""

    address_status: int = 201
    """HTTP status of the response to a new address."""

    total_counts: bool = True
    """Lists of users and subscriptions come with a total."""

    administers: bool = True
    """The user sees the objects of other users, too."""


SUBJECTS = (
    DataSettings,
    VersionSettings,
    SessionSettings,
    ResponseSettings,
    ExecutionSettings,
    PublicationSettings,
    UploadSettings,
    DataModelSettings,
    SubscriptionSettings,
)
_ANY_SIGN = {"seed", "fault_seed"}


@dataclass(frozen=True, kw_only=True)
class ServerSettings(
    SubscriptionSettings,
    DataModelSettings,
    UploadSettings,
    PublicationSettings,
    ExecutionSettings,
    ResponseSettings,
    SessionSettings,
    VersionSettings,
    DataSettings,
):
    """All settings of the simulated server. Raises ValueError for a number below 0.

    ``mstr-arrow simulate --list-settings`` lists the settings with types, defaults and meanings.

    >>> ServerSettings(rows=-1)
    Traceback (most recent call last):
    ValueError: rows is -1; it must be 0 or more
    """

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, int | float) and value < 0 and each.name not in _ANY_SIGN:
                raise ValueError(f"{each.name} is {value}; it must be 0 or more")

    @property
    def dialect(self) -> Dialect:
        """The abilities of the server's version."""
        return Dialect.of(self.iserver_version)

    def seconds_of(self, report: str) -> float:
        """Return the seconds that the execution of the report of this name takes."""
        seconds = self.report_seconds
        return seconds.get(report, 0.0) if isinstance(seconds, Mapping) else seconds

    @property
    def filtering(self) -> Filtering:
        """The rules by which the server reads conditions."""
        return Filtering(collation=self.collation, ignore_foreign_ids=self.ignore_foreign_ids)

    @property
    def api_token(self) -> str:
        """The token that login mode 4096 accepts in place of name and password."""
        return f"{self.username}-api-token"
