"""The command and its subcommands."""

from typing import Annotated

import typer

import mstr_arrow
from mstr_arrow.cli.demo import demo
from mstr_arrow.cli.fetch import fetch
from mstr_arrow.cli.simulate import simulate

EXIT_CODES = (
    "Exit codes: 0 done · 1 the server or the network failed, or a file could not be written · 2 wrong usage · "
    "3 the data are not what was promised or do not fit a type · 130 interrupted by Ctrl-C."
)
FIRST_STEPS = """\
[bold]Start here[/bold]

mstr-arrow demo

mstr-arrow fetch --help
"""
FETCH_EXAMPLES = """\
[bold]Examples[/bold]

export MSTR_URL=https://bi.example.com/MicroStrategyLibrary MSTR_USERNAME=ann MSTR_PROJECT=Retail

mstr-arrow fetch "Sales Cube" -o sales.parquet

mstr-arrow fetch "Sales Cube" -o sales.parquet --type 'Revenue=decimal128(18, 2)' --type Zip=string

mstr-arrow fetch "/Shared Reports/Sales/Daily" -o daily.arrow --profile nightly --quiet

mstr-arrow fetch "Sales Cube" -o - --format csv | head

[bold]Settings[/bold]

A flag beats the environment, and the environment beats the profile file: config.toml in your configuration
folder for mstr-arrow (~/.config/mstr-arrow on Linux), or the file that MSTR_ARROW_CONFIG names. Its tables are
profiles, their keys the long options; \\[default] is used when no other is named.

The password comes from --password-file or --password-stdin, MSTR_PASSWORD, or the profile; else you are asked.
"""

app = typer.Typer(
    name="mstr-arrow",
    rich_markup_mode="rich",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Its tracebacks show local variables, passwords among them.
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mstr-arrow {mstr_arrow.__version__}")
        raise typer.Exit


@app.callback(epilog=f"{FIRST_STEPS}\n{EXIT_CODES}")
def root(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Move data from a MicroStrategy (Strategy One) Intelligence Server to Arrow, Parquet and CSV."""


app.command(epilog=f"{FETCH_EXAMPLES}\n{EXIT_CODES}")(fetch)
app.command()(demo)
app.command()(simulate)
