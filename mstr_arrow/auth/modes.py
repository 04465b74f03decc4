"""Login modes: each one knows the body of its log-in request and nothing else.

Another mode (LDAP, API token, …) is another small class with a ``body`` method.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


class LoginMode(Protocol):
    """How a session is opened."""

    def body(self) -> dict[str, object]:
        """Return this mode's own members of the log-in request; may ask the user for a secret."""


@dataclass(frozen=True, slots=True)
class Standard:
    """A user name and password kept by the server (login mode 1).

    ``password`` may be a function without arguments; it is called once, at log-in.

    >>> Standard("ann", "secret")
    Standard(username='ann')
    """

    username: str
    password: str | Callable[[], str] = field(repr=False)

    def body(self) -> dict[str, object]:
        """Return mode, user name and password."""
        password = self.password() if callable(self.password) else self.password
        if not isinstance(password, str):
            raise UsageError(
                f"the password is a {type(password).__name__}, not a str.",
                hint="Give password= a string or a function that returns one.",
            )
        return {"loginMode": 1, "username": self.username, "password": password}


@dataclass(frozen=True, slots=True)
class Anonymous:
    """A guest, where the server admits guests (login mode 8)."""

    def body(self) -> dict[str, object]:
        """Return the mode."""
        return {"loginMode": 8}


def mode_from(username: str | None, password: str | Callable[[], str] | None) -> LoginMode:
    """Choose the login mode from what the caller gave: nothing means a guest.

    >>> mode_from(None, None)
    Anonymous()
    """
    if username is None and password is None:
        return Anonymous()
    if username is None or password is None:
        given, missing = ("password", "username") if username is None else ("username", "password")
        raise UsageError(
            f"{given}= was given without {missing}=.",
            hint=f"Give {missing}= too; password= may be a function that asks, such as getpass.getpass."
            if missing == "password"
            else f"Give {missing}= too, or neither to log in as a guest.",
        )
    return Standard(username, password)
