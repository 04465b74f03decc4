"""Credentials that are strings, or functions that fetch them when they are needed."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from mstr_arrow import background
from mstr_arrow.errors import UsageError
from mstr_arrow.masked import Masked
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from mstr_arrow.config import Credential


async def resolve(credential: Credential, where: str) -> str:
    """Return a credential's text; ``where`` is what its caller gave it as, for errors.

    A plain function runs in a thread. What it returns is awaited if it can be, on the loop that awaits this.
    Nothing is kept: each call asks again. What the function raises comes out as it is, with a note of
    where it was given. Errors: UsageError for anything but a ``str``, whose value is not shown.

    >>> import asyncio
    >>> async def ask():
    ...     return "s3cret"
    >>> asyncio.run(resolve(ask, "password="))
    's3cret'
    """
    if isinstance(credential, str):
        return credential
    if isinstance(credential, Masked):
        return _require_text(credential, where)
    answer = Masked(await asyncio.to_thread(_call, credential, where))
    if inspect.isawaitable(answer()):
        answer = Masked(await _await(answer(), where))
    return _text(answer, where)


def resolve_here(credential: Credential, where: str) -> str:
    """Return a credential's text as `resolve` does, for a synchronous caller, in whose own thread functions run.

    So one that asks on the terminal hears Ctrl-C. What it returns is awaited, if it can be, on the background
    loop.

    >>> resolve_here(lambda: "s3cret", "password=")
    's3cret'
    """
    if isinstance(credential, str):
        return credential
    if isinstance(credential, Masked):
        return _require_text(credential, where)
    answer = Masked(_call(credential, where))
    if inspect.isawaitable(answer()):
        answer = Masked(background.run(_await(answer(), where)))
    return _text(answer, where)


def _require_text(credential: Masked, where: str) -> str:
    if isinstance(credential(), str):
        return str(credential())
    hint = "Give a string, or a function without arguments that returns one."
    if inspect.isawaitable(credential()):
        hint = "Give the function itself, not what it returned: it is called again at the next log-in."
    raise UsageError(naming("{where} is {kind}.", where=where, kind=_kind(credential())), hint=hint)


def _call(credential: Any, where: str) -> Any:
    if not callable(credential):
        return _require_text(Masked(credential), where)
    try:
        return credential()
    except StopIteration:  # which no future can carry: its waiter would wait for ever
        raise UsageError(
            naming("the function given as {where} has no more to return (StopIteration).", where=where)
        ) from None
    except Exception as error:
        error.add_note(f"raised by the function given as {where}")
        raise


async def _await(value: Awaitable[Any], where: str) -> Any:
    try:
        return await value
    except Exception as error:
        error.add_note(f"raised by the function given as {where}")
        raise


def _text(answer: Masked, where: str) -> str:
    if isinstance(answer(), str):
        return str(answer())
    raise UsageError(
        naming("the function given as {where} returned {kind}.", where=where, kind=_kind(answer())),
        hint="Have it decode them." if isinstance(answer(), bytes) else "Have it return a string.",
    )


def _kind(value: object) -> str:
    return "None, not a str" if value is None else f"of type {type(value).__name__}, not a str"
