"""Some rows of an instance: fewer where the server runs out of time, again where they are not as they should be."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from mstr_arrow.errors import DataMismatch, ProtocolError, ServerBusy, ServerError
from mstr_arrow.grid.rows import Range
from mstr_arrow.http.retry import pause
from mstr_arrow.instances.nothing import has_no_data, page_of_nothing
from mstr_arrow.instances.run_failures import fewer_rows
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mstr_arrow.grid.grid_options import GridOptions
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession

T = TypeVar("T")

BELIEVED = 3
"""How often a page is to contradict its request, or the pages before it, until it is believed."""


async def ask_halving(rows: int, ask: Callable[[int], Awaitable[T]]) -> tuple[T, int]:
    """Ask for so many rows, for half as many where the server runs out of time, and so on.

    Returns also how many were asked for in the end. Errors: ServerBusy where `fewer_rows` knows no less.
    """
    while True:
        try:
            return await ask(rows), rows
        except ServerBusy as error:
            fewer = fewer_rows(error, rows)
            if fewer is None:
                raise
            rows = fewer


async def fetch_page(
    session: ProjectSession, source: Source, instance_id: str, wanted: Range, options: GridOptions
) -> Response:
    """Ask for a page of an instance, which may come shorter. GET …/instances/{id}.

    Errors: those of `ask_halving`; ProtocolError where it is not known which instance it is.
    """
    if not instance_id:
        raise ProtocolError(
            f"the server ran the {source.kind} and did not say as which instance: no other page can be asked for.",
            hint=naming("Larger pages may bring all of it at once: {Limits.first_page_rows}."),
        )

    async def ask(rows: int) -> Response:
        sent = time.monotonic()
        response = await source.page(session.http, instance_id, Range(wanted.offset, rows), options)
        session.instances.note_use(instance_id, sent)
        return response

    try:
        response, _ = await ask_halving(wanted.rows, ask)
    except ServerError as error:
        if has_no_data(error):
            return page_of_nothing(wanted)
        raise
    return response


async def read_page(
    session: ProjectSession,
    first: Awaitable[Response],
    wanted: Range,
    ask: Callable[[Range], Awaitable[Response]],
    read: Callable[[Response], Awaitable[T]],
    *,
    can_ask: Callable[[], object] = lambda: True,
) -> T:
    """Return what ``read`` makes of the ``first`` response, or of one that ``ask`` asks for, if that ``can_ask``.

    Asks again as often as for any request where a response cannot be read, for half of the ``wanted`` rows where
    one is too large for that; and where one contradicts the request, or the pages before it, until that has come
    `BELIEVED` times. The first is awaited here, so that nothing else holds on to it while another comes: two large
    ones take all the room there is. Errors: ProtocolError, DataMismatch.
    """
    retry = session.http.settings.retry
    failures = contradictions = 0
    response = await first
    while True:
        try:
            return await read(response)
        except ProtocolError as error:
            failures += 1
            if failures >= max(2, retry.attempts) or not can_ask():
                raise
            if error.too_large:
                wanted = Range(wanted.offset, max(1, wanted.rows // 2))
            else:
                await asyncio.sleep(pause(retry, failures))
        except DataMismatch:
            contradictions += 1
            if contradictions == BELIEVED or not can_ask():
                raise
        del response
        response = await ask(wanted)
