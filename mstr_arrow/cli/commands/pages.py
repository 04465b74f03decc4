"""``mstr-arrow pages``, and the options that choose among the pages of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mstr_arrow.cli.options import common  # noqa: TC001 - typer reads the annotations
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.pairs import read_pair
from mstr_arrow.cli.options.prompt_answers import (
    PromptAnswers,
    PromptsFile,
    ReportName,
    answers_from,
    prompts_as_options,
)
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import shown_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table
from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.objects.report import Report


ChosenPage = Annotated[
    list[str] | None,
    typer.Option(
        "--page",
        metavar="NAME=VALUE",
        help="Of a report with page-by, the page of an element; repeated, of several attributes.",
        rich_help_panel="Prompts and pages",
    ),
]
AllPages = Annotated[
    bool,
    typer.Option(
        "--all-pages",
        help="All pages, or those that --page leaves, one after the other; the page-by attributes are columns.",
        rich_help_panel="Prompts and pages",
    ),
]


@takes_server()
def pages(
    name: ReportName,
    *,
    server: Server,
    json: common.Json = False,
    prompts: PromptsFile = None,
    prompt: PromptAnswers = None,
    verbose: common.Verbose = False,
) -> None:
    """List the pages of a report that has page-by: those that have data. The report is run."""
    console = Terminal(stderr=True)
    with (
        shown_errors(console, verbose=verbose),
        prompts_as_options(name),
        open_connection(server) as connection,
    ):
        report = connection.report(connection.find(name, "report").id)
        answers = answers_from(prompts, prompt or ())
        table = (report.prompts(answers) if answers else report).pages()
        if json:
            print_json(table.to_pylist())
        elif table.num_columns:
            rows = [["" if value is None else str(value) for value in row.values()] for row in table.to_pylist()]
            print_table([column.upper() for column in table.column_names], rows)
        else:
            console.print(f"{report.name!r} has no page-by.")


def on_pages(report: Report, chosen: Sequence[str], *, every: bool) -> Report:
    """Choose pages of a report as options ``NAME=VALUE`` say; errors: UsageError."""
    choice = {}
    for item in chosen:
        name, sign, value = read_pair(item)
        if not name or not sign or name in choice:
            raise UsageError(f"--page {item!r} is no choice.", hint="Write NAME=VALUE, once for each attribute.")
        choice[name] = value or None
    report = report.page_by(choice) if choice else report
    return report.expand_pages() if every else report
