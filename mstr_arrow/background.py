"""The one event loop all network traffic runs on, in a daemon thread started at first need.

Synchronous callers wait for it with `run`, asynchronous ones, on any loop of their own, with
`bridge`. What must be closed before the process ends is registered with `keep`.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures

# Imported for its exit hook: hooks run last in, first out, so ours runs while executors still take work.
import concurrent.futures.thread
import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mstr_arrow.errors import ClosedError, SessionExpired, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

logger = logging.getLogger("mstr_arrow")

SLICE = 0.1
"""Seconds a synchronous wait sleeps before it listens for Ctrl-C again."""

GRACE = 15.0
"""Seconds a cancelled coroutine has for its cleaning up."""


class Closable(Protocol):
    """An object that holds something on the server."""

    async def aclose(self) -> None:
        """Give back what the server holds; called once, within `GRACE` seconds."""


class Kept(Closable, Protocol):
    """An object that `keep` keeps."""

    def abandon(self) -> None:
        """Let go without a word to the server: this is a forked child, and the server's side is its parent's."""


class _Background:
    """The loop, its thread, and what is to be closed before they end."""

    def __init__(self) -> None:
        # The collector may finalise an abandoned read, which comes here, while this is held.
        self.lock = threading.RLock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None
        self.kept: dict[int, Kept] = {}

    def ensure_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop, started if need be."""
        with self.lock:
            if self.loop is None:
                self.loop = asyncio.new_event_loop()
                self.thread = threading.Thread(target=_serve, args=(self.loop,), name="mstr-arrow", daemon=True)
                self.thread.start()
                _register_exit_hook(self)
            return self.loop


_state = _Background()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop until it is stopped, then end what is left on it."""
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _forget_parent() -> None:
    """Start afresh in a forked child, which has neither the thread nor the right to the parent's sessions."""
    global _state  # noqa: PLW0603  the one background loop of this process
    _PARENTS.append(_state)
    for resource in _state.kept.values():
        resource.abandon()
    _state = _Background()


_PARENTS: list[_Background] = []
"""Objects that a forked child inherited, kept so that nothing of them is finalised while the child lives."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)


class _Call:
    """A coroutine under way on the background loop, as seen from another thread."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self.done: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._coroutine = coroutine
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        self._loop = _state.ensure_loop()
        try:
            self._loop.call_soon_threadsafe(self._begin)
        except RuntimeError:  # the loop has ended, and with it the program's main thread
            coroutine.close()
            raise _program_ends() from None

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._coroutine)
        self._task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self.done.set_exception(asyncio.CancelledError() if self._cancelled else _program_ends())
        elif error := task.exception():
            self.done.set_exception(error)
        else:
            self.done.set_result(task.result())

    def cancel(self) -> None:
        """Ask the coroutine to end; `done` says when it has."""
        self._cancelled = True
        self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


def _program_ends() -> ClosedError:
    return ClosedError("the connection was closed, because the program ends.", hint="Join your threads first.")


def on_loop() -> bool:
    """Say whether the caller runs on the background loop itself."""
    try:
        return asyncio.get_running_loop() is _state.loop
    except RuntimeError:
        return False


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for its result, hearing Ctrl-C.

    Any exception that reaches the waiting thread, ``KeyboardInterrupt`` before all, cancels the coroutine,
    waits at most ``GRACE`` seconds for its cleaning up, and goes on.
    """
    if on_loop():
        coroutine.close()
        raise UsageError(
            "a synchronous call was made on the event loop that would have to serve it.",
            hint="Await the method's _async twin there.",
        )
    call = _Call(coroutine)
    try:
        while not call.done.done():
            concurrent.futures.wait([call.done], timeout=SLICE)
    except BaseException:
        call.cancel()
        concurrent.futures.wait([call.done], timeout=GRACE)
        raise
    result: T = call.done.result()
    return result


async def bridge(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and await its result on the caller's.

    Cancelling the caller cancels the coroutine and waits at most ``GRACE`` seconds for its cleaning up.
    """
    if on_loop():
        return await coroutine
    call = _Call(coroutine)
    waiter = asyncio.wrap_future(call.done)
    try:
        result: T = await asyncio.shield(waiter)
    except asyncio.CancelledError:
        call.cancel()
        await asyncio.wait([waiter], timeout=GRACE)
        if waiter.done():
            waiter.exception()  # looked at, or asyncio would tell that nobody did
        raise
    return result


def spawn(coroutine: Coroutine[Any, Any, object]) -> None:
    """Start a coroutine on the background loop and wait for nothing; callable from any thread."""
    with contextlib.suppress(ClosedError):
        _Call(coroutine)


def keep(resource: Kept) -> None:
    """Close ``resource`` before this process ends, unless `drop` comes first."""
    _state.kept[id(resource)] = resource


def drop(resource: Kept) -> None:
    """Forget ``resource``: it was closed."""
    _state.kept.pop(id(resource), None)


def _register_exit_hook(state: _Background) -> None:
    """Have ``state`` ended while threads and executors still work.

    ``atexit`` comes after both are gone: a log-out that needs a new connection would fail there.
    """
    register = getattr(threading, "_register_atexit", atexit.register)
    register(_end, state, os.getpid())


def _end(state: _Background, pid: int) -> None:
    """Close what was kept and stop the loop; in a forked child do neither."""
    loop, thread = state.loop, state.thread
    if os.getpid() != pid or loop is None or thread is None or not thread.is_alive():
        return
    threading.excepthook = _quietly(threading.excepthook)
    with contextlib.suppress(Exception):
        call = _Call(_close_all(list(state.kept.values())))
        concurrent.futures.wait([call.done], timeout=GRACE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=GRACE)


def _quietly(hook: Callable[[threading.ExceptHookArgs], object]) -> Callable[[threading.ExceptHookArgs], object]:
    """Return a hook that shows no traceback of a thread whose connection was closed by the program's end."""

    def report_end(error: threading.ExceptHookArgs) -> None:
        if isinstance(error.exc_value, (ClosedError, SessionExpired)):  # the log-out may have been first
            name = error.thread.name if error.thread else "a thread"
            logger.warning("%s used a connection when the program ended: join your threads first", name)
        else:
            hook(error)

    return report_end


async def _close_all(resources: list[Kept]) -> None:
    await asyncio.gather(*(resource.aclose() for resource in resources), return_exceptions=True)
