"""Fetch one object: find it, open it, publish it anew if that is wanted, ask it, and write its rows."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mstr_arrow.cli.commands.refresh import only_cubes
from mstr_arrow.cli.options.output import Output
from mstr_arrow.cli.options.parameter_values import refuse_parameters
from mstr_arrow.cli.options.resuming import Resuming
from mstr_arrow.cli.render.progress import detail, progress
from mstr_arrow.cli.render.publishing import publication_progress
from mstr_arrow.cli.render.publishing import summarise as refreshed
from mstr_arrow.errors import UsageError
from mstr_arrow.instances.freshness import fetch_publication
from mstr_arrow.jobs.definition.targets import Target
from mstr_arrow.jobs.held import highest_in
from mstr_arrow.objects.report import Report
from mstr_arrow.session.session_client import client_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.cli.options.prompting_options import PromptingOptions
    from mstr_arrow.cli.options.query_options import QueryOptions
    from mstr_arrow.cli.options.written import Written
    from mstr_arrow.cli.render.streams import Terminal
    from mstr_arrow.connection import Connection
    from mstr_arrow.fetch.read_options import ScanOptions
    from mstr_arrow.instances.freshness import Published
    from mstr_arrow.objects.cube import Cube
    from mstr_arrow.prompts.collection import Answers
    from mstr_arrow.scan.scan import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFetcher:
    """Reads objects as the options say, whatever each is; errors of each call: those of a read, and UsageError.

    With ``tells_data_time`` the server is asked when its data were published. ``label`` begins what is shown of one
    of several.
    """

    console: Terminal
    query: QueryOptions
    prompting: PromptingOptions
    answers: Answers
    parameters: Mapping[str, str]
    options: ScanOptions
    row_counts: bool
    refresh: bool
    tells_data_time: bool
    quiet: bool
    verbose: bool
    label: str = ""

    def of(self, label: str) -> ObjectFetcher:
        """Return a fetcher of one of several objects."""
        return replace(self, label=f"{label}: ")

    def scan(self, connection: Connection, found: ObjectInfo, target: Output | Resuming | None = None) -> Scan:
        """Open an object, have it published anew if that is wanted, and ask what is not in the target yet."""
        opened = self._open(connection, found)
        if self.refresh:
            self._refresh(opened)
        told, column = self.prompting.apply_to(opened, self.answers), self.query.since
        if column is None or not isinstance(target, Output):
            return self.query.apply_to(told)
        last = highest_in(Target("parts", str(target.path)), column)
        return self.query.apply_to(told, last=last, inclusive=target.parquet.mode != "append")

    def write(self, connection: Connection, found: ObjectInfo, target: Output | Resuming) -> Written:
        """Do all of it, and tell what was done."""
        scan = self.scan(connection, found, target)
        asks_time = self.tells_data_time and not isinstance(target, Resuming)
        published = _fetch_published(connection, found) if asks_time else None
        with progress(self.console, quiet=self.quiet, label=self.label) as on_progress:
            written = target.write(scan, on_progress)
        if published is not None:
            why_not = None if published.moment else published.why_not
            written = replace(written, data_time=published.moment, why_no_data_time=why_not)
        if not self.quiet:
            self.console.print(f"{self.label}{written.said}", soft_wrap=True)
        if self.verbose and written.stats:
            self.console.print(detail(written.stats), soft_wrap=True)
        return written

    def _open(self, connection: Connection, found: ObjectInfo) -> Cube | Report:
        if found.kind == "data model":
            return connection.data_model(
                found.id, parameters=self.parameters, row_counts=self.row_counts, **self.options
            )
        refuse_parameters(self.parameters, found.name, found.kind or "cube")
        if found.kind != "report":
            return connection.cube(found.id, row_counts=self.row_counts, **self.options)
        if self.row_counts:
            raise UsageError(
                f"{found.name!r} is a report, and only cubes have row counts.", hint="Drop --row-counts."
            )
        return connection.report(found.id, **self.options)

    def _refresh(self, opened: Cube | Report) -> None:
        if isinstance(opened, Report):
            raise only_cubes(opened.name)
        began = time.monotonic()
        with publication_progress(self.console, quiet=self.quiet) as on_progress:
            publication = opened.refresh(on_progress=on_progress)
        if not self.quiet:
            done = refreshed(publication, time.monotonic() - began)
            self.console.print(f"{self.label}{done}", soft_wrap=True, markup=False)


def _fetch_published(connection: Connection, found: ObjectInfo) -> Published:
    """Ask when the data of an object were published, which an extraction does by itself."""
    client = client_of(connection)
    kind = "report" if found.kind == "report" else "cube"
    return client.run(fetch_publication(client.http, kind, found.id))
