"""The model of a file of jobs: its tables, their keys and what these hold, for the check and the JSON schema alike.

Needs the extra ``jobs``, so only `file` imports it, when a file is read.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from mstr_arrow.files.formats import Format
from mstr_arrow.jobs.definition.units import read_bytes, read_seconds
from mstr_arrow.session.login_modes import UserMode

Bytes = Annotated[
    int,
    BeforeValidator(read_bytes),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\d"}]}),
]
Seconds = Annotated[
    float,
    BeforeValidator(read_seconds),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"^\d"}]}),
]


def _as_list(given: object) -> object:
    return [given] if isinstance(given, str) else given


Texts = Annotated[
    list[str],
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One text, or several."""

Credential = str | dict[str, str | bool]
"""A text, or a table that names the store it is kept in."""

Count = Annotated[int, Field(ge=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Run(_Table):
    """How the jobs are run."""

    jobs_at_once: Count = Field(default=4, description="Jobs that run at the same time.")
    requests_at_once: Count | None = Field(
        default=None,
        description="Requests on their way to a server at the same time; else each job finds its own number.",
    )
    sessions: Count = Field(default=1, description="Sessions on each server, over which its jobs are divided.")
    records: str | None = Field(
        default=None,
        description="The folder of the records, if not NAME.records beside this file; from this file's folder on.",
    )
    timezone: str | None = Field(
        default=None,
        description="The zone whose days {today} and {yesterday} are, such as Europe/Paris; else this machine's.",
    )
    go_on_within: Seconds = Field(
        default=21_600.0,
        description="A run that was ended before its end is gone on with: what it did so short a time ago is "
        "not done again.",
    )


class Server(_Table):
    """A server, and who logs in there."""

    profile: str | None = Field(
        default=None, description="A table of the profile file, from which all comes that is not said here."
    )
    url: Credential | None = Field(default=None, description="The Library's, as a browser shows it.")
    username: Credential | None = None
    password: Credential | None = Field(
        default=None,
        description='Where it is kept, such as {env = "MSTR_PASSWORD"} or {aws = "mstr/prod", key = "password"}.',
    )
    api_key: Credential | None = Field(default=None, description="An API token, or where it is kept.")
    identity_token: Credential | None = None
    login_mode: UserMode = "standard"
    project: str | None = Field(
        default=None, description="The name or id of the project, unless a job says another."
    )
    application_type: int | None = None
    proxy: str | None = None
    no_proxy: str | None = None
    ca_file: str | None = Field(default=None, description="Authorities to trust as well, PEM.")
    system_store: bool = False
    cert_file: str | None = None
    key_file: str | None = None
    insecure: bool = Field(default=False, description="Accept any certificate: for a laboratory only.")
    connect_timeout: Seconds | None = None
    read_timeout: Seconds | None = None
    execute_timeout: Seconds | None = None
    publish_timeout: Seconds | None = None
    total_timeout: Seconds | None = None


class Place(_Table):
    """A table of a lake or a database that a job writes to: one of delta, iceberg, duckdb and adbc says which."""

    delta: str | None = Field(default=None, description="The path or URI of a Delta table.")
    iceberg: str | None = Field(default=None, description="An Iceberg table: catalog.namespace.name.")
    duckdb: str | None = Field(
        default=None, description="The file of a DuckDB database; table names the table in it."
    )
    adbc: str | None = Field(default=None, description="The URI of a database; table names the table in it.")
    table: str | None = None
    driver: str | None = Field(default=None, description="The ADBC driver, where the URI does not tell it.")
    driver_options: dict[str, str] | None = Field(default=None, description="What the ADBC driver takes.")
    storage_options: dict[str, str] | None = Field(
        default=None, description="What the tool needs to reach its storage."
    )


class Common(_Table):
    """Keys of a job, and of [defaults] for all jobs."""

    server: str | None = Field(default=None, description="A table of [servers]; not needed where there is one.")
    project: str | None = None
    kind: Literal["cube", "report", "data model"] | None = None
    # What to read
    columns: Texts = Field(default=[], description="Columns to keep, in this order; rows stay as they are.")
    aggregate: Texts = Field(
        default=[], description="Attributes and metrics to ask for: the server adds up over the others."
    )
    where: Texts = Field(default=[], description="Conditions as SQL writes them after WHERE; all must hold.")
    having: Texts = Field(default=[], description="Conditions on what was added up.")
    sort: Texts = Field(default=[], description='Columns to sort by, such as "Revenue desc".')
    head: Count | None = Field(default=None, description="The first rows only.")
    prompts: dict[str, Any] | str = Field(
        default={}, description="Answers to a report's prompts, or a file of answers."
    )
    pages: dict[str, str] = Field(default={}, description="Of a report with page-by, the page of an element.")
    all_pages: bool = Field(default=False, description="All pages, one after the other.")
    parameters: dict[str, Any] = Field(default={}, description="Values of a data model's parameters.")
    refresh: bool = Field(default=False, description="Have the cube published anew first.")
    # How to read it
    layout: Literal["tidy", "grid"] = "tidy"
    subtotals: Literal["drop", "keep", "only"] = "drop"
    values: Literal["raw", "formatted", "both"] = "raw"
    forms: Literal["shown", "all"] = "shown"
    column_types: dict[str, str] = Field(
        default={}, description='Arrow types by column, such as "decimal128(18, 2)".'
    )
    on_bad_value: Literal["raise", "null"] | dict[str, Literal["raise", "null"]] = "raise"
    row_counts: bool = Field(default=False, description="Add a cube's own Row Count metrics.")
    concurrency: Count | None = Field(
        default=None, description="Requests at the same time, if not as many as are worth it."
    )
    polite: bool = Field(default=False, description="Keep the server's load low: at most two requests.")
    page_rows: Count | None = None
    page_bytes: Bytes | None = None
    buffer_bytes: Bytes | None = Field(default=None, description="Answers held in memory at the same time.")
    deadline: Seconds | None = Field(default=None, description="What a read may take.")
    consistency: Literal["likely", "proven"] = "likely"
    # Where it goes
    destination: str | Place | None = Field(
        default=None,
        description="A folder, which ends in /, a .parquet, .arrow or .csv file, a URI of a store, or a table: "
        '{delta = "s3://lake/sales"}.',
    )
    format: Format | None = None
    resume: bool = Field(default=True, description="Go on with a folder where a run before stopped.")
    compression: Literal["zstd", "snappy", "gzip", "lz4", "brotli", "none"] = "zstd"
    part_rows: Count | None = None
    part_bytes: Bytes | None = None
    row_group_rows: Count = 131_072
    partition_by: Texts = Field(default=[], description="Columns by whose values files or tables are divided.")
    mode: Literal["overwrite", "append", "merge", "replace_partitions"] = Field(
        default="overwrite", description="What becomes of a file, folder or table that is there."
    )
    keys: Texts = Field(default=[], description="Columns that tell rows apart, for merge.")
    since: str | None = Field(
        default=None, description="A column of dates or numbers: only what came after the last run is read."
    )
    overlap: str | int | None = Field(default=None, description='How far before that to begin, such as "3 days".')
    schema_mode: Literal["strict", "add", "replace"] = Field(
        default="strict",
        description="What is taken of columns that are not those of the last run: none, new ones, or all.",
    )
    keep: Count | None = Field(
        default=None, description="How many results to keep, of a destination with a date in it."
    )
    # When it is done
    if_changed: bool = Field(default=False, description="Only if the cube was published since the last run.")
    on_change: Literal["restart", "raise"] = "restart"
    verify: Literal["checksums", "sizes"] | None = None
    attempts: Count = Field(default=3, description="How often a job is tried whose failure may pass by itself.")
    pause: Seconds = Field(default=30.0, description="The longest wait before the second try; it doubles.")


class Job(Common):
    """A job: what is read, and where it goes."""

    object: str | None = Field(
        default=None, description="A cube, report or data model: name, path in folders, id, or URL."
    )
    include: Texts = Field(
        default=[], description="Names of objects: * is any text, ? one letter. Each is a job of its own."
    )
    exclude: Texts = Field(default=[], description="Names of those among them that are left out.")


class File(_Table):
    """A file of jobs for mstr-arrow run."""

    run: Run = Run()
    servers: dict[str, Server] = {}
    defaults: Common = Common()
    jobs: dict[str, Job] = Field(min_length=1)
