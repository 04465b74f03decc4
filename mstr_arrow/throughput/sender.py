"""The requests of one load: sent, logged and decoded. The one place that logs a request."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from mstr_arrow.errors import LoginError, MstrError, NotFound, ServerError, SessionExpired
from mstr_arrow.throughput.log import Sent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable
    from concurrent.futures import Executor

    from mstr_arrow.http.response import Response
    from mstr_arrow.throughput.brake import Brake
    from mstr_arrow.throughput.targets import Target, Took

UNANSWERED = "no answer before the end"
"""The error of a request that was still waiting when the budget of the sweep was long used up."""


class Sender:
    """Sends requests to targets in turn, and logs each in `ended`.

    ``load`` and ``round_number`` go into each log row; ``rows`` is the number of rows of a request. The threads of
    ``pool`` decode responses, as in a read. At most ``backlog`` requests are in flight or wait to be decoded: a
    client that decodes too slowly sends later, and the log shows it. ``warm`` holds the pages that earlier requests
    named. ``brake`` learns the outcome of each request, and stops the sender; so does ``over``, by the bytes so
    far. ``mend`` makes the lost target of a log-in again, once in a load; the requests that met the loss are
    counted in ``forgiven``, and hidden from the brake.
    """

    def __init__(
        self,
        targets: list[Target],
        rows: int,
        *,
        load: int,
        round_number: int,
        pool: Executor,
        backlog: int,
        warm: set[Hashable],
        brake: Brake,
        clock: Callable[[], float],
        over: Callable[[int], object],
        mend: Callable[[int, MstrError], Awaitable[Target | None]],
    ) -> None:
        self._requests: list[Sent] = []
        self.wire_bytes = 0
        self.mended = 0
        self.forgiven = 0
        self._targets = targets
        self._rows = rows
        self._load, self._round = load, round_number
        self._pool = pool
        self._room = asyncio.Semaphore(backlog)
        self._warm = warm
        self._brake = brake
        self._clock = clock
        self._over = over
        self._mend = mend
        self._mending: dict[int, asyncio.Task[None]] = {}
        self._number = 0
        self._in_flight: dict[int, Sent] = {}
        self._reading: set[asyncio.Task[None]] = set()
        self._answers: list[float] = []

    @property
    def ended(self) -> list[Sent]:
        """The requests that were answered or have failed."""
        return [each for each in self._requests if each.last_byte is not None or each.error is not None]

    def full_at(self, places: int) -> float | None:
        """Return the time when the load was on in full: as many answers as places; None before."""
        return self._answers[places - 1] if len(self._answers) >= places else None

    def oldest(self) -> float:
        """Return the seconds that the first of the requests in flight has been waiting, 0 without any."""
        first = next(iter(self._in_flight.values()), None)
        return 0.0 if first is None else self._clock() - first.due

    def waits(self) -> list[float]:
        """Return the seconds that the requests in flight have been waiting since they were due."""
        now = self._clock()
        return [now - each.due for each in self._in_flight.values()]

    async def send(self, due: float) -> None:
        """Send the next request and log the outcome. Errors are logged, not raised."""
        queued = self._clock()
        await self._room.acquire()
        if self._brake.why is not None or self._over(self.wire_bytes):
            self._room.release()
            return
        number, self._number = self._number, self._number + 1
        turn, session = divmod(number, len(self._targets))
        target, was_mended = self._targets[session], self._is_mended(session)
        what, offset = target.place(turn, self._rows)
        note = Sent(self._load, self._round, due, queued, session, offset)
        key = what, offset, self._rows
        note.cold = key not in self._warm
        self._warm.add(key)
        self._in_flight[number] = note
        note.in_flight = len(self._in_flight)
        self._requests.append(note)
        note.sent = self._clock()
        try:
            response = await target.ask(turn, self._rows)
        except MstrError as error:
            del self._in_flight[number]
            self._room.release()
            note.error = error.label
            note.status = error.status if isinstance(error, ServerError) else None
            if isinstance(error, SessionExpired | NotFound) and not was_mended:
                self.forgiven += 1
                await self._make_again(session, error)
            else:
                self._brake.note_failure(error)
            return
        del self._in_flight[number]
        self._note_response(note, response)
        task = asyncio.create_task(self._read(target, turn, response, note))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    def cut(self) -> None:
        """Log that the requests in flight, which were cancelled, would have taken too long."""
        for note in self._in_flight.values():
            note.error = UNANSWERED

    async def finish(self) -> None:
        """Wait for the decoding of responses, and for targets that are made again."""
        await asyncio.gather(*self._reading, *self._mending.values())

    def _note_response(self, note: Sent, response: Response) -> None:
        note.last_byte = self._clock()
        self._answers.append(note.last_byte)
        note.first_byte = note.last_byte - response.seconds_transferring
        note.connected = note.first_byte - response.seconds_waiting + response.seconds_connecting
        note.wire_bytes, note.status, note.retries = len(response.body), response.status, response.retries
        self.wire_bytes += note.wire_bytes
        self._brake.note_answer(note.last_byte - note.due)

    def _is_mended(self, session: int) -> bool:
        return session in self._mending and self._mending[session].done()

    async def _make_again(self, session: int, error: MstrError) -> None:
        """Make the target of a log-in again, once for all of its requests that failed, and once in a load."""
        if self._brake.why is not None:
            return
        if session not in self._mending:
            self._mending[session] = asyncio.create_task(self._mend_session(session, error))
        await asyncio.shield(self._mending[session])

    async def _mend_session(self, session: int, error: MstrError) -> None:
        try:
            made = await self._mend(session, error)
        except (LoginError, SessionExpired) as failure:  # tried once: a user is soon locked out
            self._brake.give_up(f"the session has ended, and no other could be opened: {failure}")
            return
        except MstrError as failure:
            self._brake.note_failure(failure)
            return
        if made is not None:
            self._targets[session] = made
            self.mended += 1

    async def _read(self, target: Target, turn: int, response: Response, note: Sent) -> None:
        def work() -> tuple[Took, float]:
            began = time.perf_counter()
            return target.read(response, turn, self._rows), time.perf_counter() - began

        try:
            took, note.decode_seconds = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except MstrError as error:
            note.error, note.last_byte = error.label, None
            self._brake.note_damage()
            return
        finally:
            self._room.release()
        note.rows, note.text_bytes = took.rows, took.text_bytes
        note.wire_bytes += took.sent_bytes
        self.wire_bytes += took.sent_bytes
