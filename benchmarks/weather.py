"""A storm as it happens: what was forecast is let go at the simulator, and what comes of it is seen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mstr_arrow import events
from mstr_arrow.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.forecast import Forecast, Publication
    from mstr_arrow.simulator import Simulator
    from mstr_arrow.simulator.state.iserver import RecordedRequest

CUBE, REPORT = "Sales Cube", "Paged By Three"

_RIGHTS = {"caches": r"/monitors/caches", "jobs": r"/monitors/jobs"}


class Storm:
    """One storm over one extraction or upload; `saw` is for ``connect(on_event=…)``.

    ``republications`` are the other data that the cube may get meanwhile, by a name for them; `published` is whose
    the cube has had, in order, "" where they are the first.
    """

    def __init__(
        self, server: Simulator, forecast: Forecast, republications: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.forecast = forecast
        self.published = [""]
        self.failed: list[BaseException] = []
        self._server = server
        self._republications = republications
        self._strikes: dict[int, list[Callable[[], None]]] = {}
        self._answers = 0
        self._seen: Counter[str] = Counter()
        self._granted = len(server.instances)
        self._asked = len(server.requests)

    def rise(self) -> None:
        """Let what was forecast begin."""
        forecast, server = self.forecast, self._server
        for trouble in forecast.troubles:
            server.fail(trouble.fault())
        for right, seen in (("caches", forecast.sees_caches), ("jobs", forecast.sees_jobs)):
            if not seen:
                server.fail(Fault.error(403, "ERR0014").on("GET", _RIGHTS[right], times=None))
        ends = {
            "sessions": server.expire_sessions,
            "instances": server.drop_instances,
            "servlets": server.forget_servlets,
        }
        for end in forecast.ends:
            self._strike(ends[end.of], end.after)
        for publication in forecast.publications:
            self._republish(publication)

    def calm(self) -> None:
        """Let nothing more go wrong."""
        self._server.heal()
        self._strikes.clear()

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

    def _strike(self, mishap: Callable[[], None], answers: int) -> None:
        """Let something happen after so many answers."""
        self._strikes.setdefault(self._answers + answers, []).append(mishap)

    def _republish(self, publication: Publication) -> None:
        """Have the cube published again in the middle, and what is under way go on with it or not."""

        def publish() -> None:
            self.published.append(publication.data)
            self._server.republish(CUBE, **self._republications[publication.data])

        self._strike(publish, publication.after)
        if publication.dropped_after is not None:
            self._strike(self._server.drop_instances, publication.dropped_after)


def token_of(request: RecordedRequest) -> str:
    """Return the token that a request came with."""
    return request.headers.get("x-mstr-authtoken", "")
