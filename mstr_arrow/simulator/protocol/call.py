"""A call of a handler, and its reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from mstr_arrow.simulator.faults.effects import ExecutionFailure
from mstr_arrow.simulator.responses import Refusal, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import MultiMapping

    from mstr_arrow.simulator.faults.effects import Effect
    from mstr_arrow.simulator.model.catalogue import Catalogue
    from mstr_arrow.simulator.state.iserver import IServer
    from mstr_arrow.simulator.state.sessions import Session

E = TypeVar("E", bound="Effect")

PROJECT = "X-MSTR-ProjectID"
"""The header that names the project of a request."""


class Needs(Enum):
    """The keys that a request must bring: none, a session, or a session and a project."""

    NOTHING = 0
    SESSION = 1
    PROJECT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request on its way to a handler.

    ``effect`` is that of the fault that the request meets; handlers carry out the effects on pages, publications,
    executions and deliveries.
    """

    server: IServer
    places: Mapping[str, str]
    query: MultiMapping[str]
    content_type: str
    body: bytes = field(repr=False)
    session: Session | None = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    effect: Effect | None = None

    @property
    def user_session(self) -> Session:
        """The session, where the route needs one."""
        if self.session is None:
            raise TypeError("the route of this handler needs no session")
        return self.session

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of the project that the request names; of the first, where it names none."""
        return self.server.projects.catalogue(self.headers.get(PROJECT))

    def effect_of(self, kind: type[E]) -> E | None:
        """Return the effect of the fault where it is of this kind."""
        return self.effect if isinstance(self.effect, kind) else None

    @property
    def failure(self) -> Refusal | None:
        """The error that a fault lets the execution or publication end with, None where no fault does."""
        failure = self.effect_of(ExecutionFailure)
        return None if failure is None else failure.refusal

    def json(self) -> Any:
        """Parse the body; None where it is empty. Raises the server's 400 where it is not JSON."""
        try:
            return orjson.loads(self.body) if self.body.strip() else None
        except orjson.JSONDecodeError as error:
            raise Refusal(400, "ERR006", f"Invalid JSON: {error}") from error

    def integer(self, name: str, default: int) -> int:
        """Read a query parameter that is a whole number."""
        text = self.query.get(name, str(default))
        try:
            return int(text)
        except ValueError as error:
            raise Refusal(400, "ERR006", f"Invalid value '{text}' of parameter '{name}'") from error

    def flag(self, name: str) -> bool:
        """Read a query parameter that is true or false; false where it is missing."""
        return self.query.get(name, "false").lower() == "true"


_Work = Response | Callable[[], Response]
Handler = Callable[[Call], _Work | Awaitable[_Work]]
"""Returns the response at once, or later, or returns the function that makes the response in another thread."""


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below the context path, with the handler for it."""

    method: str
    path: str
    handler: Handler
    needs: Needs = Needs.PROJECT
