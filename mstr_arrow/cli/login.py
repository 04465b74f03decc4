"""Where the password comes from."""

from __future__ import annotations

import getpass
import os
import signal
import sys
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def password_from(
    username: str | None, *, stdin: bool, file: Path | None, profile: str | None
) -> str | Callable[[], str] | None:
    """Find the password: flags, then MSTR_PASSWORD, then the profile, then a question on the terminal.

    None without a user name, which is a guest's log-in. Errors: UsageError where there is nobody to ask.
    """
    if username is None:
        if stdin or file:
            raise UsageError("a password was given without a user name.", hint="Add --username.")
        return None
    if stdin:
        return _first_line(sys.stdin.readline(), "standard input")
    if file is not None:
        return _first_line(file.read_text(encoding="utf-8"), str(file))
    known = os.environ.get("MSTR_PASSWORD") or profile
    if known:
        return known
    if not sys.stdin.isatty():
        raise UsageError(
            f"there is no password for {username!r}, and no terminal to ask for it.",
            hint="Set MSTR_PASSWORD, or use --password-file or --password-stdin.",
        )
    return lambda: _ask(username)


def _first_line(text: str, where: str) -> str:
    password = text.split("\n", 1)[0].removesuffix("\r")
    if not password:
        raise UsageError(f"the first line of {where} is empty; it should be the password.")
    return password


def _ask(username: str) -> str:
    if hasattr(signal, "siginterrupt"):
        # Polars has waits started again after Ctrl-C; without this the question could not be left.
        signal.siginterrupt(signal.SIGINT, True)
    return getpass.getpass(f"Password of {username}: ")
