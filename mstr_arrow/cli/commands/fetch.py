"""``mstr-arrow fetch``: read an object into a file, a folder of parts, or a pipe."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Annotated, Any

import typer

from mstr_arrow.catalog.objects import Kind
from mstr_arrow.cli.commands.pages import AllPages, ChosenPage, on_pages
from mstr_arrow.cli.commands.refresh import only_cubes
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.bad_values import OnBadValues, read_on_bad_value
from mstr_arrow.cli.options.column_types import read_types
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.output import Output, ParquetOptions, output_from
from mstr_arrow.cli.options.parameters import ParameterValues, parameters_from, refuse_parameters
from mstr_arrow.cli.options.prompt_answers import PromptAnswers, PromptsFile, answers_from, prompts_as_options
from mstr_arrow.cli.options.query import Question
from mstr_arrow.cli.options.resuming import (
    GOES_ON,
    IfChanged,
    Resume,
    Resuming,
    WhatToVerify,
    WhenChanged,
    WhenConsistent,
    resuming_from,
)
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import NO_FILE, shown_errors
from mstr_arrow.cli.render.progress import detail, progress, summarise
from mstr_arrow.cli.render.publishing import publication_progress
from mstr_arrow.cli.render.publishing import summarise as refreshed
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_text
from mstr_arrow.config import Limits
from mstr_arrow.connection import Connection
from mstr_arrow.errors import UsageError
from mstr_arrow.fetch.options import ScanOptions
from mstr_arrow.fetch.stats import ScanStats
from mstr_arrow.grid.options import Forms, Layout, Subtotals, Values
from mstr_arrow.objects.cube import Cube
from mstr_arrow.objects.data_model import DataModel
from mstr_arrow.objects.report import Report
from mstr_arrow.prompts.collection import Answers
from mstr_arrow.scan.scan import Scan

LESS, RESULT, READING = "Rows and columns", "Result", "Reading"


@takes_server()
def fetch(
    name: common.Object,
    *,
    server: Server,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .parquet, .arrow or .csv file, or with a / at the end a folder of Parquet parts; it appears "
            "when it is whole. - is standard output. Required, but for --explain.",
            rich_help_panel=common.FILE,
        ),
    ] = None,
    object_type: common.ObjectType = None,
    output_format: common.OutputFormat = None,
    compression: Annotated[
        str,
        typer.Option(
            metavar="CODEC",
            help="Of Parquet: zstd, snappy, gzip, lz4, brotli or none.",
            rich_help_panel=common.FILE,
        ),
    ] = "zstd",
    row_group_rows: Annotated[
        int, typer.Option(metavar="ROWS", min=1, help="Rows of a Parquet row group.", rich_help_panel=common.FILE)
    ] = 131_072,
    part_rows: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            min=1,
            help="Write a folder of Parquet parts of so many rows.",
            rich_help_panel=common.FILE,
        ),
    ] = None,
    part_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=common.read_size,
            help="Write a folder of Parquet parts of about this size, such as 256MB, which is what a folder has "
            "if nothing else is said; 32MB with --resume.",
            rich_help_panel=common.FILE,
        ),
    ] = None,
    overwrite: common.Overwrite = False,
    resume: Resume = False,
    if_changed: IfChanged = False,
    on_change: WhenChanged = "raise",
    verify: WhatToVerify = None,
    consistency: WhenConsistent = "likely",
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Rows to read, as SQL writes it: \"Region in ('East') and Units > 3\"; repeated, all must hold.",
            rich_help_panel=LESS,
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,…",
            help="Columns to keep, in this order: rows stay as they are. A name with a comma is put in double "
            "quotes.",
            rich_help_panel=LESS,
        ),
    ] = None,
    aggregate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,…",
            help="Attributes and metrics to ask for: the server adds metrics up over the other attributes, so rows "
            "become fewer.",
            rich_help_panel=LESS,
        ),
    ] = None,
    having: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Rows to keep after --aggregate has had metrics added up.",
            rich_help_panel=LESS,
        ),
    ] = None,
    sort: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B desc,…",
            help="Sort by these columns; with --head, the first rows of that order are read.",
            rich_help_panel=LESS,
        ),
    ] = None,
    head: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Read the first rows only.", rich_help_panel=LESS)
    ] = None,
    prompts: PromptsFile = None,
    prompt: PromptAnswers = None,
    page: ChosenPage = None,
    all_pages: AllPages = False,
    parameter: ParameterValues = None,
    explain_only: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Say what would be asked of the server, what would be done here and why; read nothing.",
            rich_help_panel=LESS,
        ),
    ] = False,
    layout: Annotated[
        Layout,
        typer.Option(help="A column per metric, or the cross-tab's own columns.", rich_help_panel=RESULT),
    ] = "tidy",
    subtotals: Annotated[
        Subtotals, typer.Option(help="What becomes of rows that total others.", rich_help_panel=RESULT)
    ] = "drop",
    values: Annotated[
        Values,
        typer.Option(help="Metrics as values, as the texts that a person sees, or both.", rich_help_panel=RESULT),
    ] = "raw",
    forms: Annotated[
        Forms,
        typer.Option(
            help="The forms of attributes that the object shows, or all there are.", rich_help_panel=RESULT
        ),
    ] = "shown",
    column_types: Annotated[
        list[str] | None,
        typer.Option(
            "--column-type",
            metavar="NAME=TYPE",
            help="Read a column as another Arrow type, such as decimal128(18, 2); may be repeated.",
            rich_help_panel=RESULT,
        ),
    ] = None,
    on_bad_value: OnBadValues = None,
    row_counts: Annotated[
        bool,
        typer.Option("--row-counts", help="Add a cube's own Row Count metrics.", rich_help_panel=RESULT),
    ] = False,
    unordered: Annotated[
        bool,
        typer.Option("--unordered", help="Write pages as they arrive, not in order.", rich_help_panel=READING),
    ] = False,
    page_rows: Annotated[
        int | None,
        typer.Option(metavar="ROWS", min=1, help="Rows of each request.", rich_help_panel=READING),
    ] = None,
    page_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=common.read_size,
            help="Size of each answer, if not the rows.",
            rich_help_panel=READING,
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            metavar="N",
            min=1,
            help="Requests at the same time, if not as many as are worth it.",
            rich_help_panel=READING,
        ),
    ] = None,
    polite: Annotated[
        bool,
        typer.Option("--polite", help="Keep the server's load low: at most two requests.", rich_help_panel=READING),
    ] = False,
    deadline: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="What the read may take, from its first request for rows to its last; with --resume another run "
            "goes on.",
            rich_help_panel=READING,
        ),
    ] = None,
    buffer_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=common.read_size,
            help="Answers held in memory at the same time.",
            rich_help_panel=READING,
        ),
    ] = None,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh",
            help="Have the cube published anew first, and read it when its data are new; see mstr-arrow refresh.",
            rich_help_panel=READING,
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show tracebacks, requests and where the time went.")
    ] = False,
) -> None:
    """Read a cube or report into a Parquet, Arrow or CSV file, a folder of Parquet parts, or standard output."""
    console = Terminal(stderr=True)
    resumes = resume or if_changed
    with shown_errors(console, verbose=verbose, interrupted=GOES_ON if resumes else NO_FILE):
        _check(
            {
                "--polite and --concurrency": polite and concurrency is not None,
                "--resume and --unordered": resumes and unordered,
                "--refresh and --explain": refresh and explain_only,
            }
        )
        if on_change != "raise" and not resumes:
            raise UsageError("--on-change is for extractions that resume.", hint="Add --resume, or leave it away.")
        if verify is not None and not resumes:
            raise UsageError("--verify is for extractions that resume.", hint="Add --resume, or leave it away.")
        if consistency != "likely" and not resumes:
            raise UsageError(
                "--consistency is for extractions that resume.", hint="Add --resume, or leave it away."
            )
        parquet = ParquetOptions(
            compression=compression,
            row_group_rows=row_group_rows,
            part_rows=part_rows,
            part_bytes=part_bytes,
            overwrite=overwrite,
        )
        target: Output | Resuming | None = None
        if resumes and not explain_only:
            target = resuming_from(
                _given(output), output_format, parquet, if_changed=if_changed, on_change=on_change, verify=verify
            )
        elif not explain_only:
            target = output_from(_given(output), output_format, parquet)
        question = Question(
            aggregate=aggregate or (),
            where=where or (),
            having=having or (),
            sort=sort or (),
            head=head,
            columns=columns or (),
        )
        how: ScanOptions = {
            "types": read_types(column_types or ()),
            "layout": layout,
            "subtotals": subtotals,
            "values": values,
            "forms": forms,
            "on_bad_value": read_on_bad_value(on_bad_value or ()),
            "ordered": not unordered or head is not None,
            "total_order": resumes,
            "consistency": consistency,
            "deadline": deadline,
        }
        given: dict[str, Any] = {
            "polite": polite or None,
            "page_rows": page_rows,
            "page_bytes": page_bytes,
            "concurrency": concurrency,
            "buffer_bytes": buffer_bytes,
        }
        limits = replace(Limits(), **{key: value for key, value in given.items() if value is not None})
        answers = answers_from(prompts, prompt or ())
        parameters = parameters_from(parameter or ())
        with (
            prompts_as_options(name),
            open_connection(server, limits=limits) as connection,
            target.over(connection) if isinstance(target, Resuming) else nullcontext(),
        ):
            opened = _open(connection, name, object_type, how, row_counts=row_counts, parameters=parameters)
            if refresh:
                _refresh(opened, console, quiet=quiet)
            scan = question.asked_of(_chosen(opened, answers, page or (), every=all_pages))
            if target is None:
                print_text(scan.explain())
                return
            with progress(console, quiet=quiet) as on_progress:
                line, stats = _write(scan, target, on_progress)
        if not quiet:
            console.print(line, soft_wrap=True)
        if verbose and stats:
            console.print(detail(stats), soft_wrap=True)


def _write(
    scan: Scan, target: Output | Resuming, on_progress: Callable[[ScanStats], None]
) -> tuple[str, ScanStats | None]:
    """Write the result; return what to say of it, and what the read did."""
    if isinstance(target, Resuming):
        return target.write(scan, on_progress)
    stats = target.write(scan, on_progress)
    return f"{summarise(stats)} → {target.describe()}", stats


def _refresh(opened: Cube | Report, console: Terminal, *, quiet: bool) -> None:
    """Have a cube published anew; errors: UsageError for a report."""
    if isinstance(opened, Report):
        raise only_cubes(opened.name)
    began = time.monotonic()
    with publication_progress(console, quiet=quiet) as on_progress:
        publication = opened.refresh(on_progress=on_progress)
    if not quiet:
        console.print(refreshed(publication, time.monotonic() - began), soft_wrap=True, markup=False)


def _check(together: dict[str, bool]) -> None:
    """Refuse options that exclude each other; errors: UsageError."""
    for names, given in together.items():
        if given:
            raise UsageError(f"{names} exclude each other.", hint="Leave one of them away.")


def _given(output: str | None) -> str:
    if output is None:
        raise UsageError("there is no --output.", hint="Name a file, as in -o sales.parquet; - is standard output.")
    return output


def _chosen(opened: Cube | Report, answers: Answers, page: Sequence[str], *, every: bool) -> Cube | Report:
    """Answer a report's prompts and choose its pages; errors: UsageError for a cube, which has none."""
    if isinstance(opened, Report):
        return on_pages(opened.prompts(answers) if answers else opened, page, every=every)
    what = f"{opened.name!r} is a {'data model' if isinstance(opened, DataModel) else 'cube'}"
    if answers:
        raise UsageError(f"{what}, and only reports ask.", hint="Drop --prompts and --prompt.")
    if page or every:
        raise UsageError(f"{what}, and only reports have pages.", hint="Drop --page and --all-pages.")
    return opened


def _open(
    connection: Connection,
    name: str,
    kind: Kind | None,
    how: ScanOptions,
    *,
    row_counts: bool,
    parameters: Mapping[str, str],
) -> Cube | Report:
    """Find the object and open it; errors: UsageError for row counts of a report, parameters of no model."""
    found = connection.find(name, kind)
    if found.kind == "data model":
        return connection.data_model(found.id, parameters=parameters, row_counts=row_counts, **how)
    refuse_parameters(parameters, found.name, found.kind or "cube")
    if found.kind != "report":
        return connection.cube(found.id, row_counts=row_counts, **how)
    if row_counts:
        raise UsageError(f"{found.name!r} is a report, and only cubes have row counts.", hint="Drop --row-counts.")
    return connection.report(found.id, **how)
