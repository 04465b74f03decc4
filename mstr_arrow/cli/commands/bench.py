"""``mstr-arrow bench``: how much a server gives, where its knee is, and what the limit is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.amounts import read_counts, read_rates, read_seconds
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.profile import profile_of
from mstr_arrow.cli.options.profile_file import change_profile
from mstr_arrow.cli.options.prompt_answers import PromptAnswers, PromptsFile, answers_from, prompts_as_options
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import FAILED, show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.sweeping import sweep_progress
from mstr_arrow.cli.render.tables import print_json
from mstr_arrow.errors import UsageError

WORKS = ("pages", "instances", "elements", "uploads")
LOAD, SAFETY, RESULT = "Load", "Safety", "Result"
KEPT = "What was measured until then is kept. No session, instance or dataset is left behind."

Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A folder that mstr-arrow bench wrote.", show_default=False)
]


def _read_works(text: str) -> list[str]:
    """Read kinds of work with commas between them; errors: typer.BadParameter."""
    works = [each.strip() for each in text.split(",")]
    if unknown := [each for each in works if each not in WORKS]:
        raise typer.BadParameter(f"{unknown[0]!r} is no kind of work: {', '.join(WORKS)}.")
    return works


@takes_server()
def run(
    objects: Annotated[
        list[str],
        typer.Argument(
            metavar="OBJECT...", help="Cubes or reports: names, paths in folders, ids or URLs in a browser."
        ),
    ],
    *,
    server: Server,
    concurrency: Annotated[
        Any,
        typer.Option(
            "--concurrency",
            metavar="N,…",
            parser=read_counts,
            help="Requests to keep in flight.",
            rich_help_panel=LOAD,
        ),
    ] = "1,2,4,8,16",
    page_rows: Annotated[
        Any,
        typer.Option(
            "--page-rows", metavar="ROWS,…", parser=read_counts, help="Rows of a request.", rich_help_panel=LOAD
        ),
    ] = "10k",
    rate: Annotated[
        Any,
        typer.Option(
            "--rate",
            metavar="R,…",
            parser=read_rates,
            help="Requests a second, due whatever the server does; alone, in place of --concurrency.",
            rich_help_panel=LOAD,
        ),
    ] = None,
    duration: Annotated[
        Any, typer.Option(metavar="TIME", parser=read_seconds, help="Of each measurement.", rich_help_panel=LOAD)
    ] = "10s",
    requests: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Of each measurement, in place of --duration.", rich_help_panel=LOAD),
    ] = None,
    repeats: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often each load is measured.", rich_help_panel=LOAD)
    ] = 3,
    sessions: Annotated[
        int, typer.Option(metavar="N", min=1, help="Log-ins that share the load.", rich_help_panel=LOAD)
    ] = 1,
    work: Annotated[
        Any,
        typer.Option(
            metavar="KIND,…",
            parser=_read_works,
            help="What is requested: pages; new instances; elements of attributes; uploads, into a dataset that is "
            "made for it and deleted.",
            rich_help_panel=LOAD,
        ),
    ] = "pages",
    prompts: PromptsFile = None,
    prompt: PromptAnswers = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the order of the loads.", rich_help_panel=LOAD)] = 0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Begin without asking.", rich_help_panel=SAFETY)] = False,
    max_errors: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            min=0,
            max=1,
            help="Of failed requests, from which on nothing stronger is tried.",
            rich_help_panel=SAFETY,
        ),
    ] = 0.02,
    max_latency: Annotated[
        Any,
        typer.Option(
            metavar="TIME",
            parser=read_seconds,
            help="95th percentile, from which on nothing stronger is tried.",
            rich_help_panel=SAFETY,
        ),
    ] = "30s",
    max_time: Annotated[
        Any, typer.Option(metavar="TIME", parser=read_seconds, help="Of it all.", rich_help_panel=SAFETY)
    ] = "1h",
    max_bytes: Annotated[
        Any,
        typer.Option(
            metavar="SIZE", parser=common.read_size, help="On the wire, of it all.", rich_help_panel=SAFETY
        ),
    ] = "50GB",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Where report.html, its plots and the data go; by default bench-DATE-TIME here.",
            rich_help_panel=RESULT,
        ),
    ] = None,
    save_profile: Annotated[
        bool,
        typer.Option(
            "--save-profile",
            help="Set --concurrency and --page-rows in the profile as found best, for fetch.",
            rich_help_panel=RESULT,
        ),
    ] = False,
    json: common.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    verbose: common.Verbose = False,
) -> None:
    """Measure how much a server gives: put loads on it, weak ones first, and see where more brings no more.

    It says beforehand what it will do, and asks; logs in for itself, and logs out; stops raising the load where
    requests fail or take too long, and at once where the server says that it is busy.
    """
    console = Terminal(stderr=True)
    with (
        show_errors(console, verbose=verbose, interrupted=KEPT),
        prompts_as_options(objects[0] if len(objects) == 1 else "REPORT"),
        open_connection(server) as connection,
    ):
        throughput = _throughput()
        answers = answers_from(prompts, prompt or ())
        source = server.context.get_parameter_source("concurrency")
        only_rates = rate is not None and (source is None or source.name == "DEFAULT")
        plan = throughput.plan(
            connection,
            *(connection.report(each).prompts(answers) if answers else each for each in objects),
            concurrency=() if only_rates else concurrency,
            page_rows=page_rows,
            rates=rate or (),
            works=work,
            sessions=sessions,
            duration=duration,
            requests=requests,
            repeats=repeats,
            seed=seed,
            max_errors=max_errors,
            max_latency=max_latency,
            max_seconds=max_time,
            max_bytes=max_bytes,
        )
        folder = _free(output)
        if not yes:
            _ask(console, str(plan.estimate()), server.url)
        with _report_results(console, plan, folder, json=json), sweep_progress(console, plan, quiet=quiet) as tell:
            plan.run(lambda load, found: tell((load, found)))
        sweep = plan.result
        if save_profile:
            _save_profile(console, server, sweep)
        if sweep.ended is not None:
            raise typer.Exit(FAILED)


@contextmanager
def _report_results(console: Terminal, plan: Any, folder: Path, *, json: bool) -> Iterator[None]:
    """Report what was measured inside, also after Ctrl-C."""
    try:
        yield
    finally:
        if plan.result.requests.num_rows:
            _report(console, plan.result, folder, json=json)


def _report(console: Terminal, sweep: Any, folder: Path, *, json: bool) -> None:
    """Print what was found, and write it into a folder: the data, the page, and its plots."""
    from mstr_arrow.cli.render.throughput import summary  # noqa: PLC0415 - an extra
    from mstr_arrow.throughput.report import write_html, write_images  # noqa: PLC0415 - an extra
    from mstr_arrow.throughput.saved_sweep import as_json, save  # noqa: PLC0415 - an extra

    save(sweep, folder)
    if json:
        print_json(as_json(sweep))
    else:
        summary(Terminal(), sweep)
    page = write_html(sweep, folder / "report.html")
    write_images(sweep, folder)
    console.print(f"The report is {page}; its plots and the data are beside it.", soft_wrap=True)


def _ask(console: Terminal, cost: str, url: str | None) -> None:
    """Say what will be done, and go on only where somebody agrees. Errors: UsageError where nobody can."""
    console.print(f"{cost}{f', at {url}' if url else ''}.", soft_wrap=True)
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked whether to begin.", hint="Give --yes.")
    typer.confirm("Begin?", abort=True, err=True)


def _free(folder: Path | None) -> Path:
    """Choose the folder of the results, which may not hold any yet. Errors: UsageError."""
    if folder is None:
        return Path(f"bench-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    if (folder / "sweep.json").exists():
        raise UsageError(f"{str(folder)!r} holds a measurement.", hint="Give another folder by --output.")
    return folder


def _save_profile(console: Terminal, server: Server, sweep: Any) -> None:
    """Write what was found best into the profile, or say why nothing is."""
    from mstr_arrow.throughput.recommend import recommend  # noqa: PLC0415 - an extra

    profile = profile_of(server.context)
    best = recommend(sweep)
    if best is None:
        console.print("No profile is changed: nothing was found that could be recommended.", soft_wrap=True)
        return
    found = {"concurrency": best.limits.concurrency, "page-rows": best.limits.page_rows}
    change_profile(profile.path, profile.name, found)
    said = " and ".join(f"{key} {value}" for key, value in found.items())
    console.print(f"{profile} of {profile.path} has {said} now.", soft_wrap=True)


def _throughput() -> Any:
    """Give the room that measures; errors: UsageError where its packages are missing."""
    from mstr_arrow import throughput  # noqa: PLC0415 - an extra

    return throughput


def show(folder: Folder, *, verbose: common.Verbose = False, json: common.Json = False) -> None:
    """Show again what a measurement found, and write its report anew."""
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        _report(console, _throughput().load(folder), folder, json=json)
