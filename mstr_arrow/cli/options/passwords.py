"""Passwords and keys that a person types, or that come from a file or standard input."""

from __future__ import annotations

import getpass
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.errors import SecretError, UsageError
from mstr_arrow.paths import read_path
from mstr_arrow.secrets import file
from mstr_arrow.wording import say_in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.config import Credential

STDIN = Path("-")
_IN_A_FILE = {"have the file to yourself": "{chmod}, or hand it over on standard input."}
"""Only a profile can say that others may read a file."""


def first_line(path: Path) -> Credential:
    """Return a function that reads a file's first line, at each log-in anew; of ``-``, standard input, at once."""
    if path == STDIN:
        try:
            return _first(sys.stdin.readline(), "standard input")
        except UnicodeDecodeError:
            raise UsageError("standard input is no text in UTF-8.", hint="Convert it: iconv -t UTF-8") from None
    path = read_path(path)
    if not path.exists():
        raise UsageError(f"there is no file {str(path)!r}.", hint="Its first line should be the secret.")

    def read() -> str:
        try:
            return _first(file(path)(), str(path))
        except SecretError as error:
            error.hint = say_in_words(error.hint or "", _IN_A_FILE)
            raise

    return read


def ask_later(username: Credential, why_not_another: str | None) -> Credential:
    """Return a function that asks for a password on the terminal; errors: UsageError where nobody can answer."""
    whose = f" of {username}" if isinstance(username, str) else ""
    if not sys.stdin.isatty():
        known = f" {why_not_another}" if why_not_another else ""
        raise UsageError(
            f"there is no password{f' for {username!r}' if whose else ''}, and no terminal to ask for it.{known}",
            hint="Set MSTR_PASSWORD, or use --password-file or --password-stdin, or store it by mstr-arrow login.",
        )
    return lambda: ask_secret(f"Password{whose}: ")


def ask_secret(question: str) -> str:
    """Ask on the terminal for what is not shown there; Ctrl-C is heard."""
    return _ask(lambda: getpass.getpass(question))


def ask_text(question: str) -> str:
    """Ask on the terminal, which is told by standard error."""
    return _ask(lambda: Terminal(stderr=True).input(question)).strip()


def _ask(ask: Callable[[], str]) -> str:
    if hasattr(signal, "siginterrupt"):
        # Polars has waits started again after Ctrl-C; without this the question could not be left.
        signal.siginterrupt(signal.SIGINT, True)
    try:
        return ask()
    except EOFError:
        raise UsageError("the question was not answered.") from None


def _first(text: str, where: str) -> str:
    secret = text.split("\n", 1)[0].removesuffix("\r")
    if not secret:
        raise UsageError(f"the first line of {where} is empty; the secret should stand there.")
    return secret
