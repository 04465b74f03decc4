"""The lines of ``--verbose``: requests and sessions, one each, and the package's other log records."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

from mstr_arrow import events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

_LISTENER: ContextVar[events.OnEvent | None] = ContextVar("listener", default=None)


def listener() -> events.OnEvent | None:
    """Return the function that draws events, None where nobody wants to see them."""
    return _LISTENER.get()


@contextmanager
def draw_trace(console: Console) -> Iterator[None]:
    """Draw meanwhile what happens on connections that are given `listener`; leave the logger as it was."""

    def draw(event: events.Event) -> None:
        if text := line(event):
            _print(console, text)

    logger, log = logging.getLogger("mstr_arrow"), _Log(console)
    level = logger.level
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG)
    try:
        with tell_to(draw):
            yield
    finally:
        logger.removeHandler(log)
        logger.setLevel(level)


@contextmanager
def tell_to(listener: events.OnEvent) -> Iterator[None]:
    """Tell a function meanwhile what happens on connections that are given `listener`."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def line(event: events.Event) -> str | None:
    """Put an event into words, None for what goes without saying.

    >>> line(events.RequestFinished("GET", "/api/projects", 1, 200, None, 0.0123, 4096))
    'GET /api/projects -> 200, 4.1 kB in 12 ms'
    >>> line(events.RequestStarted("GET", "/api/projects", 2, "ServerBusy [ERR0016]", 0))
    'GET /api/projects once more (2), because of ServerBusy [ERR0016]'
    """
    match event:
        case events.RequestStarted(why=None):
            return None
        case events.RequestStarted():
            return f"{event.method} {event.path} once more ({event.number}), because of {event.why}"
        case events.RequestFinished():
            outcome = " ".join(str(part) for part in (event.status, event.error) if part is not None)
            size, milliseconds = event.bytes / 1000, 1000 * event.seconds
            return f"{event.method} {event.path} -> {outcome}, {size:,.1f} kB in {milliseconds:,.0f} ms"
        case events.SessionOpened():
            return f"session opened: {event.url}, server {event.server_version or 'of unknown version'}"
        case events.SessionRenewed():
            return "session renewed"
        case events.ReadWaits():
            return f"waiting for other reads of this session: {event.open_reads} are open"
        case events.SessionClosed():
            return "session closed" if event.logged_out else "connection closed, log-out not confirmed"


class _Log(logging.Handler):
    """Writes records above a progress bar, a line each; requests are drawn from their events."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self.addFilter(lambda record: record.name != "mstr_arrow.requests")

    def emit(self, record: logging.LogRecord) -> None:
        _print(self._console, self.format(record))


def _print(console: Console, text: str) -> None:
    with suppress(BrokenPipeError):  # the command goes on; its printing of the result meets the same
        console.print(text, style="dim", soft_wrap=True)
