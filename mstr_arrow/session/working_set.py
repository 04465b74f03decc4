"""The count of a session's instances on the server, so that no instance in use is pushed out.

The server keeps a number of instances for a session, the working set. One instance more pushes out the instance
that was used longest ago, and no call frees an instance. So the instances in use stay below that number; spent
instances are left to be pushed out; and an instance in use without a recent read is touched before a new instance
could push it out.

The client does not know exactly when the server used an instance last: after a request was sent, and before the
response came. So an instance in use counts as old as the request, a spent instance as young as the response.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mstr_arrow import events
from mstr_arrow.errors import MstrError, UsageError
from mstr_arrow.http.subject import Subject
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mstr_arrow.session.project_http import ProjectHttp

logger = logging.getLogger("mstr_arrow")

SPARE = 2
"""Instances of the working set that stay free for requests of the user's own, and for responses that get lost."""

NOTICE_SECONDS = 1.0
"""Seconds of waiting for a place before a notice: most waits are shorter."""

TOUCH_SECONDS = 2.0
"""Seconds that touching an instance may take; the request is enough, without the response."""


_WAITING = "waiting for other reads of this session"

_WHAT_HELPS = naming(
    "Read them to their end, or close them, before another one is opened; or have more kept: "
    "{SessionSettings.working_set}."
)


class _Wanted(NamedTuple):
    """The use of a place: a new instance, or the one of this id, which may be ``foreign``."""

    path: str
    runs: bool
    instance_id: str | None
    foreign: bool
    http: ProjectHttp


class Place:
    """The right to use an instance, until released; on the background loop only.

    ``instance_id`` is None until the instance exists. ``runs`` is True for an instance that is costly to make.
    """

    def __init__(self, owner: WorkingSet, http: ProjectHttp, path: str, *, runs: bool) -> None:
        self._owner = owner
        self.http = http
        self.path = path
        self.runs = runs
        self.instance_id: str | None = None
        self.maybe_made = False
        self.users = 0
        self.resting = False
        self.sent = 0.0
        self.answered = 0.0
        self._asked = 0.0

    @property
    def in_use(self) -> bool:
        """Whether the instance is used, or kept for use."""
        return self.users > 0 or self.resting

    @property
    def worth_keeping(self) -> bool:
        """Whether the instance is used, or kept and costly to make again."""
        return self.users > 0 or (self.resting and self.runs)

    def note_request(self) -> None:
        """Note that a request about the instance is sent now, which may create the instance without a response."""
        self.maybe_made = True
        self._asked = time.monotonic()

    def note_refusal(self) -> None:
        """Note that the server created no instance."""
        self.maybe_made = self.instance_id is not None

    def note_made(self, instance_id: str) -> None:
        """Note the response to the last request, and the id of the instance."""
        self.instance_id = instance_id
        self._owner.note(self, self._asked)

    async def lose(self) -> None:
        """Count an instance that the last request may have created, under an unknown id, as spent."""
        lost = await self._owner.spend(self.http, self.path)
        lost.maybe_made = True
        lost.release()

    def rest(self) -> None:
        """Stop using the instance, but keep it while no other read needs the place."""
        self.users -= 1
        self.resting = self.users == 0
        self._owner.pass_on(self)

    def release(self) -> None:
        """Stop using the instance."""
        self.users -= 1
        self.answered = time.monotonic()  # requests that were given up may have reached the server
        self._owner.pass_on(self)


class WorkingSet:
    """Places for instances: ``size`` of the session's working set less `SPARE`, given in the order of requests.

    ``size`` asks the server, once at most. Resting instances make room. A wait of more than `NOTICE_SECONDS` goes
    into the log, and to ``tell``. A waiting read fails after ``patience`` seconds without a read from any instance
    in use.
    """

    def __init__(
        self,
        size: Callable[[], Awaitable[int]],
        *,
        patience: float,
        tell: Callable[[Callable[[], events.Event]], object] = lambda _: None,
    ) -> None:
        self._ask_size = size
        self._tell = tell
        self._size: int | None = None
        self._patience = patience
        self._places: set[Place] = set()
        self._waiting: deque[tuple[_Wanted, asyncio.Future[Place]]] = deque()
        self._protecting = asyncio.Lock()
        self._stirred = time.monotonic()

    @property
    def in_use(self) -> int:
        """The number of instances that are in use or rest."""
        return sum(place.in_use for place in self._places)

    async def acquire(
        self,
        http: ProjectHttp,
        path: str,
        *,
        runs: bool = False,
        instance_id: str | None = None,
        foreign: bool = False,
        on_wait: Callable[[str], object] = lambda _: None,
    ) -> Place:
        """Return a place for an instance below ``path``, when there is one; the caller releases the place.

        For the instance ``instance_id``, the place is that of the instance; ``Place.instance_id`` is None where the
        instance is gone. A ``foreign`` instance was created by another client. ``on_wait`` gets a text when the
        wait begins, and after a second the reason. ``http`` sends requests in the instance's project. Errors:
        UsageError where the reads that hold places do not go on.
        """
        wanted = _Wanted(path, runs, instance_id, foreign, http)
        if (place := self._share(wanted)) is not None:
            return place
        if self._places and self._size is None:
            self._size = await self._ask_size()
        place = None if self._waiting else self._share(wanted) or self._grant(wanted)
        if place is None:
            on_wait(_WAITING)
            place = await self._turn(wanted, on_wait)
        return place if place.instance_id is not None else await self._with_room(place)

    async def spend(self, http: ProjectHttp, path: str) -> Place:
        """Return a place beside the others, for an instance that is spent after one read.

        The caller has a place already, and releases this one at once: so this one comes out of `SPARE`.
        """
        place = Place(self, http, path, runs=False)
        place.users = 1
        self._places.add(place)
        return await self._with_room(place)

    def note_use(self, instance_id: str, sent: float) -> None:
        """Note that the server has responded about an instance, to a request ``sent`` then (`time.monotonic`)."""
        if (place := self._find(instance_id)) is not None:
            self.note(place, sent)

    @property
    def crowded(self) -> bool:
        """Whether a read waits for a place."""
        return bool(self._waiting)

    async def spare(self, http: ProjectHttp, path: str) -> Place | None:
        """Return one more place for an instance of a report; None where no place would be left for others."""
        if self._size is None:
            self._size = await self._ask_size()
        if sum(1 for place in self._places if place.users) + 1 >= self._size - SPARE:
            return None
        wanted = _Wanted(path, runs=True, instance_id=None, foreign=False, http=http)
        place = None if self._waiting else self._grant(wanted)
        return None if place is None else await self._with_room(place)

    def note(self, place: Place, sent: float) -> None:
        """Note that the server has responded about a place's instance, to a request sent at that time."""
        place.sent = max(place.sent, sent)
        place.answered = self._stirred = time.monotonic()

    def pass_on(self, place: Place) -> None:
        """Give the place to the next waiting read, unless the place is in use."""
        self._stirred = time.monotonic()
        if not place.users and not place.maybe_made:
            self._places.discard(place)
        self._serve()

    def outdate(self, path: str) -> None:
        """Note that resting instances below ``path`` have old data, and are not to be read."""
        for place in self._places:
            if place.path == path and place.resting:
                place.resting, place.instance_id = False, None
        self._serve()

    def session_ended(self) -> None:
        """Note that all instances are gone: those in use are made again, each in its place, others forgotten."""
        self._places = {place for place in self._places if place.users}
        self._serve()

    def _serve(self) -> None:
        """Give places to those that wait, in their order, as far as there are any."""
        while self._waiting:
            wanted, turn = self._waiting[0]
            if not turn.done():
                granted = self._share(wanted) or self._grant(wanted)
                if granted is None:
                    return
                turn.set_result(granted)
            self._waiting.popleft()

    def _share(self, wanted: _Wanted) -> Place | None:
        """Return the place of the wanted instance, where that is in use already, or rests."""
        place = self._find(wanted.instance_id)
        if place is None or not place.in_use:
            return None
        place.resting = False
        place.users += 1
        return place

    def _grant(self, wanted: _Wanted) -> Place | None:
        """Return one more place, None where there is none."""
        if not self._has_room():
            return None
        place = self._find(wanted.instance_id)
        if place is None:
            place = Place(self, wanted.http, wanted.path, runs=wanted.runs)
            self._places.add(place)
            if wanted.foreign and wanted.instance_id is not None:
                place.maybe_made = True
                place.instance_id = wanted.instance_id
        place.users = 1
        return place

    def _find(self, instance_id: str | None) -> Place | None:
        if instance_id is None:
            return None
        return next((place for place in self._places if place.instance_id == instance_id), None)

    def _has_room(self) -> bool:
        """Tell whether there is room for one more, for which one that rests may have to give way."""
        if self._size is None or self.in_use < max(1, self._size - SPARE):
            return True
        resting = [place for place in self._places if place.resting]
        if not resting:
            return False
        min(resting, key=lambda place: (place.runs, place.sent)).resting = False
        return True

    async def _turn(self, wanted: _Wanted, on_wait: Callable[[str], object]) -> Place:
        """Wait until it is one's turn, and say so where that takes long."""
        turn: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, turn))
        self._stirred = time.monotonic()
        left, said = self._patience, False
        try:
            while not turn.done() and left > 0:
                await asyncio.wait([turn], timeout=left if said else min(left, NOTICE_SECONDS))
                if not said and not turn.done():
                    said = True
                    self._say(on_wait)
                left = self._patience - (time.monotonic() - self._stirred)
        except BaseException:
            if turn.done():
                turn.result().release()
            turn.cancel()
            raise
        if turn.cancel():
            raise self._refuse_stuck()
        return turn.result()

    async def _with_room(self, place: Place) -> Place:
        """Return a place for which room was made, or give it back."""
        try:
            await self._make_room()
        except BaseException:
            place.release()
            raise
        return place

    async def _make_room(self) -> None:
        """Have a new instance push out none that is in use: those that may be older than what goes are touched.

        An instance of a cube that only rests may go: it is made again at no cost.
        """
        async with self._protecting:
            excess = 0 if self._size is None else len(self._places) - self._size
            spent = [place for place in self._places if not place.worth_keeping]
            spent.sort(key=lambda place: place.answered)
            if excess <= 0 or not spent:
                return
            # One more than will go: a request that was given up may still reach the server and make it younger.
            youngest = spent[: excess + 1][-1].answered
            self._places.difference_update(spent[:excess])
            old = [place for place in self._places if place.worth_keeping and place.sent <= youngest]
            await asyncio.gather(*map(self._touch, old))

    async def _touch(self, place: Place) -> None:
        if place.instance_id is None:
            return
        stirred, began = self._stirred, time.monotonic()
        with suppress(MstrError):
            await place.http.request(
                "GET",
                f"{place.path}/{place.instance_id}",
                params={"offset": 0, "limit": 1},
                subject=Subject.INSTANCE,
                wait=TOUCH_SECONDS,
                safe=False,
            )
        self.note(place, began)
        self._stirred = stirred  # nobody has read from it

    def _say(self, on_wait: Callable[[str], object]) -> None:
        """Say that somebody waits, what for, and what helps."""
        number, size = self.in_use, self._size or 0
        on_wait(f"{_WAITING}: {number} are open, and the server keeps {size} results for a session")
        logger.warning("%s: %d are open, %s %s", _WAITING, number, self._why, _WHAT_HELPS)
        self._tell(lambda: events.ReadWaits(number, size))

    @property
    def _why(self) -> str:
        return f"the server keeps {self._size} results for a session, and one more would push one of them out."

    def _refuse_stuck(self) -> UsageError:
        return UsageError(
            f"{self.in_use} reads of this session are open, and none of them goes on: {self._why}", hint=_WHAT_HELPS
        )
