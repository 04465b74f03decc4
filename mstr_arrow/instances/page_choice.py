"""The pages of a report that has page-by, asked of one of its instances (wire reference, section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mstr_arrow.grid.page_by import PageBy, read_listing, read_page_by
from mstr_arrow.http.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.grid.page_by import Listing
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

PAGE = 1000
"""Combinations asked for at a time: what servers give at most."""


@dataclass(frozen=True, slots=True)
class PageChoice:
    """Which page of a report is read: by names and values, or as ``elements``, once these are known.

    ``expand``: all the pages that are chosen, one after the other.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    elements: tuple[str, ...] | None = None
    expand: bool = False


async def fetch_page_by(http: ProjectHttp, instances_path: str, instance_id: str) -> PageBy:
    """List all pages that have data. GET …/instances/{id}/pageBy/elements, until they are complete."""
    answers: list[Any] = []
    first: Listing | None = None
    count = 0
    while True:
        path = f"{instances_path}/{instance_id}/pageBy/elements"
        params = {"offset": count, "limit": PAGE}
        body, listing = await http.read("GET", path, _read_listing_page, params=params, subject=Subject.INSTANCE)
        if first is not None and listing.combinations == first.combinations:
            return read_page_by(answers)  # the first ones again: a server that does not page
        first = first or listing
        found = len(listing.combinations)
        answers.append(body)
        count += found
        if not found or (found < PAGE if listing.total is None else count >= listing.total):
            return read_page_by(answers)


def _read_listing_page(response: Response) -> tuple[Any, Listing]:
    body = response.json()
    return body, read_listing(body)


async def choose_page(
    http: ProjectHttp, instances_path: str, instance_id: str, choice: PageChoice
) -> list[dict[str, str]]:
    """Return the elements of the page that is chosen, one for each page-by attribute, as the server takes them.

    Asks which pages there are, unless the elements are known. Errors: UsageError for a page that is not among them.
    """
    if choice.elements is not None:
        return [{"id": element} for element in choice.elements]
    pages = await fetch_page_by(http, instances_path, instance_id)
    return pages.element_ids(pages.choose_one(choice.values))
