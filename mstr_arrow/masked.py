"""Secrets in variables, which tracebacks, debuggers and test runners may show. Pure."""

from __future__ import annotations

from typing import Any


class Masked:
    """A secret that shows nothing of itself; calling it gives it.

    >>> Masked("s3cret"), Masked("s3cret")()
    (<masked>, 's3cret')
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "<masked>"

    def __call__(self) -> Any:
        """Return the secret."""
        return self._value

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret in a variable is not pickled")


def mask(value: Any) -> Any:
    """Hide a value, unless it is None or a function, which holds no secret by itself."""
    return value if value is None or callable(value) else Masked(value)
