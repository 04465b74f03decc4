"""The operating system's keyring, by keyring."""

from __future__ import annotations

from dataclasses import dataclass, field
from shlex import quote
from typing import Any

from mstr_arrow.errors import SecretError
from mstr_arrow.secrets.clients import client_library
from mstr_arrow.secrets.secret import Secret, require_texts
from mstr_arrow.wording import advice


def keyring(service: str, username: str, key: str | None = None, *, backend: Any = None) -> Secret:
    """Name a password of the operating system's keyring: its text, or the field ``key`` of its JSON object.

    ``backend`` is a keyring.backend.KeyringBackend in place of the one that keyring chooses. Fetching may
    have the system ask to unlock the keyring.

    >>> ma.secrets.keyring("mstr-arrow", "ann")
    <Secret keyring password of 'ann' for 'mstr-arrow'>
    """
    require_texts(service=service, username=username)
    return Secret(_Keyring(service, username, backend), key)


@dataclass(frozen=True, slots=True)
class _Keyring:
    service: str
    username: str
    given: Any = field(repr=False)

    def __str__(self) -> str:
        return f"keyring password of {self.username!r} for {self.service!r}"

    def fetch(self) -> str:
        backend = self.given if self.given is not None else client_library("keyring", "keyring")
        text = backend.get_password(self.service, self.username)
        if text is None:
            raise SecretError(
                f"the {self} is not there.",
                hint=advice(
                    "store in the keyring",
                    "keyring set {service} {username}",
                    service=quote(self.service),
                    username=quote(self.username),
                ),
            )
        return str(text)

    def hint(self, error: Exception) -> str:
        if type(error).__name__ == "NoKeyringError":
            return "Install a keyring of your system, or keep the secret elsewhere: a server often has none."
        return "Unlock it, and let this program read it."
