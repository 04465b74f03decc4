"""``mstr-arrow run``: do the jobs of a file, once."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_later
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import explain, show_errors
from mstr_arrow.cli.render.jobs import jobs_progress, plan_as_json, print_plan, print_run, run_as_json
from mstr_arrow.cli.render.logs import LogJson, standard_error
from mstr_arrow.cli.render.tables import print_json
from mstr_arrow.cli.render.trace import listener
from mstr_arrow.cli.signals import Terminated
from mstr_arrow.errors import RunLocked, UsageError

GOES_ON = "What was done is noted, no session was left behind, and the next run goes on."


@takes_server()
def run(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="JOBS.toml", help="The file that says what is read, and where it goes."),
    ] = None,
    *,
    server: Server,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Do this job only; repeated, several of them.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say what would be done, and how much that was the last time; read nothing."
        ),
    ] = False,
    if_changed: Annotated[
        bool, typer.Option("--if-changed", help="Do only jobs whose cubes were published since the last run.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Do all of it, also where a run that was ended has done it already.")
    ] = False,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The day that {today} in the file stands for."),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of such files, for an editor.")
    ] = False,
    json: common.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    verbose: common.Verbose = False,
    log_json: LogJson = False,
) -> None:
    """Do the jobs of a file: read many objects, each into a folder, a file or a table, and note what was done.

    A job that fails does not end the others. What may pass by itself is tried again.
    """
    console = standard_error(log_json=log_json)
    with show_errors(console, verbose=verbose, interrupted=GOES_ON):
        # Only this command pays for importing all ways of writing.
        from mstr_arrow.jobs.definition.jobs_file import schema as schema_of_files  # noqa: PLC0415 - see above
        from mstr_arrow.jobs.endings import LOCKED  # noqa: PLC0415 - see above
        from mstr_arrow.jobs.run_or_plan import RunChoice, note_terminated, plan_with, run_with  # noqa: PLC0415 - see above

        if schema:
            print_json(schema_of_files())
            return
        if file is None:
            raise UsageError("there is no file of jobs.", hint="Name it, as in mstr-arrow run jobs.toml.")
        choice = RunChoice(
            only=only or (),
            day=None if day is None else day.date(),
            if_changed=if_changed,
            anew=anew,
            default=partial(open_later, server),
            on_event=listener(),
        )
        if dry_run:
            planned = plan_with(file, choice)
            if json:
                print_json(plan_as_json(planned))
            else:
                print_plan(planned)
            return
        try:
            with jobs_progress(console, quiet=quiet) as on_progress:
                done = run_with(file, replace(choice, on_progress=on_progress))
        except Terminated:
            note_terminated(file)
            raise
        except RunLocked as error:
            console.print(explain(error), soft_wrap=True)
            raise typer.Exit(LOCKED) from None
        if json:
            print_json(run_as_json(done))
        print_run(console, done, quiet=quiet, table=not json)
        raise typer.Exit(done.exit_code or 0)
