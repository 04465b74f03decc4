"""What goes wrong in a storm: faults and mishaps, all drawn from a seed, and what is seen of them."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from mstr_arrow import events
from mstr_arrow.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mstr_arrow.simulator import Simulator
    from mstr_arrow.simulator.state.iserver import RecordedRequest

CUBE, REPORT = "Sales Cube", "Paged By Three"

_GONE, _LATE, _MEMORY, _GOVERNOR, _UNLOADED = -2147468986, -2147206497, -2147073380, -2147209053, -2147209151
_EXECUTED, _PUBLISHED = -2147072538, -2147072194
_LONG_AGO = "Thu, 01 Jan 2026 00:00:00 GMT"

PASSING: list[Callable[[], Fault]] = [
    lambda: Fault.error(500),
    lambda: Fault.html(502),
    lambda: Fault.html(504),
    lambda: Fault.outwaited(504),
    lambda: Fault.empty(503),
    lambda: Fault.busy(429, retry_after=0),
    lambda: Fault.busy(503, retry_after=1),
    lambda: Fault.busy(503, retry_after=_LONG_AGO),
    Fault.reset,
    Fault.reset_midway,
    Fault.reset_after,
    Fault.truncated,
    Fault.cut_short,
    Fault.damaged,
    Fault.stalled,
    lambda: Fault.trickled(0.5),
    lambda: Fault.slow(0.5),
    Fault.not_json,
    Fault.session_expired,
    Fault.logged_out,
    lambda: Fault.error(500, iserver_code=_MEMORY),
    lambda: Fault.error(500, iserver_code=_GOVERNOR),
    lambda: Fault.error(500, iserver_code=_EXECUTED),
    lambda: Fault.error(500, iserver_code=_PUBLISHED),
    lambda: Fault.reset_upload(after=1000),
]
"""What a job that runs unattended should get over, most often, where it comes once."""

OF_PAGES: list[Callable[[], Fault]] = [
    Fault.instances_dropped,
    lambda: Fault.error(500, iserver_code=_LATE),
    lambda: Fault.error(404, "ERR004", iserver_code=_GONE),
    lambda: Fault.short_page(1_370),
]
"""The same, where only pages meet it."""

FINAL: list[Callable[[], Fault]] = [
    lambda: Fault.redirect("https://login.example.com/"),
    lambda: Fault.error(404, "ERR004", iserver_code=_UNLOADED),
]
"""What ends in an error."""

ALTERED: list[Callable[[], Fault]] = [
    lambda: Fault.long_page(5),
    lambda: Fault.other_page(100),
    lambda: Fault.lying_page(offset=1),
    lambda: Fault.lying_page(total=1),
    lambda: Fault.lying_page(current=1),
]
"""The same, where only pages meet it."""

FAREWELL: list[Callable[[], Fault]] = [Fault.reset, lambda: Fault.html(502), lambda: Fault.empty(503)]
"""What a log-out is repeated for."""

Aim = tuple[str | None, str]
ANYWHERE: Aim = (None, r"^/api/(?!auth)")
LOG_IN: Aim = ("POST", r"/auth/login$")
LOG_OUT: Aim = ("POST", r"/auth/logout$")
PAGES: Aim = (None, r"/instances/")
CHUNKS: Aim = ("PUT", r"/uploadSessions/")
OF_READING: list[Aim] = [
    LOG_IN,
    ("GET", r"/v2/(cubes|reports)/\w+$"),
    ("POST", r"/instances$"),
    ("GET", r"/monitors/"),
]
OF_SENDING: list[Aim] = [
    LOG_IN,
    ("POST", r"/datasets/models$"),
    ("POST", r"/uploadSessions$"),
    ("POST", r"/publish$"),
    ("GET", r"/publishStatus$"),
    ("DELETE", r"/uploadSessions/"),
]


class Storm:
    """One storm over one extraction or upload; `saw` is for ``connect(on_event=…)``.

    ``republications`` are the other data that the cube may get meanwhile, by a name for them; `data` is whose the
    cube has now, "" where they are the first.
    """

    def __init__(self, server: Simulator, seed: int, republications: Mapping[str, Mapping[str, int]]) -> None:
        self.chance = random.Random(seed)
        self.data = ""
        self.failed: list[BaseException] = []
        self._server = server
        self._republications = republications
        self._strikes: dict[int, list[Callable[[], None]]] = {}
        self._answers = 0
        self._seen: Counter[str] = Counter()
        self._granted = len(server.instances)
        self._asked = len(server.requests)

    def calm(self) -> None:
        """Let nothing more go wrong."""
        self._server.heal()
        self._strikes.clear()

    def over_reading(self) -> None:
        """Plan what goes wrong with an extraction."""
        self._rain(PAGES)
        self._plan(PAGES, OF_READING, PASSING + OF_PAGES, FINAL + ALTERED, skip=35)
        mishaps = [self._server.drop_instances, self._server.expire_sessions, self._server.forget_servlets]
        for _ in range(self.chance.choice([0, 1, 1, 2])):
            self._strike(self.chance.choice(mishaps), self.chance.randint(5, 50))
        if self.chance.random() < 0.03:
            self._server.fail(Fault.execution_fails())
        if self.chance.random() < 0.2:
            self._republish_soon()

    def over_sending(self) -> None:
        """Plan what goes wrong with an upload."""
        self._rain(CHUNKS)
        self._plan(CHUNKS, OF_SENDING, PASSING, FINAL, skip=18)
        for ending in (3, -2147212544, None):
            if self.chance.random() < 0.04:
                self._server.fail(Fault.publish_ends(ending))
        if self.chance.random() < 0.1:
            mishap = self.chance.choice([self._server.expire_sessions, self._server.forget_servlets])
            self._strike(mishap, self.chance.randint(5, 30))

    def saw(self, event: events.Event) -> None:
        """Count an event, and let happen what is to happen after so many answers."""
        if isinstance(event, events.RequestStarted):
            self._seen["repeats"] += event.number > 1
        elif isinstance(event, events.SessionOpened):
            self._seen["sessions"] += 1
        elif isinstance(event, events.RequestFinished):
            self._seen["log-ins"] += event.path.endswith("/auth/login") and event.status == 204
            self._answers += 1
            for strike in self._strikes.pop(self._answers, []):
                try:
                    strike()
                except BaseException as error:  # noqa: BLE001 - a storm that did not come is told of
                    self.failed.append(error)

    @property
    def repeats(self) -> int:
        """Requests that were sent again."""
        return self._seen["repeats"]

    @property
    def sessions(self) -> int:
        """Sessions that were opened."""
        return self._seen["sessions"]

    @property
    def requests(self) -> list[RecordedRequest]:
        """What the server was asked since the storm began."""
        return self._server.requests[self._asked :]

    @property
    def dead(self) -> set[str]:
        """The tokens of sessions of which the server said that they had ended."""
        return {token_of(request) for request in self.requests if request.status == 401}

    @property
    def unanswered_logins(self) -> int:
        """Sessions that the server opened, and whose token never came."""
        return len(self._server.instances) - self._granted - self._seen["log-ins"]

    @property
    def sessions_left(self) -> int:
        """Sessions that are open, but for those that were called dead, and those whose token never came."""
        alive = self._server.open_uploads.keys() - self.dead
        unused = alive - {token_of(request) for request in self.requests}
        return len(alive) - min(len(unused), self.unanswered_logins)

    def _rain(self, aim: Aim) -> None:
        """In one storm of six a small part of all requests fails, for as long as it lasts."""
        if self.chance.random() < 1 / 6:
            for _ in range(3):
                self._server.fail(self.chance.choice(PASSING)().on(*aim, times=None, chance=0.02))

    def _plan(
        self,
        many: Aim,
        steps: Sequence[Aim],
        passing: Sequence[Callable[[], Fault]],
        final: Sequence[Callable[[], Fault]],
        *,
        skip: int,
    ) -> None:
        """Plan one to five faults: most among the ``many`` requests, some at a step, some anywhere."""
        chance = self.chance
        for _ in range(chance.randint(1, 5)):
            where = chance.choices(["many", "step", "anywhere", "farewell"], [70, 10, 15, 5])[0]
            make = chance.choice(final if chance.random() < 0.12 else PASSING if where == "step" else passing)
            if where == "many":
                fault = make().on(*many, skip=chance.randint(0, skip), times=chance.randint(1, 3))
            elif where == "step":
                fault = make().on(*chance.choice(steps), times=chance.randint(1, 2))
            elif where == "anywhere":
                fault = make().on(*ANYWHERE, skip=chance.randint(0, skip + 5), times=chance.randint(1, 3))
            else:
                fault = chance.choice(FAREWELL)().on(*LOG_OUT, times=2)
            self._server.fail(fault)

    def _strike(self, mishap: Callable[[], None], answers: int) -> None:
        """Let something happen after so many answers."""
        self._strikes.setdefault(self._answers + answers, []).append(mishap)

    def _republish_soon(self) -> None:
        """Have the cube published again in the middle, and what is under way go on with it or not."""
        answers = self.chance.randint(12, 35)
        self._strike(self._republish, answers)
        self._strike(self._server.drop_instances, answers + self.chance.randint(1, 8))

    def _republish(self) -> None:
        """Publish the cube again, with the same data or with others."""
        self.data = self.chance.choice(["", *self._republications])
        self._server.republish(CUBE, **self._republications.get(self.data, {}))


def token_of(request: RecordedRequest) -> str:
    """Return the token that a request came with."""
    return request.headers.get("x-mstr-authtoken", "")
