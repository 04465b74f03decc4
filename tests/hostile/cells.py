"""Every endpoint with a call that reaches it: those of `tests.reliability.endpoints`, and those told of to nobody.

A new endpoint has its line in `tests.reliability.endpoints.ENDPOINTS`: method, pattern of the path, and a call that
reaches it. It is tried with every hostile answer from then on. A test fails for a route that is in no line.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

import mstr_arrow as ma
from mstr_arrow.simulator import Simulator
from tests.reliability.endpoints import CUBE, ENDPOINTS, FRAME, REFRESHED, SILENT, Endpoint, refresh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mstr_arrow.connection import Connection

LONG = "Metrics On Rows"
"""A report that takes longer than anybody waits here."""


class _Own(Exception):
    """What the caller's own data raise."""


def _cancel(connection: Connection) -> None:
    """Run a report for longer than the connection waits, so that its job is cancelled."""
    with suppress(ma.errors.TimeoutExceeded):
        connection.report(LONG).to_arrow()


def _delegate(connection: Connection) -> None:
    """Log in by a token of this session's."""
    token, url = connection.identity_token(), connection._client.http.own.base
    ma.connect(url, identity_token=token, settings=connection.settings).close(log_out=True)


def _extract(connection: Connection) -> Any:
    """Extract a cube, whose publication is compared between two runs."""
    with TemporaryDirectory() as folder:
        return connection.cube(CUBE).extract(Path(folder) / "sales").rows


def _refresh_model(connection: Connection) -> None:
    connection.data_model("Retail Model").refresh()


def _parameters(connection: Connection) -> Any:
    return connection.data_model("Retail Model", parameters={"City": "Rome"}).to_arrow().column_names


def _leave(connection: Connection) -> None:
    """Have an upload fail for the caller's own reasons, so that its session is deleted."""

    def batches() -> Iterator[pa.RecordBatch]:
        yield from FRAME.to_arrow().to_batches()
        raise _Own

    schema = FRAME.to_arrow().schema
    with suppress(_Own, ma.errors.UploadFailed):
        connection.write(REFRESHED, pa.RecordBatchReader.from_batches(schema, batches()))


_CALLS: dict[str, Any] = {
    "settings of the project": lambda conn: conn.write(REFRESHED, FRAME),
    "log-out": lambda _: None,
    "cube status": refresh,
    "how far a job is": refresh,
    "jobs": _cancel,
    "job": _cancel,
    "deleted upload session": _leave,
}
CELLS = {
    "log-in": Endpoint("POST", r"/auth/login$", lambda _: None),
    "delegation": Endpoint("POST", r"/auth/delegate$", _delegate),
    "token check": Endpoint(
        "GET", r"/auth/identityToken$", lambda conn: conn.validate_identity_token(conn.identity_token())
    ),
    **ENDPOINTS,
    "tables of a model": Endpoint("GET", r"/dataModels/\w+/tables$", _refresh_model),
    "instance of a model": Endpoint("POST", r"/dataModels/\w+/instances$", _refresh_model),
    "publication of a model": Endpoint("POST", r"/dataModels/\w+/publish$", _refresh_model),
    "how far a model is": Endpoint("GET", r"/dataModels/\w+/publishStatus$", _refresh_model),
    "deleted instance of a model": Endpoint("DELETE", r"/dataModels/\w+/instances/\w+$", _refresh_model),
    "parameters of a model": Endpoint("GET", r"/dataModels/\w+/parameters$", _parameters),
    "caches of an extraction": ENDPOINTS["caches"]._replace(call=_extract),
    **{name: endpoint._replace(call=_CALLS[name]) for name, endpoint in SILENT.items()},
}
UNUSED = {
    ("POST", "/api/datasets"),
    ("PATCH", "/api/datasets/{id}/tables/{table}"),
    ("GET", "/api/dependentSubscriptions"),
    ("POST", "/api/folders"),
    ("GET", "/api/model/dataModels/{id}"),
    ("GET", "/api/projects/{name}"),
    ("POST", "/api/reports/{id}/instances/{instance}/promptsAnswers"),
    ("GET", "/api/schedules/{id}"),
    ("POST", "/api/subscriptions/{id}/send"),
    ("GET", "/api/subscriptions/{id}/prompts"),
    ("PUT", "/api/v2/cubes/{id}/instances/{instance}"),
    ("GET", "/api/v2/cubes/{id}/instances/{instance}/parameters"),
    ("PATCH", "/api/v2/cubes/{id}/instances/{instance}/parameters"),
    ("GET", "/api/v2/schedules"),
    ("GET", "/api/usergroups/{id}/members"),
    ("GET", "/api/users/{id}/addresses"),
    ("POST", "/api/users/{id}/addresses"),
}
"""Routes of the simulator that are for users' own requests, and for other clients."""


@contextmanager
def serving() -> Iterator[Simulator]:
    """Run a simulator with what the calls need."""
    settings = {"publish_polls": 0, "encode_once": True, "async_polls": 1, "gzip": False}
    with Simulator(rows=180, report_seconds={LONG: 60.0}, cache_seconds=0.05, **settings) as server:
        with ma.connect(
            server.url, username=server.username, password=server.password, project=server.project
        ) as connection:
            connection.write(REFRESHED, FRAME)
        yield server
