"""Credentials that are strings, or functions that fetch them when they are needed."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from mstr_arrow import background
from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from mstr_arrow.config import Credential


async def resolve(credential: Credential, argument: str) -> str:
    """Return a credential's text; ``argument`` is what its caller calls it, for errors.

    A plain function runs in a thread. What it returns is awaited if it can be, on the loop that awaits this.
    Nothing is kept: each call asks again. What the function raises comes out as it is, with a note of the
    argument. Errors: UsageError for anything but a ``str``, whose value is not shown.

    >>> import asyncio
    >>> async def ask():
    ...     return "s3cret"
    >>> asyncio.run(resolve(ask, "password"))
    's3cret'
    """
    if isinstance(credential, str):
        return credential
    value = await asyncio.to_thread(_called, credential, argument)
    if inspect.isawaitable(value):
        value = await _awaited(value, argument)
    return _text(value, argument)


def resolve_here(credential: Credential, argument: str) -> str:
    """Do what :func:`resolve` does for a synchronous caller, in whose own thread a plain function runs.

    So one that asks on the terminal hears Ctrl-C. What it returns is awaited, if it can be, on the background
    loop.

    >>> resolve_here(lambda: "s3cret", "password")
    's3cret'
    """
    if isinstance(credential, str):
        return credential
    value = _called(credential, argument)
    if inspect.isawaitable(value):
        value = background.run(_awaited(value, argument))
    return _text(value, argument)


def _called(credential: Any, argument: str) -> Any:
    if not callable(credential):
        hint = "Give a string, or a function without arguments that returns one."
        if inspect.isawaitable(credential):
            hint = "Give the function itself, not what it returned: it is called again at the next log-in."
        raise UsageError(f"{argument}= is {_kind(credential)}.", hint=hint)
    try:
        return credential()
    except StopIteration:  # which no future can carry: whoever awaits it would wait for ever
        raise UsageError(f"the function given as {argument}= has no more to return (StopIteration).") from None
    except Exception as error:
        error.add_note(f"raised by the function given as {argument}=")
        raise


async def _awaited(value: Awaitable[Any], argument: str) -> Any:
    try:
        return await value
    except Exception as error:
        error.add_note(f"raised by the function given as {argument}=")
        raise


def _text(value: Any, argument: str) -> str:
    if isinstance(value, str):
        return value
    raise UsageError(
        f"the function given as {argument}= returned {_kind(value)}.",
        hint="Have it decode them." if isinstance(value, bytes) else "Have it return a string.",
    )


def _kind(value: object) -> str:
    return "None, not a str" if value is None else f"of type {type(value).__name__}, not a str"
