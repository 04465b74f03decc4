"""The command and its subcommands."""

from typing import Annotated

import typer

from mstr_arrow.cli.examples import (
    BENCH_EXAMPLES,
    CACHES_EXAMPLES,
    DESCRIBE_EXAMPLES,
    END,
    EXIT_CODES,
    FETCH_EXAMPLES,
    FIRST_STEPS,
    LOGIN_EXAMPLES,
    LOGOUT_EXAMPLES,
    LS_EXAMPLES,
    PAGES_EXAMPLES,
    PROMPTS_EXAMPLES,
    PUSH_EXAMPLES,
    REFRESH_EXAMPLES,
    RUN_EXAMPLES,
    RUNS_EXAMPLES,
    SQL_EXAMPLES,
    SUBSCRIPTIONS_EXAMPLES,
    USERS_EXAMPLES,
    WHOAMI_EXAMPLES,
)
from mstr_arrow.cli.loading import stand_in
from mstr_arrow.cli.usage import Command, Commands, CommandsOrRun
from mstr_arrow.version import __version__

app = typer.Typer(
    cls=Commands,
    name="mstr-arrow",
    rich_markup_mode="rich",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Its tracebacks show local variables, passwords among them.
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mstr-arrow {__version__}")
        raise typer.Exit


@app.callback(epilog=f"{FIRST_STEPS}\n{EXIT_CODES}")
def root(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Move data between a MicroStrategy (Strategy One) Intelligence Server and Arrow, Parquet and CSV."""


GROUPS = {
    "subscriptions": (Commands, "Deliver reports and cubes: by whom, when, to whom.", SUBSCRIPTIONS_EXAMPLES),
    "caches": (Commands, "What the server's nodes hold of the cubes' data.", CACHES_EXAMPLES),
    "bench": (
        CommandsOrRun,
        "Measure how much a server gives: mstr-arrow bench OBJECT… is short for bench run.",
        BENCH_EXAMPLES,
    ),
}
"""The groups of commands: how they are parsed, what they are for, what their help ends with."""

COMMANDS = (
    (
        "ls",
        "ls.ls",
        "List the cubes, reports, data models and dashboards that you can see.",
        f"{LS_EXAMPLES}\n{END}",
    ),
    (
        "describe",
        "describe.describe",
        "Show what a cube, report or data model is: columns and their types, rows, size, last update.",
        f"{DESCRIBE_EXAMPLES}\n{END}",
    ),
    (
        "fetch",
        "fetch.fetch",
        "Read cubes and reports into Parquet, Arrow or CSV files, folders of Parquet parts, or standard output.",
        f"{FETCH_EXAMPLES}\n{END}",
    ),
    (
        "prompts",
        "prompts.prompts",
        "Show what a report asks before it runs, or write a file of answers for `mstr-arrow fetch --prompts`.",
        f"{PROMPTS_EXAMPLES}\n{END}",
    ),
    (
        "pages",
        "list_pages.pages",
        "List the pages of a report that has page-by: those that have data. The report is run.",
        f"{PAGES_EXAMPLES}\n{END}",
    ),
    (
        "sql",
        "sql.sql",
        "Query cubes, reports and files by SQL: they are joined and added up on this machine, by DuckDB.",
        f"{SQL_EXAMPLES}\n{END}",
    ),
    (
        "push",
        "push_files.push",
        "Write files, or what a DuckDB query finds, into a SuperCube, and print its id.",
        f"{PUSH_EXAMPLES}\n{END}",
    ),
    (
        "refresh",
        "refresh.refresh",
        "Have the server publish a cube or data model anew, and wait until its data are new.",
        f"{REFRESH_EXAMPLES}\n{END}",
    ),
    (
        "run",
        "run.run",
        "Do the jobs of a file: read many objects, each into a folder, a file or a table, and note what was done.",
        f"{RUN_EXAMPLES}\n{END}",
    ),
    (
        "login",
        "login_and_logout.login",
        "Log in, keep the password in the operating system's keyring, and write a profile that uses it.",
        f"{LOGIN_EXAMPLES}\n{EXIT_CODES}",
    ),
    (
        "logout",
        "login_and_logout.logout",
        "Remove from the keyring what mstr-arrow login has put there, and from the profile what used it.",
        f"{LOGOUT_EXAMPLES}\n{EXIT_CODES}",
    ),
    (
        "whoami",
        "whoami.whoami",
        "Log in, and show who you are then: user, server, project, session.",
        f"{WHOAMI_EXAMPLES}\n{EXIT_CODES}",
    ),
    ("schedules", "list_schedules.schedules", "List the schedules that subscriptions can have.", END),
    ("users", "users.users", "List the users that you can see.", f"{USERS_EXAMPLES}\n{END}"),
    (
        "runs",
        "runs.runs",
        "Show what the last runs of a file of jobs did, newest first; what failed is told below, with its hint.",
        f"{RUNS_EXAMPLES}\n{EXIT_CODES}",
    ),
    ("demo", "demo.demo", "Read a million rows from a simulated server on this machine: nothing to set up.", None),
    ("simulate", "simulate.simulate", "Run a simulated Intelligence Server on this machine until Ctrl-C.", None),
    (
        "subscriptions ls",
        "subscriptions.listing.ls",
        "List the subscriptions that you can see: your own, an administrator all.",
        f"{SUBSCRIPTIONS_EXAMPLES}\n{END}",
    ),
    (
        "subscriptions show",
        "subscriptions.listing.show",
        "Show what a subscription delivers, when, to whom, and how its last run went.",
        f"{SUBSCRIPTIONS_EXAMPLES}\n{END}",
    ),
    (
        "subscriptions create",
        "subscriptions.making.create",
        "Make a subscription of options or of a file, and print its id.",
        f"{SUBSCRIPTIONS_EXAMPLES}\n{END}",
    ),
    (
        "subscriptions send",
        "subscriptions.acting.send",
        "Send a subscription now, whatever its schedules.",
        f"{SUBSCRIPTIONS_EXAMPLES}\n{END}",
    ),
    (
        "subscriptions delete",
        "subscriptions.acting.delete",
        "Delete a subscription.",
        f"{SUBSCRIPTIONS_EXAMPLES}\n{END}",
    ),
    (
        "subscriptions pause",
        "subscriptions.acting.pause",
        "Have no schedule run a subscription until it is resumed; servers of 2026 can do that.",
        f"{SUBSCRIPTIONS_EXAMPLES}\n{END}",
    ),
    (
        "subscriptions resume",
        "subscriptions.acting.resume",
        "Have the schedules of a paused subscription run it again.",
        f"{SUBSCRIPTIONS_EXAMPLES}\n{END}",
    ),
    (
        "caches ls",
        "caches.ls",
        "List caches: a line for each cube and node that it is published on.",
        f"{CACHES_EXAMPLES}\n{END}",
    ),
    ("caches load", "caches.load", "Load a cube's data into memory.", f"{CACHES_EXAMPLES}\n{END}"),
    (
        "caches unload",
        "caches.unload",
        "Take a cube's data out of memory; they are loaded again at need.",
        f"{CACHES_EXAMPLES}\n{END}",
    ),
    ("caches activate", "caches.activate", "Let a cube be read.", f"{CACHES_EXAMPLES}\n{END}"),
    (
        "caches deactivate",
        "caches.deactivate",
        "Let a cube not be read, with its data kept.",
        f"{CACHES_EXAMPLES}\n{END}",
    ),
    (
        "caches delete",
        "caches.delete",
        "Delete a cube's data: it is not published any more, until it is refreshed.",
        f"{CACHES_EXAMPLES}\n{END}",
    ),
    (
        "bench run",
        "bench.run",
        "Measure how much a server gives: put loads on it, weak ones first, and see where more brings no more.",
        f"{BENCH_EXAMPLES}\n{END}",
    ),
    (
        "bench compare",
        "bench_compare.compare",
        "Tell which differences between two measurements are beyond noise: before and after, or two servers.",
        f"{BENCH_EXAMPLES}\n{END}",
    ),
    (
        "bench show",
        "bench.show",
        "Show again what a measurement found, and write its report anew.",
        f"{BENCH_EXAMPLES}\n{END}",
    ),
)
"""Words, function in `mstr_arrow.cli.commands`, first paragraph of its docstring, what the help ends with."""

groups = {}
for name, (kind, summary, examples) in GROUPS.items():
    groups[name] = typer.Typer(cls=kind, no_args_is_help=True, help=summary)
    app.add_typer(groups[name], name=name, epilog=examples)
for words, function, summary, epilog in COMMANDS:
    group, _, name = words.rpartition(" ")
    groups.get(group, app).command(name, cls=Command, epilog=epilog)(stand_in(function, summary))
