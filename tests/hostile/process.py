"""The servers in a process of their own, so that what memory grows by is the client's."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import TYPE_CHECKING

from tests.hostile.cells import serving
from tests.hostile.server import HostileServer

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Process(BaseManager):
    """The process of the servers."""


def _opened() -> HostileServer:
    """Start servers that run as long as their process does."""
    opened = ExitStack()
    return opened.enter_context(HostileServer(opened.enter_context(serving()), opened))


_Process.register("opened", _opened)


@contextmanager
def hostile_process() -> Iterator[HostileServer]:
    """Give a hostile server that runs in another process."""
    with _Process(ctx=get_context("spawn")) as process:
        yield process.opened()
