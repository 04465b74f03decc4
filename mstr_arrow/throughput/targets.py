"""What the requests of a sweep ask for, a class for each kind of work, and how they are found and made ready."""

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
    """What a request took or brought: rows, and the bytes of their text; ``sent_bytes`` where they went up."""

    rows: int
    text_bytes: int
    sent_bytes: int = 0


class Target(Protocol):
    """What the requests of one kind of work ask for, in one log-in.

    ``turn`` counts the requests of a load in this log-in from 0, ``rows`` are those that each is to have.
    """

    def place(self, turn: int, rows: int) -> tuple[str, int]:
        """Tell what the request of a turn asks for, by a name that is its own and the first of its rows."""

    async def ask(self, turn: int, rows: int) -> Response:
        """Send the request of a turn, and nothing else. Errors: MstrError."""

    def read(self, response: Response, turn: int, rows: int) -> Took:
        """Read an answer; called in a worker thread. Errors: MstrError for one that is not what was asked for."""

    async def prepare(self, rows: int) -> None:
        """Make ready what the requests of a load need. Errors: MstrError."""

    async def rest(self) -> None:
        """Give back what the requests of a load have left on the server, after each load."""

    async def aclose(self) -> str | None:
        """Give back all that is on the server, at the end; say what could not be."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A cube or report that is measured, as its own calls describe it."""

    name: str
    source: Source
    options: GridOptions


async def find_subject(client: Client, wanted: str | Described) -> Subject:
    """Find a cube or report by name, or take one that was opened, with its answers to prompts.

    Errors: those of `Connection.find`, UsageError for a scan of a part of an object.
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
    """Pages of an instance, from first to last and round again. GET …/instances/{id} for each.

    The instance is made beforehand, as a read does: POST …/instances, and what a report needs besides.
    """

    session: ProjectSession
    subject: Subject
    instance: Instance

    @classmethod
    async def open(cls, client: Client, subject: Subject) -> Pages:
        """Make the instance. Errors: those of a read, UsageError where it has no rows."""
        instance = await probe(client.session, subject.source, subject.options)
        if not instance.total or not instance.id:
            raise UsageError(f"{subject.name!r} has no rows, so no pages to measure.", hint="Leave it out.")
        return cls(client.session, subject, instance)

    def place(self, turn: int, rows: int) -> tuple[str, int]:
        """Tell which page it is."""
        pages = max(1, -(-self.instance.total // rows))
        return "page", turn % pages * rows

    async def ask(self, turn: int, rows: int) -> Response:
        """Ask for a page: once, and not for a smaller one where the server runs out of time."""
        sent = time.monotonic()
        wanted, subject = Range(self.place(turn, rows)[1], rows), self.subject
        response = await subject.source.page(self.session.http, self.instance.id, wanted, subject.options)
        self.session.instances.note_use(self.instance.id, sent)
        return response

    def read(self, response: Response, turn: int, rows: int) -> Took:
        """Decode a page, and see that it is the one that was asked for, as a read does."""
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
        """Do nothing: all is there."""

    async def rest(self) -> None:
        """Leave the instance for the next load."""

    async def aclose(self) -> str | None:
        """Leave the instance to the log-out: no call frees one."""
        return None


@dataclass(slots=True)
class Instances:
    """New instances, each with its first page. POST …/instances for each.

    No call frees one: each takes a place in the working set of its log-in, where it pushes out the oldest, those
    that pages were read of among them, and goes with the log-out. Each of a report is a run of it, for whose end
    the request waits, as the server was not asked to answer before (no ``Prefer: respond-async``).
    """

    session: ProjectSession
    subject: Subject

    @classmethod
    async def open(cls, client: Client, subject: Subject) -> Instances:
        """Make one instance, to see that it can be made. Errors: those of a read, UsageError for prompts."""
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
        """Tell that all ask for the same."""
        return "instance", 0

    async def ask(self, turn: int, rows: int) -> Response:  # noqa: ARG002 - as all kinds have it
        """Ask for an instance and its first page."""
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
        """Do nothing: all is there."""

    async def rest(self) -> None:
        """Leave the instances to be pushed out."""

    async def aclose(self) -> str | None:
        """Leave them to the log-out."""
        return None


@dataclass(slots=True)
class Elements:
    """Elements of the attributes of an object, one attribute after the other, and round again.

    GET …/attributes/{id}/elements for each. How many each attribute has is asked for beforehand, by one request.
    """

    session: ProjectSession
    subject: Subject
    totals: list[tuple[Attribute, int]]
    _pages: dict[int, list[tuple[Attribute, int]]] = field(default_factory=dict)

    @classmethod
    async def open(cls, client: Client, subject: Subject) -> Elements:
        """Count the elements of each attribute. Errors: UsageError where there are no attributes."""
        opened = cls(client.session, subject, [])
        if not subject.source.attributes:
            raise UsageError(f"{subject.name!r} has no attributes, so no elements.", hint="Measure its pages.")
        for attribute in subject.source.attributes:
            response = await opened._list_elements(attribute, 0, 1)
            opened.totals.append((attribute, whole_number(response.headers.get("x-mstr-total-count")) or 1))
        return opened

    def place(self, turn: int, rows: int) -> tuple[str, int]:
        """Tell the attribute, and the first of the elements."""
        attribute, offset = self._choose_page(turn, rows)
        return attribute.id, offset

    async def ask(self, turn: int, rows: int) -> Response:
        """Ask for elements."""
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
        """Do nothing: all is there."""

    async def rest(self) -> None:
        """Do nothing: they leave nothing on the server."""

    async def aclose(self) -> str | None:
        """Do nothing: they leave nothing on the server."""
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
