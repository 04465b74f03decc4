"""The room that large responses of one connection share while they come, and until they are read."""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

from mstr_arrow.errors import ProtocolError
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = 2**20
"""Bytes of a response that are not counted."""


class Room:
    """Bounds what responses above `SMALL` hold together to ``most`` bytes, and what the first of them has beyond.

    Where that is reached, the one that began first comes to its end, and the others wait until it is read. Used on
    the background loop only.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._coming: list[Reservation] = []
        self._waiting: list[asyncio.Future[None]] = []

    def reserve(self) -> Reservation:
        """Reserve room for a response, which counts as one that comes while the context lasts."""
        return Reservation(self)

    @contextmanager
    def lift_bound(self) -> Iterator[None]:
        """Have no response wait: a measurement chooses how many come at once."""
        most, self._most = self._most, sys.maxsize
        try:
            yield
        finally:
            self._most = most

    def count(self, reservation: Reservation, more: int) -> None:
        """Count what came of a response."""
        if reservation not in self._coming:
            self._coming.append(reservation)
        self._held += more

    def finish(self, reservation: Reservation) -> None:
        """Note that nothing more comes of a response."""
        if reservation in self._coming:
            self._coming.remove(reservation)
            self._wake()

    def free(self, size: int) -> None:
        """Count a response of that size no longer."""
        self._held -= size
        self._wake()

    def is_open(self, reservation: Reservation) -> bool:
        """Say whether more of a response may come: it fits, or is the first of those held, and all come."""
        if self._held <= self._most:
            return True
        return self._coming[0] is reservation and self._held == sum(each.size for each in self._coming)

    def next_change(self) -> asyncio.Future[None]:
        """Return what is done when a response has arrived, or is held no longer, from this moment on."""
        self._waiting.append(asyncio.get_running_loop().create_future())
        return self._waiting[-1]

    def no_room(self, seconds: float) -> ProtocolError:
        """Make the error of a response for which there was no room in time."""
        return ProtocolError(
            f"there was no room for the response: others of this connection hold {self._held / 2**20:,.0f} MiB, "
            f"and none of them was done in {seconds:g} s.",
            hint=naming(
                "Ask for fewer rows at once ({Limits.page_rows}), or raise {Limits.buffer_bytes} of the "
                "connection's settings."
            ),
        )

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()


class Reservation:
    """The bytes that a response takes of a room until it is released, at the latest when the response is gone."""

    def __init__(self, room: Room) -> None:
        self.size = 0
        self._room = room
        self._loop = asyncio.get_running_loop()

    def __repr__(self) -> str:
        return f"<Reservation of {self.size:,} bytes>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._room.finish(self)
        if kind is not None:
            self.release()

    def __del__(self) -> None:
        if self.size:  # perhaps in a thread that decodes
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._room.free, self.size)

    def grow(self, size: int) -> bool:
        """Count the ``size`` bytes that came so far; return whether there is room for more."""
        self._room.count(self, size - self.size)
        self.size = size
        return self._room.is_open(self)

    async def wait(self, seconds: float) -> None:
        """Wait until there is room; errors: ProtocolError where no other response is done in so many seconds."""
        while not self._room.is_open(self):
            try:
                await asyncio.wait_for(self._room.next_change(), seconds)
            except TimeoutError:
                raise self._room.no_room(seconds) from None

    def release(self) -> None:
        """Take no room any longer; on the loop."""
        size, self.size = self.size, 0
        self._room.free(size)
