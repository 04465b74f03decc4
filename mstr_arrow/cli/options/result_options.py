"""How rows of the result come to look, as the options of ``mstr-arrow fetch`` say it."""

from dataclasses import dataclass
from typing import Annotated

import typer

from mstr_arrow.cli.options.column_types import read_types
from mstr_arrow.cli.options.on_bad_value import OnBadValues, read_on_bad_value
from mstr_arrow.fetch.read_options import ScanOptions
from mstr_arrow.grid.grid_options import Forms, Layout, Subtotals, Values

RESULT = "Result"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOptions:
    """The options."""

    layout: Annotated[
        Layout,
        typer.Option(help="A column per metric, or the cross-tab's own columns.", rich_help_panel=RESULT),
    ] = "tidy"
    subtotals: Annotated[
        Subtotals, typer.Option(help="What becomes of rows that total others.", rich_help_panel=RESULT)
    ] = "drop"
    values: Annotated[
        Values,
        typer.Option(help="Metrics as values, as the texts that a person sees, or both.", rich_help_panel=RESULT),
    ] = "raw"
    forms: Annotated[
        Forms,
        typer.Option(
            help="The forms of attributes that the object shows, or all there are.", rich_help_panel=RESULT
        ),
    ] = "shown"
    column_types: Annotated[
        list[str] | None,
        typer.Option(
            "--column-type",
            metavar="NAME=TYPE",
            help="Read a column as another Arrow type, such as decimal128(18, 2); may be repeated.",
            rich_help_panel=RESULT,
        ),
    ] = None
    on_bad_value: OnBadValues = None
    row_counts: Annotated[
        bool,
        typer.Option("--row-counts", help="Add a cube's own Row Count metrics.", rich_help_panel=RESULT),
    ] = False

    def options(self) -> ScanOptions:
        """Return what they are for a scan; errors: UsageError."""
        return {
            "types": read_types(self.column_types or ()),
            "layout": self.layout,
            "subtotals": self.subtotals,
            "values": self.values,
            "forms": self.forms,
            "on_bad_value": read_on_bad_value(self.on_bad_value or ()),
        }
