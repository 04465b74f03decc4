"""The pages of a report that has page-by: which there are, one of them, all of them."""

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
    """A scan of what may have page-by; without any choice it is the page that the server shows first."""

    def pages(self) -> pa.Table:
        """List the pages that have data: a row for each, a column for each form of a page-by attribute.

        Runs the report, and answers of its prompts have to be given; the next read uses that instance.
        GET …/instances/{id}/pageBy/elements, 1,000 at a time, until all are there.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.report("Paged By Two").pages().column_names
        ['Year', 'Region']
        """
        return self._client.run(_pages(self._resolver))

    async def pages_async(self) -> pa.Table:
        """Do what `pages` does."""
        return await self._client.bridge(_pages(self._resolver))

    def page_by(self, choice: Mapping[str, object] | None = None, /, **named: object) -> Self:
        """Return the report with one page chosen: for each page-by attribute, by name or id, an element.

        An element is a value of any of its forms, or its id; attributes that leave no choice may be left out.
        Nothing is sent. Reading raises UsageError for what there is not, with near names, and where several pages
        are left: `expand_pages` takes these all. Conditions run here then, not on the server.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     report = conn.report("Paged By Two")
        ...     first = report.pages().to_pylist()[0]
        ...     report.page_by(first).to_arrow().num_rows > 0
        True
        """
        values = {**self._chosen.values, **(choice or {}), **named}
        return self._on(replace(self._chosen, values=values))

    def expand_pages(self) -> Self:
        """Return the report with all pages, or those that `page_by` has chosen, one after the other as one table.

        The page-by attributes are its first columns. Metrics whose integers have up to 32 bits become doubles, for
        the server may name the same metric an integer on one page and a double on another; ``types=`` keeps
        them whole. As many instances as `Limits.concurrency` are used, as far as the session has room for them, and
        each shows one page after another; the other limits hold for all of them together.

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
