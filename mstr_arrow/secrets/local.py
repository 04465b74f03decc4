"""Secrets of this machine: environment variables and files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.errors import SecretError
from mstr_arrow.paths import read_path
from mstr_arrow.private import is_shared, way_out
from mstr_arrow.secrets.secret import Secret, require_texts, text_of
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from pathlib import Path


def env(name: str, key: str | None = None, *, default: str | None = None) -> Secret:
    """Name an environment variable: its text, or the field ``key`` of its JSON object.

    An empty variable counts as not set; ``default`` takes its place.

    >>> ma.secrets.env("MSTR_PASSWORD")
    <Secret environment variable 'MSTR_PASSWORD'>
    """
    require_texts(name=name)
    return Secret(_Environment(name, default), key)


def file(path: str | os.PathLike[str], key: str | None = None, *, shared: bool = False) -> Secret:
    """Name a file: its text less one line end, or the field ``key`` of its JSON object.

    A file that others can read, as far as POSIX permissions tell, is refused, unless it is ``shared`` on purpose,
    such as one mounted into a container that holds nothing else.

    >>> ma.secrets.file("/run/secrets/mstr-password", shared=True)
    <Secret file '/run/secrets/mstr-password'>
    """
    if not isinstance(path, os.PathLike):
        require_texts(path=path)
    return Secret(_File(read_path(path), shared), key)


@dataclass(frozen=True, slots=True, repr=False)
class _Environment:
    name: str
    default: str | None

    def __str__(self) -> str:
        return f"environment variable {self.name!r}"

    def fetch(self) -> str:
        text = os.environ.get(self.name) or self.default
        if text is None:
            state = "empty" if self.name in os.environ else "not set"
            raise SecretError(
                f"the {self} is {state}.", hint=advice("set the variable", "Set it, or give {secrets.env.default}.")
            )
        return text

    def hint(self, error: Exception) -> str:  # noqa: ARG002 - no library, so no errors but ours
        return "Set it."


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    shared: bool

    def __str__(self) -> str:
        return f"file {str(self.path)!r}"

    def fetch(self) -> str:
        with self.path.open("rb") as stream:
            if not self.shared and is_shared(stream.fileno()):
                raise SecretError(
                    f"the {self} holds a secret and others can read it.",
                    hint=advice(
                        "have the file to yourself",
                        "{chmod}, or give {secrets.file.shared=True} if they may.",
                        chmod=way_out(self.path),
                    ),
                )
            text = text_of(stream.read(), self)
        return text.removesuffix("\n").removesuffix("\r")

    def hint(self, error: Exception) -> str:
        return "Is this its path?" if isinstance(error, FileNotFoundError) else "May this user read it?"
