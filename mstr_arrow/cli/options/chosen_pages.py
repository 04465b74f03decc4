"""The pages of a report that options choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mstr_arrow.cli.options.pairs import read_pair
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
