"""``mstr-arrow prompts``: what a report asks, and a file of answers to fill in."""

from pathlib import Path
from typing import Annotated

import typer

from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.prompt_answers import ReportName, ask_all
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table, print_text
from mstr_arrow.errors import UsageError
from mstr_arrow.objects.report_prompts import prompt_table
from mstr_arrow.paths import explain_refusal, path_to_write
from mstr_arrow.prompts.collection import as_toml
from mstr_arrow.prompts.template import template
from mstr_arrow.prompts.words import rows

HEADERS = ("PROMPT", "TYPE", "TAKES", "ANSWER", "DEFAULT", "CHOICES", "KEY")


@takes_server()
def prompts(
    name: ReportName,
    *,
    server: Server,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write a .toml file to fill in; with --ask the answers, as .toml or .json.",
        ),
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the answers here, and print or write them.")] = False,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Show what a report asks before it runs, or write a file of answers for `mstr-arrow fetch --prompts`.

    The report is not run. Prompts that depend on the answers to others show with --ask only.
    """
    console = Terminal(stderr=True)
    with (
        show_errors(console, verbose=verbose),
        open_connection(server) as connection,
    ):
        output = output and path_to_write(output)
        if output is not None and not ask and output.suffix.lower() != ".toml":
            raise UsageError(f"a file to fill in is TOML, not {output.name!r}.", hint="Name it answers.toml.")
        report = connection.report(connection.find(name, "report").id)
        if ask:
            answers = ask_all(connection, report, console)
            if output is None:
                print_text(as_toml(answers))
            else:
                answers.save(output)
        elif output is not None:
            text = template(report.prompts, report.name)
            with explain_refusal(output, "written"):
                output.write_text(text, encoding="utf-8")
        elif json:
            print_json(prompt_table(report.prompts).to_pylist())
        elif report.prompts:
            print_table(HEADERS, [(*row, prompt.key) for row, prompt in rows(report.prompts)])
        else:
            console.print(f"{report.name!r} asks nothing.")
    if output is not None:
        console.print(f"→ {output}", soft_wrap=True)
