"""Where an object could not be run: a request that was cut, a time that is over, a failure. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import ConnectError, MstrError, ServerBusy, ServerError, TimeoutExceeded
from mstr_arrow.http.error_map import error_for
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.instances.source import Source

SMALLEST_PAGE = 50
"""Items below which a page is not made smaller where the server runs out of time."""

_TIMED_OUT = -2147206497

_GATEWAY = frozenset({502, 504})


def is_cut(error: MstrError) -> bool:
    """Tell whether a gateway or the network ended a request that the server may still work on."""
    if isinstance(error, ServerError):
        return error.status in _GATEWAY and error.code is None
    return isinstance(error, ConnectError) and error.cut


def fewer_rows(error: MstrError, rows: int) -> int | None:
    """Return how many items to ask for in place of so many, where the server ran out of time; else None."""
    if not isinstance(error, ServerBusy) or error.iserver_code != _TIMED_OUT or rows <= SMALLEST_PAGE:
        return None
    return max(SMALLEST_PAGE, rows // 2)


def explain_cut(error: MstrError, source: Source, seconds: float) -> None:
    """Have an error say that the request that runs the object was cut, and what to do."""
    if isinstance(error, ServerError):
        error.message = f"a gateway in front of the server cut the request after {seconds:.0f} s."
    error.message += f" The {source.kind} may go on running on the server."
    error.hint = source.gateway_hint


def too_long(source: Source, seconds: float, doing: str, *, cancelled: bool) -> TimeoutExceeded:
    """Say that the time is over, and what the server was doing."""
    left = "its job was cancelled" if cancelled else "it may go on until the connection is closed"
    return TimeoutExceeded(
        f"the {source.kind} was not ready after {seconds:g} s; the server was {doing}, and {left}.",
        hint=naming("Raise {Timeouts.execute}, or ask for less."),
    )


def failure_of(source: Source, number: int | None, message: str | None, failure: bytes | None) -> MstrError:
    """Say why the server could not run an object, as far as it tells: by an error, in words, or by a status."""
    if failure is not None:
        return error_for(500, {}, failure, method="GET", path=f"/api/{source.path}")
    reason = f": {message}" if message else f" (status {number}); it gives no reason."
    return ServerError(f"the server could not run the {source.kind}{reason}")
