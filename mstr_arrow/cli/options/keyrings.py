"""The operating system's keyring, as far as ``mstr-arrow login`` writes to it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError, SecretError, UsageError
from mstr_arrow.secrets.clients import client_library

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = "mstr-arrow"
_NO_KEYRINGS = {"keyring.backends.fail", "keyring.backends.null"}


def service_of(base: str) -> str:
    """Name the service that passwords of a server are kept for; it is what the system's own tools show.

    >>> service_of("https://bi.example.com/MicroStrategyLibrary")
    'mstr-arrow https://bi.example.com/MicroStrategyLibrary'
    """
    return f"{SERVICE} {base}"


def require_keyring() -> None:
    """Refuse a machine that has none, before a person types a password; errors: UsageError."""
    keyring = _import_keyring()
    with _type_errors("cannot be kept: there is no working keyring"):
        backend = keyring.get_keyring()
    if type(backend).__module__ in _NO_KEYRINGS:
        raise UsageError(
            "this machine has no keyring to keep the secret in.",
            hint='Keep it elsewhere, and name the place in the profile, as in password = {file = "…"} or '
            '{env = "…"}; on Linux, a desktop or the package keyrings.alt brings a keyring.',
        )


def keep(service: str, username: str, secret: str) -> None:
    """Store a secret, in place of the one there was; errors: SecretError."""
    with _type_errors("was not taken by the keyring"):
        _import_keyring().set_password(service, username, secret)


def forget(service: str, username: str) -> bool:
    """Remove a secret, and say whether there was one; errors: SecretError."""
    keyring = _import_keyring()
    with _type_errors("was not removed from the keyring"):
        if keyring.get_password(service, username) is None:
            return False
        keyring.delete_password(service, username)
        return True


def _import_keyring() -> Any:
    return client_library("keyring", "keyring")


@contextmanager
def _type_errors(what: str) -> Iterator[None]:
    """Type the errors of keyring, each backend of which has its own, and chain none: they may hold the secret."""
    try:
        yield
    except MstrError:
        raise
    except Exception as error:  # noqa: BLE001 - any backend's
        failure = type(error).__name__
    else:
        return
    raise SecretError(f"the secret {what} ({failure}).", hint="Unlock it, and let this program use it.") from None
