"""An instance looked at before it is read: its columns, the number of its rows, the pages of its report."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import InstanceGone
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.expansion import expand
from mstr_arrow.grid.rows import Range
from mstr_arrow.instances.belonging import check_belongs
from mstr_arrow.instances.execute import INSTANCES, execute, place_for
from mstr_arrow.instances.fetch_known import fetch_known
from mstr_arrow.instances.instance import Instance
from mstr_arrow.instances.page_choice import fetch_page_by
from mstr_arrow.instances.page_request import fetch_page, read_page

if TYPE_CHECKING:
    from mstr_arrow.grid.decode import Page
    from mstr_arrow.grid.expansion import Expansion
    from mstr_arrow.grid.grid_options import GridOptions
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.execute import Watch
    from mstr_arrow.instances.page_choice import PageChoice
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession


async def probe(
    session: ProjectSession, source: Source, options: GridOptions, watch: Watch = lambda _: None
) -> Instance:
    """Create an instance and look at its first rows, for the columns and the number of rows.

    It stays in the session's working set until somebody else needs its place. Where all pages of a report are
    wanted, it shows the one that the server shows first. What has a total order may be gone on with over another
    instance, and so comes with what is known of its data.
    """
    place = await place_for(session, source, None, watch)
    every = source.page_by if source.expands else None
    shown = source if every is None else replace(source, page_by=None)
    grid = options if every is None else replace(options, types={}, whole=False)
    try:
        known = await fetch_known(session, source)
        for left in reversed(range(INSTANCES)):
            wanted = Range(0, shown.probe_rows)
            first = execute(session, shown, wanted.rows, options, watch, place=place)

            async def ask(rows: Range) -> Response:
                return await fetch_page(session, shown, str(place.instance_id), rows, options)

            async def read(response: Response) -> Page:
                def decode() -> Page:
                    return decode_page(response.text(), options=grid, largest=response.largest)

                with response.give_up_if_cancelled():
                    page = await asyncio.to_thread(decode)
                check_belongs(page, source, place.instance_id)
                return page

            page = await read_page(session, first, wanted, ask, read, can_ask=lambda: place.instance_id)
            known = replace(known, total=page.paging.total, extremes=page.extremes)
            instance_id = page.instance_id or place.instance_id or ""
            instance = Instance(instance_id, page.columns, page.paging.total, known=known)
            if every is None:
                break
            try:
                expansion = await _expansion(session, source, instance, every, options)
            except InstanceGone:
                if not left:
                    raise
            else:
                instance = replace(instance, columns=expansion.columns, expansion=expansion)
                break
    except BaseException:
        place.release()
        raise
    place.rest()
    return instance


async def _expansion(
    session: ProjectSession, source: Source, instance: Instance, every: PageChoice, options: GridOptions
) -> Expansion:
    pages = await fetch_page_by(session.http, source.path, instance.id)
    return expand(pages.only(pages.choose(every.values)), replace(instance.columns, options=options), options)
