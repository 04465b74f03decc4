"""Secrets in variables, which tracebacks, debuggers and test runners may show. Pure."""

from __future__ import annotations

import re
from typing import Any

_USER = re.compile(r"://[^/\s]*@")
_PARAMETER = re.compile(
    r"((?:password|passwd|pwd|secret|token|signature|sig|credential|access_?key|account_?key)=)[^&;\s]+",
    re.IGNORECASE,
)


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


def without_secrets(text: str) -> str:
    """Take out of a text what URIs and connection strings hold of secrets.

    >>> without_secrets("postgresql://ann:s3cret@db/sales?sslpassword=x&port=1")
    'postgresql://***@db/sales?sslpassword=***&port=1'
    >>> without_secrets("Server=db;Uid=ann;Pwd=s3cret;")
    'Server=db;Uid=ann;Pwd=***;'
    """
    return _PARAMETER.sub(r"\1***", _USER.sub("://***@", text))
