"""Having an instance show a page of a report, or another instance where it is gone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import InstanceGone, ServerError, UsageError
from mstr_arrow.fetch.recovery import data_changed
from mstr_arrow.http.error_map import meant_status
from mstr_arrow.instances.execute import INSTANCES, execute
from mstr_arrow.instances.page_by import PageChoice, fetch_page_by

if TYPE_CHECKING:
    from mstr_arrow.fetch.context import Workshop
    from mstr_arrow.grid.page_by import PageBy
    from mstr_arrow.http.response import Answer
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.working_set import Place

_BAD_REQUEST = 400


async def show(shop: Workshop, source: Source, pages: PageBy, number: int, place: Place) -> Answer:
    """Have the instance in a place, which is made at need, show a page of the report, and return its first rows.

    The instance may be gone: another one has to have the same ``pages``. Errors: those of `execute`; DataChanged
    for other pages.
    """
    elements = tuple(each["id"] for each in pages.element_ids(pages.combinations[number]))
    page = PageChoice(elements=elements) if elements else None
    rows, grid = shop.options.limits.first_rows, shop.options.grid
    for left in reversed(range(INSTANCES)):
        over = place.instance_id
        wanted = replace(source, page_by=page, over=over)
        try:
            answer = await execute(shop.session, wanted, rows, grid, shop.watch, place=place)
            if over is not None and place.instance_id != over:
                shop.meter.restarts += 1
                await _compare(shop, source, pages, place)
            break
        except InstanceGone:
            if not left:
                raise
        except ServerError as error:
            if meant_status(error) == _BAD_REQUEST:  # it may be a page that is no longer there
                await _compare(shop, source, pages, place)
            raise
    return answer


async def _compare(shop: Workshop, source: Source, pages: PageBy, place: Place) -> None:
    """Compare the pages that an instance has with those that are read; errors: DataChanged, if told twice."""
    chosen = source.page_by or PageChoice()
    for _ in range(2):
        there = await fetch_page_by(shop.session.http, source.path, str(place.instance_id))
        with suppress(UsageError):  # an element that is no longer there
            if there.only(there.chosen(chosen.values)) == pages:
                return
    raise data_changed("its pages are others")
