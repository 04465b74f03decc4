"""The targets of a sweep's requests, a class for each kind of work: found, prepared, requested, released."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mstr_arrow.catalog.find import find
from mstr_arrow.errors import DataMismatch, UsageError
from mstr_arrow.fetch.read_options import ReadOptions
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.rows import Range
from mstr_arrow.http.response import parse_json
from mstr_arrow.instances.probe import probe
from mstr_arrow.objects.cube import open_cube
from mstr_arrow.objects.report import open_report
from mstr_arrow.responses import items, reading, whole_number

if TYPE_CHECKING:
    from mstr_arrow.grid.definition import Attribute
    from mstr_arrow.grid.grid_options import GridOptions
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.objects.described import Described
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.session_client import Client


class Took(NamedTuple):
    """The result of a request: rows, and the bytes of their text; ``sent_bytes`` for an upload."""

    rows: int
    text_bytes: int
    sent_bytes: int = 0


class Target(Protocol):
    """The target of one kind of work, in one log-in.

    ``turn`` counts the requests of a load in this log-in from 0; ``rows`` is the number of rows of each request.
    """

    def place(self, turn: int, rows: int) -> tuple[str, int]:
        """Return a name for the target of the request of a turn, and the number of the first row."""

    async def ask(self, turn: int, rows: int) -> Response:
        """Send the request of a turn, and no other. Errors: MstrError."""

    def read(self, response: Response, turn: int, rows: int) -> Took:
        """Decode a response, in a worker thread. Errors: MstrError for a wrong response."""

    async def prepare(self, rows: int) -> None:
        """Prepare the server for the requests of a load. Errors: MstrError."""

    async def rest(self) -> None:
        """Give back what the requests of a load left on the server, after each load."""

    async def aclose(self) -> str | None:
        """Give back everything on the server, at the end; return a text that names what could not be deleted."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A cube or report under measurement."""

    name: str
    source: Source
    options: GridOptions


async def find_subject(client: Client, wanted: str | Described) -> Subject:
    """Find a cube or report by name, or take an opened one with answers to prompts.

    Errors: those of `Connection.find`; UsageError for a scan of a part of an object.
    """
    if isinstance(wanted, str):
        info = await find(client.http, wanted)
        options = ReadOptions(limits=client.http.settings.limits)
        if info.kind == "report":
            found: Described = await open_report(client, info.id, options)
        else:
            found = await open_cube(client, info.id, options, row_counts=False)
        return _subject(wanted, found)
    return _subject(wanted.name, wanted)


def _subject(name: str, found: Described) -> Subject:
    resolver = found._resolver  # noqa: SLF001 - what a read works with
    if not resolver.query.trivial:
        raise UsageError(
            f"a sweep measures {name!r} as a whole, and was given a part of it.",
            hint="Give the object itself, without conditions and chosen columns.",
        )
    if resolver.source.expands:
        raise UsageError(
            f"all pages of the page-by of {name!r} were asked for, which are several results.",
            hint="Choose one page.",
        )
    return Subject(name, resolver.source.with_shown_forms(resolver.options.grid), resolver.options.grid)


@dataclass(slots=True)
class Pages:
    """The pages of an instance, from first to last and round again. GET …/instances/{id} for each.

    The instance is made beforehand, as in a read: POST …/instances, and further requests for a report.
    """

    session: ProjectSession
    subject: Subject
    instance: Instance

    @classmethod
    async def open(cls, client: Client, subject: Subject) -> Pages:
        """Make the instance. Errors: those of a read, UsageError for an instance without rows."""
        instance = await probe(client.session, subject.source, subject.options)
        if not instance.total or not instance.id:
            raise UsageError(f"{subject.name!r} has no rows, so no pages to measure.", hint="Leave it out.")
        return cls(client.session, subject, instance)

    def place(self, turn: int, rows: int) -> tuple[str, int]:
        """Return the page's name, and the page's first row."""
        pages = max(1, -(-self.instance.total // rows))
        return "page", turn % pages * rows

    async def ask(self, turn: int, rows: int) -> Response:
        """Request a page once, without falling back on a smaller page after a time-out."""
        sent = time.monotonic()
        wanted, subject = Range(self.place(turn, rows)[1], rows), self.subject
        response = await subject.source.page(self.session.http, self.instance.id, wanted, subject.options)
        self.session.instances.note_use(self.instance.id, sent)
        return response

    def read(self, response: Response, turn: int, rows: int) -> Took:
        """Decode a page, and check offset and row count, as in a read."""
        text = response.text()
        offset = self.place(turn, rows)[1]
        page = decode_page(text, self.instance.columns, options=self.subject.options, offset=offset)
        told = page.paging
        if (told.offset, told.total) != (offset, self.instance.total) or not 0 < told.current <= rows:
            raise DataMismatch(
                f"the page at row {offset} came with {told.current} rows from row {told.offset} on, of "
                f"{told.total} in all, where {rows} of {self.instance.total} were asked for."
            )
        return Took(told.current, len(text))

    async def prepare(self, rows: int) -> None:
        """Do nothing: the instance exists."""

    async def rest(self) -> None:
        """Do nothing: the next load uses the same instance."""

    async def aclose(self) -> str | None:
        """Leave the instance to the log-out: no call frees an instance."""
        return None


@dataclass(slots=True)
class Instances:
    """New instances, each with the first page. POST …/instances for each.

    No call frees an instance: each takes a place in the working set of the log-in, pushes out the oldest instance,
    which may be one that pages are read from, and ends with the log-out. An instance of a report is a run of the
    report; the request waits for the end of the run, as it does not send ``Prefer: respond-async``.
    """

    session: ProjectSession
    subject: Subject

    @classmethod
    async def open(cls, client: Client, subject: Subject) -> Instances:
        """Make one instance as a trial. Errors: those of a read, UsageError for prompts."""
        source = subject.source
        if source.prompts is not None or source.page_by is not None:
            raise UsageError(
                f"an instance of {subject.name!r} takes several requests, for its prompts or its page-by.",
                hint="Measure its pages.",
            )
        if source.given is not None:
            raise UsageError(
                f"{subject.name!r} is a given instance, of which no other is made.", hint="Leave it out."
            )
        await probe(client.session, source, subject.options)
        return cls(client.session, subject)

    def place(self, turn: int, rows: int) -> tuple[str, int]:  # noqa: ARG002 - as all kinds have it
        """Return one name for all requests."""
        return "instance", 0

    async def ask(self, turn: int, rows: int) -> Response:  # noqa: ARG002 - as all kinds have it
        """Request an instance with the first page."""
        source, options = self.subject.source, self.subject.options
        return await self.session.http.request(
            "POST",
            source.path,
            params=source.params(Range(0, rows), options),
            json=source.request_body(options),
            safe=False,
            wait="execute",
        )

    def read(self, response: Response, turn: int, rows: int) -> Took:  # noqa: ARG002 - as all kinds have it
        """Decode the first page."""
        text = response.text()
        return Took(decode_page(text, options=self.subject.options).paging.current, len(text))

    async def prepare(self, rows: int) -> None:
        """Do nothing: instances need no preparation."""

    async def rest(self) -> None:
        """Do nothing: later instances push these out."""

    async def aclose(self) -> str | None:
        """Leave the instances to the log-out."""
        return None


@dataclass(slots=True)
class Elements:
    """The elements of an object's attributes, one attribute after the other, and round again.

    GET …/attributes/{id}/elements for each. One request beforehand counts the elements of each attribute.
    """

    session: ProjectSession
    subject: Subject
    totals: list[tuple[Attribute, int]]
    _pages: dict[int, list[tuple[Attribute, int]]] = field(default_factory=dict)

    @classmethod
    async def open(cls, client: Client, subject: Subject) -> Elements:
        """Count the elements of each attribute. Errors: UsageError for an object without attributes."""
        opened = cls(client.session, subject, [])
        if not subject.source.attributes:
            raise UsageError(f"{subject.name!r} has no attributes, so no elements.", hint="Measure its pages.")
        for attribute in subject.source.attributes:
            response = await opened._list_elements(attribute, 0, 1)
            opened.totals.append((attribute, whole_number(response.headers.get("x-mstr-total-count")) or 1))
        return opened

    def place(self, turn: int, rows: int) -> tuple[str, int]:
        """Return the attribute's name, and the number of the first element."""
        attribute, offset = self._choose_page(turn, rows)
        return attribute.id, offset

    async def ask(self, turn: int, rows: int) -> Response:
        """Request elements."""
        attribute, offset = self._choose_page(turn, rows)
        return await self._list_elements(attribute, offset, rows)

    def read(self, response: Response, turn: int, rows: int) -> Took:
        """Count the elements."""
        text = response.text()
        body = parse_json(text)
        with reading(body, f"a list of elements of {self._choose_page(turn, rows)[0].name!r}"):
            listed = items(body["elements"] if isinstance(body, dict) and "elements" in body else body)
        return Took(len(listed), len(text))

    async def prepare(self, rows: int) -> None:
        """Do nothing: elements need no preparation."""

    async def rest(self) -> None:
        """Do nothing: elements leave nothing on the server."""

    async def aclose(self) -> str | None:
        """Do nothing: elements leave nothing on the server."""
        return None

    def _choose_page(self, turn: int, rows: int) -> tuple[Attribute, int]:
        if rows not in self._pages:
            starts = [(each, range(0, max(1, total), rows)) for each, total in self.totals]
            self._pages[rows] = [(each, offset) for each, offsets in starts for offset in offsets]
        pages = self._pages[rows]
        return pages[turn % len(pages)]

    async def _list_elements(self, attribute: Attribute, offset: int, limit: int) -> Response:
        params: dict[str, object] = {"offset": offset, "limit": limit}
        if attribute.forms:
            params["baseFormIds"] = ",".join(form.id for form in attribute.forms)
        path = f"{self.subject.source.object_path}/attributes/{attribute.id}/elements"
        return await self.session.http.request("GET", path, params=params)
