"""Which requests are repeated, how often, and after which wait."""

from __future__ import annotations

import logging
import time
from email.utils import parsedate_to_datetime
from random import uniform
from typing import TYPE_CHECKING

import stamina

from mstr_arrow.errors import (
    ConnectError,
    InstanceGone,
    IServerUnreachable,
    MstrError,
    NotFound,
    NotPublished,
    ProxyError,
    ServerBusy,
    ServerError,
    TimeoutExceeded,
)
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.http.iserver import ISERVER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from mstr_arrow.config import Retry

# stamina logs every repetition as a warning; without a handler Python would print it to standard error.
logging.getLogger("stamina").addHandler(logging.NullHandler())


_VAGUE = frozenset({ServerError, ServerBusy, IServerUnreachable})
"""The error of a response whose code does not say that the same request would fail again."""


_TOO_MANY, _TROUBLE, _UNAVAILABLE, _GATEWAY_TIMEOUT = 429, 500, 503, 504


class Failed(Exception):
    """One attempt failed with ``error``; ``repeatable`` says whether another one is allowed.

    ``retry_after`` is the wait in seconds the server asked for, ``status`` and ``size`` (bytes) those of its
    response, if there was one.
    """

    def __init__(
        self,
        error: MstrError,
        *,
        repeatable: bool,
        retry_after: float | None = None,
        status: int | None = None,
        size: int = 0,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.repeatable = repeatable
        self.retry_after = retry_after
        self.status = status
        self.size = size


class Unreadable(Failed):
    """A response came with a success, and is not what it should be."""


def is_transient(error: MstrError) -> bool:
    """Say whether the same request may succeed a little later.

    So may: no connection, a connection reset or closed early, a truncated body, a time-out; HTTP 429, 502,
    503 and 504; HTTP 500 without a code that says more; and the I-Server's codes for full governors, memory
    shortage, and a cube being executed or published. Everything else is final: other
    4xx, other codes, certificates and proxy passwords that were refused, redirects, responses that are not JSON.

    Only requests that are safe to repeat are repeated for all these reasons. Any request is repeated when the
    connection could not even be opened, because then nothing was sent, and where it `was_turned_away`.
    """
    if not isinstance(error, ServerError):
        return isinstance(error, ConnectError | TimeoutExceeded) and not isinstance(error, ProxyError)
    if error.iserver_code is not None:
        meaning = ISERVER.get(error.iserver_code)
        return meaning is not None and meaning.transient
    return infer_status(error) in {429, 500, 502, 503, 504} and type(error) in _VAGUE


def was_turned_away(error: MstrError, wait: float | None) -> bool:
    """Say whether the server tells that it did nothing of a request, and may do it a little later.

    So it does with HTTP 429, with HTTP 503 where it asks for a ``wait`` (seconds, its ``Retry-After``), and with
    the I-Server's codes for full governors and memory shortage. The same request cannot make anything twice then,
    whatever it makes. HTTP 500, 502, 504, a 503 without a wait and a lost response leave that open.
    """
    if not isinstance(error, ServerError) or not is_transient(error):
        return False
    if error.iserver_code is not None:
        return ISERVER[error.iserver_code].unbegun
    status = infer_status(error)
    return status == _TOO_MANY or (status == _UNAVAILABLE and wait is not None)


def is_overload(error: MstrError) -> bool:
    """Say whether an error tells that the server has too much to do: it says so, or does not answer in time."""
    late = isinstance(error, ServerError) and error.status == _GATEWAY_TIMEOUT
    return late or isinstance(error, ServerBusy | TimeoutExceeded)


def leaves_open(error: MstrError) -> bool:
    """Say whether the server may have done a request that failed: the response was lost on its way.

    So may it after a connection that broke, after a response whose rest did not come, and after HTTP 500, 502, 503
    and 504 without a verdict of the I-Server's. A time-out before a response is not among these: a server that is
    that slow is not asked for the same again.
    """
    if isinstance(error, ServerError):
        return error.iserver_code is None and is_transient(error)
    return isinstance(error, ConnectError | TimeoutExceeded) and error.cut


def is_to_confirm(error: MstrError) -> bool:
    """Say whether an error denies that something is there while its HTTP status tells of trouble (5xx)."""
    if not isinstance(error, NotFound | NotPublished) or isinstance(error, InstanceGone):
        return False
    return (error.status or 0) >= _TROUBLE


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds a ``Retry-After`` header asks for, from its number or its date; None without one.

    >>> retry_after({"Retry-After": "3"}, now=0.0)
    3.0
    """
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None


def pause(settings: Retry, failures: int) -> float:
    """Draw the seconds to wait after so many failures."""
    return uniform(0.0, min(settings.wait_max, settings.wait_initial * 2**failures))


def attempts(settings: Retry) -> AsyncIterator[stamina.Attempt]:
    """Return the attempts of one request, each a context in which `Failed` may be raised.

    The wait before attempt *n* + 1 is drawn at random below ``wait_initial * 2**n`` and ``wait_max``, or is
    what the server asked for; a wait that would end after ``settings.seconds`` is not begun. These count from the
    end of the first attempt: one that takes as long as its time-out may last longer than all others together.
    """
    began: float | None = None
    failures = 0

    def wait(error: Exception) -> bool | float:
        nonlocal failures, began
        now = time.monotonic()
        began = now if began is None else began
        if not isinstance(error, Failed) or not error.repeatable:
            return False
        failures += 1
        seconds = pause(settings, failures) if error.retry_after is None else error.retry_after
        return seconds if now - began + seconds < settings.seconds else False

    return aiter(stamina.retry_context(on=wait, attempts=settings.attempts, timeout=None))
