"""The pages of a report that has page-by: the list of pages, one page, all pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import InstanceGone, UsageError
from mstr_arrow.instances.page_choice import PageChoice, fetch_page_by
from mstr_arrow.query.query import Query
from mstr_arrow.scan.scan import Scan
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    import pyarrow as pa

    from mstr_arrow.fetch.resolver import Resolver


class Paged(Scan):
    """A scan of a report that may have page-by. Without a choice it reads the page that the server shows first."""

    def pages(self) -> pa.Table:
        """List the pages that have data: a row for each page, a column for each form of a page-by attribute.

        Runs the report, after answers to its prompts were given, by POST …/instances; the next read uses the same
        instance. Then GET …/instances/{id}/pageBy/elements, 1,000 pages at a time, until all pages are listed.
        Raises PromptsOpen where a required prompt has no answer.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.report("Paged By Two").pages().column_names
        ['Year', 'Region']
        """
        return self._client.run(_pages(self._resolver))

    async def pages_async(self) -> pa.Table:
        """List the pages as `pages` does, without blocking the event loop."""
        return await self._client.bridge(_pages(self._resolver))

    def page_by(self, choice: Mapping[str, object] | None = None, /, **named: object) -> Self:
        """Choose one page: an element for each page-by attribute, by the attribute's name or id. Send nothing.

        An element is given by the value of any form, or by the element's id. An attribute that leaves one choice
        may be left out. Reading raises UsageError, with near names, for an unknown element, and where several pages
        are left: `expand_pages` reads several. Conditions on a report with a chosen page run here, not on the
        server.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     report = conn.report("Paged By Two")
        ...     first = report.pages().to_pylist()[0]
        ...     report.page_by(first).to_arrow().num_rows > 0
        True
        """
        values = {**self._chosen.values, **(choice or {}), **named}
        return self._on(replace(self._chosen, values=values))

    def expand_pages(self) -> Self:
        """Read all pages, or those that `page_by` has chosen, one after the other as one table. Send nothing yet.

        The page-by attributes are the first columns. A metric of integers with up to 32 bits becomes a double,
        since the server may call the same metric an integer on one page and a double on another; ``types=`` keeps
        integers. A read uses up to `Limits.concurrency` instances, as far as the session has room, and each
        instance shows one page after another. The other limits hold for all instances together.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.report("Paged By Two").expand_pages().schema.names
        ['Year', 'Region', 'Category', 'Channel', 'Revenue', 'Units']
        """
        return self._on(replace(self._chosen, expand=True))

    @property
    def _chosen(self) -> PageChoice:
        return self._resolver.source.page_by or PageChoice()

    def _on(self, choice: PageChoice) -> Self:
        resolver = self._resolver
        if resolver.source.given is not None:
            raise UsageError(
                "a given instance is read as it is, with the page that it shows.",
                hint=naming("Leave {Connection.report.instance_id} out to choose pages."),
            )
        return self._with_resolver(resolver.anew(source=replace(resolver.source, page_by=choice)))


async def _pages(resolver: Resolver) -> pa.Table:
    """List the pages that a choice allows, all of them where nothing is chosen."""
    source = resolver.source
    if source.page_by is not None:
        resolver = resolver.anew(source=replace(source, page_by=None), query=Query())
    http, path = resolver.session.http, source.path
    try:
        pages = await fetch_page_by(http, path, (await resolver.instance()).id)
    except InstanceGone:  # it was made for something else, perhaps long ago
        resolver.whole.instance = None
        pages = await fetch_page_by(http, path, (await resolver.instance()).id)
    return pages.only(pages.choose(source.page_by.values if source.page_by else {})).table()
