"""An object of the server as a sweep asks for it: pages of an instance, one instance for each session."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.errors import MstrError, ServerError
from mstr_arrow.fetch.options import ReadOptions
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.rows import Range
from mstr_arrow.instances.page_request import fetch_page
from mstr_arrow.objects.cube import open_cube

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from mstr_arrow.grid.options import GridOptions
    from mstr_arrow.http.response import Answer
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.client import Client
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.throughput.log import Sent


@dataclass(frozen=True, slots=True)
class Target:
    """An instance that pages are read of, in its session; ``warm`` are the pages of its object that were asked for.

    All targets of an object share them: offsets, and rows of a page.
    """

    warm: set[tuple[int, int]]
    session: ProjectSession
    source: Source
    instance: Instance
    options: GridOptions

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.instance.total


async def open_target(client: Client, name: str, warm: set[tuple[int, int]]) -> Target:
    """Find a cube and make an instance of it in a session. Errors: those of `Connection.cube`, NotPublished."""
    options = ReadOptions(limits=client.http.settings.limits)
    cube = await open_cube(client, name, options, row_counts=False)
    asking = cube._asking  # noqa: SLF001 - what a read works with
    return Target(warm, client.session, asking.source, await asking.instance(), options.grid)


class Pages:
    """Sends requests for pages of targets, one after another from first to last and round again, and notes each.

    Pages are decoded in the threads of ``pool``, as a read does it. At most ``backlog`` of them wait to be: a
    client that decodes too slowly sends later, and the log shows it.
    """

    def __init__(self, targets: list[Target], page_rows: int, pool: Executor, backlog: int) -> None:
        self._targets = targets
        self._page_rows = page_rows
        self._pool = pool
        self._room = asyncio.Semaphore(backlog)
        self._number = 0
        self._decoding: set[asyncio.Task[None]] = set()
        self._answered = 0
        self.in_flight = 0
        self.full: float | None = None

    async def send(self, note: Sent, clock: Callable[[], float], *, full: int) -> None:
        """Ask for the next page and note what became of it.

        The load counts from the moment when ``full`` requests were answered, as many as there are places.

        Errors are noted, not raised.
        """
        number, self._number = self._number, self._number + 1
        note.session = number % len(self._targets)
        target = self._targets[note.session]
        pages = max(1, -(-target.rows // self._page_rows))
        note.offset = number // len(self._targets) % pages * self._page_rows
        await self._room.acquire()
        page = note.offset, self._page_rows
        note.cold = page not in target.warm
        target.warm.add(page)
        note.sent = clock()
        self.in_flight += 1
        note.in_flight = self.in_flight
        try:
            wanted = Range(note.offset, self._page_rows)
            answer = await fetch_page(target.session, target.source, target.instance.id, wanted, target.options)
        except MstrError as error:
            note.error, note.status = error.label, error.status if isinstance(error, ServerError) else None
            self._room.release()
            return
        finally:
            self.in_flight -= 1
        note.last_byte = clock()
        self._answered += 1
        if self._answered == full:
            self.full = note.last_byte
        note.first_byte = note.last_byte - answer.seconds_transferring
        note.wire_bytes, note.status, note.retries = len(answer.body), answer.status, answer.retries
        task = asyncio.create_task(self._decode(target, answer, note))
        self._decoding.add(task)
        task.add_done_callback(self._decoding.discard)

    async def finish(self) -> None:
        """Wait for what is still being decoded."""
        await asyncio.gather(*self._decoding)

    async def _decode(self, target: Target, answer: Answer, note: Sent) -> None:
        def work() -> tuple[int, int, float]:
            began = time.perf_counter()
            text = answer.text()
            page = decode_page(text, target.instance.columns, options=target.options, offset=note.offset)
            return page.paging.current, len(text), time.perf_counter() - began

        try:
            loop = asyncio.get_running_loop()
            note.rows, note.text_bytes, note.decode_seconds = await loop.run_in_executor(self._pool, work)
        except MstrError as error:
            note.error, note.last_byte = error.label, None
        finally:
            self._room.release()
