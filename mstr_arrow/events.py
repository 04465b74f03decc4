"""Events on the network, told to a function of yours: ``connect(on_event=…)``.

An event holds no body, no header, no query and no credential. It is told on the event loop that does the work:
return quickly, and hand over to a queue what takes longer. What the function raises is logged (level DEBUG), and
harms no request. Without a function no event is made.

>>> seen = []
>>> with ma.connect(url, username=user, password=password, on_event=seen.append) as conn:
...     name = conn.user().name
>>> [(event.method, event.path, event.status) for event in seen if isinstance(event, ma.events.RequestFinished)][1]
('POST', '/api/auth/login', 204)
>>> [type(event).__name__ for event in seen][-1]
'SessionClosed'
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Event",
    "OnEvent",
    "ReadWaits",
    "RequestFinished",
    "RequestStarted",
    "SessionClosed",
    "SessionOpened",
    "SessionRenewed",
]

logger = logging.getLogger("mstr_arrow")


@dataclass(frozen=True, slots=True)
class RequestStarted:
    """A request is sent; ``number`` is 1 for the first time, and ``why`` tells what made it be sent again.

    ``bytes`` is the size of the body that is sent. ``path`` starts with ``/api``.
    """

    method: str
    path: str
    number: int
    why: str | None
    bytes: int


@dataclass(frozen=True, slots=True)
class RequestFinished:
    """A request was answered, or failed; ``number`` counts as in `RequestStarted`.

    ``status`` is the HTTP status, None where no answer came; ``error`` the class and codes of what went wrong,
    None where nothing did. ``seconds`` is the time from sending to the last byte, ``bytes`` the size of the body
    that came, as it was packed.
    """

    method: str
    path: str
    number: int
    status: int | None
    error: str | None
    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """A log-in succeeded; ``url`` is the server's base URL."""

    url: str
    server_version: str | None


@dataclass(frozen=True, slots=True)
class SessionRenewed:
    """The session's time on the server starts anew, because something holds it while nothing is asked."""

    url: str


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The connection is closed; ``logged_out`` says whether the server confirmed the end of its session."""

    url: str
    logged_out: bool


@dataclass(frozen=True, slots=True)
class ReadWaits:
    """A read has waited for a second, because ``open_reads`` others of the session hold the places that there are.

    ``working_set`` is the number of results that the server keeps for a session. The read goes on when one of the
    others was read to its end or closed.
    """

    open_reads: int
    working_set: int


Event: TypeAlias = RequestStarted | RequestFinished | SessionOpened | SessionRenewed | SessionClosed | ReadWaits
OnEvent: TypeAlias = "Callable[[Event], object]"


def tell(on_event: OnEvent, event: Event) -> None:
    """Call the function; whatever it raises harms nothing."""
    try:
        on_event(event)
    except Exception as error:  # noqa: BLE001  it is not ours, and a request must not end for it
        logger.debug("on_event failed: %s", type(error).__name__)
