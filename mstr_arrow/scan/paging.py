"""Choosing a page of a report that has page-by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from mstr_arrow.transport.http import Http


async def choose_page(http: Http, instances_path: str, instance_id: str, choice: object) -> list[dict[str, str]]:
    """Return the elements of a page, one for each page-by attribute, as ``currentPageBy`` takes them."""
    del http, instances_path, instance_id, choice
    raise UsageError("pages cannot be chosen yet.")
