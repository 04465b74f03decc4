"""What a handler is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.answers import Answer, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import MultiMapping

    from mstr_arrow.simulator.faults.fault import Altered, DeliveryEnds, ExecutionFails, PublishEnds
    from mstr_arrow.simulator.model.catalogue import Catalogue
    from mstr_arrow.simulator.state.iserver import IServer
    from mstr_arrow.simulator.state.sessions import Session


PROJECT = "X-MSTR-ProjectID"
"""The header that names the project of a request."""


class Needs(Enum):
    """What a request must bring: nothing, a session, or a session and a project."""

    NOTHING = 0
    SESSION = 1
    PROJECT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request on its way to a handler.

    ``altered``, ``ending``, ``failing``, ``delivering`` and ``forgotten`` are faults that the handlers of pages,
    publications, executions and deliveries carry out.
    """

    server: IServer
    places: Mapping[str, str]
    query: MultiMapping[str]
    content_type: str
    body: bytes = field(repr=False)
    session: Session | None = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    altered: Altered | None = None
    ending: PublishEnds | None = None
    failing: ExecutionFails | None = None
    delivering: DeliveryEnds | None = None
    forgotten: bool = False

    @property
    def user_session(self) -> Session:
        """The session, where the route needs one."""
        if self.session is None:
            raise TypeError("the route of this handler needs no session")
        return self.session

    @property
    def catalogue(self) -> Catalogue:
        """What is in the project that the request names; in the first, where it names none."""
        return self.server.projects.catalogue(self.headers.get(PROJECT))

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


_Work = Answer | Callable[[], Answer]
Handler = Callable[[Call], _Work | Awaitable[_Work]]
"""Answers at once, or later, or gives the function that works the answer out in another thread."""


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below the context path, with the handler for it."""

    method: str
    path: str
    handler: Handler
    needs: Needs = Needs.PROJECT
