"""Keyword options that a typed dictionary describes, as ``help()``, Tab and a mistyped call need them."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mstr_arrow.errors import UsageError
from mstr_arrow.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

F = TypeVar("F", bound="Callable[..., Any]")


class _Default:
    """Stands in signatures for a default that the typed dictionary describes."""

    def __repr__(self) -> str:
        return "..."


def takes(options: type) -> Callable[[F], F]:
    """List the keys of a typed dictionary in a function's signature, in place of its ``**options``.

    A call with any other keyword is a UsageError with a near name. What is warned of in the function is one frame
    further from its caller.

    >>> from typing import TypedDict
    >>> class Options(TypedDict, total=False):
    ...     rows: int
    >>> @takes(Options)
    ... def read(name, **options):
    ...     return options
    >>> inspect.signature(read)
    <Signature (name, *, rows: 'int' = ...)>
    >>> read("Sales", row=1)
    Traceback (most recent call last):
    mstr_arrow.errors.UsageError: UsageError: read() takes no 'row'. Did you mean 'rows'?
    """

    def decorate(function: F) -> F:
        signature = _signature(function, options)
        known = [name for name in signature.parameters if name != "self"]

        def check(given: Iterable[str]) -> None:
            for name in given:
                if name not in known:
                    raise UsageError(f"{function.__name__}() takes no {name!r}.", hint=suggestion(name, known))

        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def check_async(*positionals: Any, **given: Any) -> Any:
                check(given)
                return await function(*positionals, **given)

            checked: Callable[..., Any] = check_async
        else:

            @wraps(function)
            def check_here(*positionals: Any, **given: Any) -> Any:
                check(given)
                return function(*positionals, **given)

            checked = check_here
        checked.__signature__ = signature  # type: ignore[attr-defined]  # what inspect.signature() asks for
        return cast("F", checked)

    return decorate


def _signature(function: Callable[..., Any], options: type) -> inspect.Signature:
    own = inspect.signature(function)
    listed = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_Default(), annotation=_text(hint))
        for name, hint in options.__annotations__.items()
    ]
    explicit = [each for each in own.parameters.values() if each.kind is not each.VAR_KEYWORD]
    return own.replace(parameters=[*explicit, *listed])


def _text(hint: Any) -> Any:
    """Return an annotation as its author wrote it."""
    return getattr(hint, "__forward_arg__", hint)
