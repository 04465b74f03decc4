"""``mstr-arrow refresh``: have a cube or data model published anew, and be sure that its data are new."""

import time
from typing import Annotated, Any

import typer

from mstr_arrow.catalog.object_info import ObjectInfo
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.policies import Policy, Tables, policies_from
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.logs import LogJson, standard_error
from mstr_arrow.cli.render.progress import clock
from mstr_arrow.cli.render.publishing import publication_progress, summarise
from mstr_arrow.cli.render.tables import print_json, print_text
from mstr_arrow.connection import Connection
from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.publishing.publication import Publication

CANCELLED = "The publication was cancelled, if it was started here, and no session left behind."


@takes_server()
def refresh(
    name: common.Object,
    *,
    server: Server,
    tables: Tables = None,
    policy: Policy = None,
    wait: Annotated[
        bool,
        typer.Option(
            help="Wait until the data are new; or leave the publication to itself, and the session open for it."
        ),
    ] = True,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.001,
            help="How long to wait, if not as --publish-timeout says; then the publication is cancelled.",
        ),
    ] = None,
    json: common.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    verbose: common.Verbose = False,
    log_json: LogJson = False,
) -> None:
    """Have the server publish a cube or data model anew, and wait until its data are new.

    It is done when that is proved: by the time of the data or the job that they are of, where you may see caches;
    else by the status and an instance, or the tables of a data model. A cube's publication that somebody else has
    started is followed; that of a data model is waited for, and then this one begins.
    """
    console = standard_error(log_json=log_json)
    with show_errors(console, verbose=verbose, interrupted=CANCELLED), open_connection(server) as connection:
        policies = policies_from(tables or (), policy)
        found = _find(connection, name)
        began = time.monotonic()
        with publication_progress(console, quiet=quiet) as on_progress:
            if found.kind == "data model":
                model = connection.data_model(found.id)
                publication = model.refresh(policies, wait=wait, timeout=timeout, on_progress=on_progress)
            else:
                _check_no_tables(found, given=bool(tables or policy))
                cube = connection.cube(found.id)
                publication = cube.refresh(wait=wait, timeout=timeout, on_progress=on_progress)
        left_open = None if wait else _leave(connection, publication)
        seconds = time.monotonic() - began
        if json:
            print_json(as_json(found, publication) | {"seconds": round(seconds, 3)})
        elif not quiet:
            print_text(summarise(publication, seconds) if wait else _describe_rest(publication, left_open))


def _find(connection: Connection, name: str) -> ObjectInfo:
    """Return a cube or data model; errors: those of `find`, and UsageError for a report."""
    try:
        return connection.find(name, "cube")
    except NotFound:
        found = connection.find(name)  # which names the objects of names like it
        raise only_cubes(found.name) from None


def _check_no_tables(found: ObjectInfo, *, given: bool) -> None:
    if given:
        raise UsageError(
            f"{found.name!r} is a cube, and only data models are refreshed table by table.",
            hint="Drop --tables and --policy: a cube is published as a whole.",
        )


def only_cubes(name: str) -> UsageError:
    """Make the error of a report that is to be refreshed."""
    return UsageError(
        f"{name!r} is a report, and only cubes and data models are published.",
        hint="A report is run anew for each read.",
    )


def as_json(found: ObjectInfo, publication: Publication) -> dict[str, Any]:
    """Describe a publication for a program."""
    return {
        "id": found.id,
        "name": found.name,
        "state": publication.status.state,
        "proof": publication.proof,
        "job": publication.job_id,
        "started": publication.started,
    }


def _leave(connection: Connection, publication: Publication) -> float | None:
    """Leave a publication to itself; return the seconds of idleness after which its session ends."""
    try:
        publication.detach()
    except UsageError:
        publication.cancel()  # which has not begun, and is not to be waited for
        raise
    return connection.session_info().timeout


def _describe_rest(publication: Publication, seconds: float | None) -> str:
    """Say what goes on, and until when the session for it stays open."""
    job = "The server" if publication.job_id is None else f"Job {publication.job_id}"
    ends = "when it was idle for too long" if seconds is None else f"after {clock(seconds)} of idleness"
    return (
        f"{job} publishes {publication.what}. The session is left open for it, as a log-out would cancel it; "
        f"it ends {ends}."
    )
