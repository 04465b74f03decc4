"""The question to an object, as the options of ``mstr-arrow fetch`` say it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

import typer

from mstr_arrow.cli.options.pairs import read_names, read_order
from mstr_arrow.errors import UsageError
from mstr_arrow.jobs.increments import reads_again
from mstr_arrow.query.since import Grown, read_overlap
from mstr_arrow.query.sql_conditions import from_sql
from mstr_arrow.scan.scan import Scan

LESS = "Rows and columns"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """The options; each list as often as its option was given."""

    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Rows to read, as SQL writes it: \"Region in ('East') and Units > 3\"; repeated, all must hold.",
            rich_help_panel=LESS,
        ),
    ] = None
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,…",
            help="Columns to keep, in this order: rows stay as they are. A name with a comma is put in double "
            "quotes.",
            rich_help_panel=LESS,
        ),
    ] = None
    aggregate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,…",
            help="Attributes and metrics to ask for: the server adds metrics up over the other attributes, so rows "
            "become fewer.",
            rich_help_panel=LESS,
        ),
    ] = None
    having: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Rows to keep after --aggregate has had metrics added up.",
            rich_help_panel=LESS,
        ),
    ] = None
    sort: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B desc,…",
            help="Sort by these columns; with --head, the first rows of that order are read.",
            rich_help_panel=LESS,
        ),
    ] = None
    head: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Read the first rows only.", rich_help_panel=LESS)
    ] = None

    since: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Read only what came after the rows that are in the folder, by a column of dates or numbers that "
            "grow; with --mode append, or with --partition-by this column and --mode replace_partitions.",
            rich_help_panel=LESS,
        ),
    ] = None
    overlap: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How far before that to begin, for rows that come late: '3 days', '12 hours', or a number.",
            rich_help_panel=LESS,
        ),
    ] = None

    def check(self, mode: str | None, partition_by: Collection[str]) -> None:
        """Refuse to read what is new where that would lose or double rows; errors: UsageError."""
        if self.since is None:
            if self.overlap is not None:
                raise UsageError("--overlap is for --since.", hint="Add --since COLUMN, or leave it away.")
            return
        if self.head is not None:
            raise UsageError(
                "--since and --head exclude each other: other new rows would never come.",
                hint="Leave one of them away.",
            )
        read_overlap(self.overlap)
        reads_again(self.since, mode, partition_by, self.overlap)

    def apply_to(self, scan: Scan, *, last: Grown | None = None, inclusive: bool = True) -> Scan:
        """Make the scan that answers it, of what came since the ``last`` value; errors: UsageError."""
        scan = scan.filter(*map(from_sql, self.where)) if self.where else scan
        if self.since is not None:
            scan = scan.since(self.since, last, overlap=self.overlap, inclusive=inclusive)
        if aggregated := read_names(self.aggregate or ()):
            scan = scan.aggregate(*aggregated)
        scan = scan.filter(*map(from_sql, self.having)) if self.having else scan
        if keys := read_order(self.sort or ()):
            scan = scan.sort(*(column for column, _ in keys), descending=[descending for _, descending in keys])
        scan = scan if self.head is None else scan.head(self.head)
        selected = read_names(self.columns or ())
        return scan.select(*selected) if selected else scan
