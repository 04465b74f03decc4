"""``mstr-arrow fetch``: read objects into files, folders of parts, or a pipe."""

import time
from typing import Annotated

import typer

from mstr_arrow.cli.fetching.object_choice import ObjectChoice
from mstr_arrow.cli.fetching.object_fetcher import ObjectFetcher
from mstr_arrow.cli.fetching.several import code_of, fetch_one, fetch_several
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.paging_options import PagingOptions
from mstr_arrow.cli.options.prompting_options import PromptingOptions
from mstr_arrow.cli.options.query_options import LESS, QueryOptions
from mstr_arrow.cli.options.result_options import ResultOptions
from mstr_arrow.cli.options.resuming import GOES_ON
from mstr_arrow.cli.options.saving import Saving
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import NO_FILE, show_errors
from mstr_arrow.cli.render.fetch_summary import as_json, summarise
from mstr_arrow.cli.render.logs import LogJson, standard_error
from mstr_arrow.cli.render.tables import print_json, print_text
from mstr_arrow.errors import UsageError

WHOLE_STAYS = "What was whole stays, and no session was left behind."


@takes_server()
def fetch(
    names: common.Objects = None,
    *,
    server: Server,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Objects whose names are like this, such as '*sales*', of the kind that --type says; repeated.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="But not those whose names are like this; repeated."),
    ] = None,
    object_type: common.ObjectType = None,
    saving: Saving,
    query: QueryOptions,
    prompting: PromptingOptions,
    explain_only: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Say what would be asked of the server, what would be done here and why; read nothing.",
            rich_help_panel=LESS,
        ),
    ] = False,
    result: ResultOptions,
    paging: PagingOptions,
    json: common.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show tracebacks, requests and where the time went.")
    ] = False,
    log_json: LogJson = False,
) -> None:
    """Read cubes and reports into Parquet, Arrow or CSV files, folders of Parquet parts, or standard output.

    Of several objects each becomes a file or folder of its name; what fails of one does not end the others.
    """
    console = standard_error(log_json=log_json)
    choice = ObjectChoice(names=names or (), include=include or (), exclude=exclude or (), kind=object_type)
    stays = GOES_ON if saving.resumes else WHOLE_STAYS if choice.several else NO_FILE
    with show_errors(console, verbose=verbose, interrupted=stays):
        choice.check()
        _check(
            {
                "--polite and --concurrency": paging.polite and paging.concurrency is not None,
                "--resume and --unordered": saving.resumes and paging.unordered,
                "--refresh and --explain": paging.refresh and explain_only,
                "--json and --explain": json and explain_only,
                "--json and -o -": json and saving.output == "-",
                "--explain and several objects": explain_only and choice.several,
            }
        )
        saving.check()
        query.check(saving.mode, saving.partitions)
        target = None if explain_only or choice.several else saving.target()
        if choice.several:
            saving.targets([])  # refuses what is no folder
        fetcher = ObjectFetcher(
            console=console,
            query=query,
            prompting=prompting,
            answers=prompting.answers(),
            parameters=prompting.parameters(),
            options={
                **result.options(),
                "ordered": not paging.unordered or query.head is not None,
                "total_order": saving.resumes,
                "consistency": saving.consistency,
                "deadline": paging.deadline,
            },
            row_counts=result.row_counts,
            refresh=paging.refresh,
            tells_data_time=json,
            quiet=quiet,
            verbose=verbose,
        )
        limits = paging.limits()
        began = time.monotonic()
        with open_connection(server, limits=limits) as connection:
            if explain_only:
                print_text(fetcher.scan(connection, connection.find(choice.names[0], choice.kind)).explain())
                return
            if target is None:
                fetched = fetch_several(connection, choice, saving, fetcher)
            else:
                fetched = [fetch_one(connection, choice, target, fetcher)]
        seconds = time.monotonic() - began
        if json:
            print_json(as_json(fetched, seconds))
        if target is not None and fetched[0].error is not None:
            raise fetched[0].error
        if choice.several and not quiet:
            console.print(f"{summarise(fetched, seconds)} → {saving.output}", soft_wrap=True)
        if code := code_of(fetched):
            raise typer.Exit(code)


def _check(together: dict[str, bool]) -> None:
    """Refuse options that exclude each other; errors: UsageError."""
    for names, given in together.items():
        if given:
            raise UsageError(f"{names} exclude each other.", hint="Leave one of them away.")
