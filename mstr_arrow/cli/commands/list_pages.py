"""``mstr-arrow pages``: the pages of a report that have data."""

from __future__ import annotations

from mstr_arrow.cli.options import common  # noqa: TC001 - typer reads the annotations
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.prompt_answers import (
    PromptAnswers,
    PromptsFile,
    ReportName,
    answers_from,
    prompts_as_options,
)
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table


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
        show_errors(console, verbose=verbose),
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
