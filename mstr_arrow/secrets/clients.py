"""Client libraries of the stores: brought in when they are needed, and kept from telling what they read."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
"""How long one request to a store may wait, where the client is made here; the libraries' own is minutes."""


def client_library(module: str, extra: str) -> Any:
    """Import a module of an extra; errors: UsageError that tells how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(
            f"{module} could not be imported ({error}).", hint=f"pip install 'mstr-arrow[{extra}]'"
        ) from error


@contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Drop what this thread logs for debugging meanwhile: these loggers write whole answers, secrets too."""
    hidden = _Hidden(threading.get_ident())
    with ExitStack() as stack:
        for name in loggers:
            logger = logging.getLogger(name)
            logger.addFilter(hidden)
            stack.callback(logger.removeFilter, hidden)
        yield


class _Hidden(logging.Filter):
    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG or record.thread != self._thread
