"""How much is read at once, and for how long, as the options of ``mstr-arrow fetch`` say it."""

from dataclasses import dataclass, replace
from typing import Annotated

import typer

from mstr_arrow.cli.options import common
from mstr_arrow.config import Limits

PAGING = "PagingOptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class PagingOptions:
    """The options."""

    unordered: Annotated[
        bool,
        typer.Option("--unordered", help="Write pages as they arrive, not in order.", rich_help_panel=PAGING),
    ] = False
    page_rows: Annotated[
        int | None,
        typer.Option(metavar="ROWS", min=1, help="Rows of each request.", rich_help_panel=PAGING),
    ] = None
    page_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=common.read_size,
            help="Size of each response, if not the rows.",
            rich_help_panel=PAGING,
        ),
    ] = None
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            metavar="N",
            min=1,
            help="Requests at the same time, if not as many as are worth it.",
            rich_help_panel=PAGING,
        ),
    ] = None
    polite: Annotated[
        bool,
        typer.Option("--polite", help="Keep the server's load low: at most two requests.", rich_help_panel=PAGING),
    ] = False
    deadline: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="What the read may take, from its first request for rows to its last; with --resume another run "
            "goes on.",
            rich_help_panel=PAGING,
        ),
    ] = None
    buffer_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=common.read_size,
            help="Answers held in memory at the same time.",
            rich_help_panel=PAGING,
        ),
    ] = None
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh",
            help="Have the cube published anew first, and read it when its data are new; see mstr-arrow refresh.",
            rich_help_panel=PAGING,
        ),
    ] = False

    def limits(self) -> Limits:
        """Return what they are for a connection; errors: UsageError."""
        given = {
            "polite": self.polite or None,
            "page_rows": self.page_rows,
            "page_bytes": self.page_bytes,
            "concurrency": self.concurrency,
            "buffer_bytes": self.buffer_bytes,
        }
        chosen = {key: value for key, value in given.items() if value is not None}
        return replace(Limits(), **chosen)  # type: ignore[arg-type]  # each as its option says
