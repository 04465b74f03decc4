"""The profile file, whose tables say which server, and as whom: of the command line and of files of jobs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import SecretError, UsageError
from mstr_arrow.names import suggestion
from mstr_arrow.private import is_shared, way_out
from mstr_arrow.session.login_modes import SECRETS
from mstr_arrow.toml.reader import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG = "MSTR_ARROW_CONFIG"
"""The variable that names the profile file."""
DEFAULT = "default"
SECRET_KEYS = frozenset({*(argument.replace("_", "-") for argument in SECRETS), "key-password", "proxy-password"})
"""Keys whose value is a secret, or a table that says where one is kept."""
_FOLDER = "mstr-arrow"


def config_path() -> Path:
    """Give the path of the profile file, which need not exist."""
    named = os.environ.get(CONFIG)
    return Path(named).expanduser() if named else _folder() / "config.toml"


def _folder() -> Path:
    """Give the folder for this program's settings, where each system has them."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", "~")).expanduser() / _FOLDER
    if sys.platform == "darwin":
        return Path("~/Library/Application Support").expanduser() / _FOLDER
    return Path(os.environ.get("XDG_CONFIG_HOME", "~/.config")).expanduser() / _FOLDER


def read_profiles(path: Path) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the text of a profile file and its tables; nothing of one that is not there.

    Errors: UsageError, FileError.
    """
    if not path.exists():
        return "", {}
    text, tables = read_toml(path, "It is TOML.")
    if loose := [key for key, value in tables.items() if not isinstance(value, dict)]:
        raise UsageError(f"{path} sets {', '.join(loose)} outside a profile.", hint=f"Write [{DEFAULT}] above it.")
    return text, tables


def profile_from(path: Path, tables: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """Return a table of a profile file, with its keys as long options are spelled.

    Errors: UsageError where there is none, SecretError for a secret in a file that others can read.
    """
    if name not in tables:
        raise UsageError(f"no profile {name!r} in {path}.", hint=suggestion(name, sorted(tables)))
    table = {key.replace("_", "-"): value for key, value in tables[name].items()}
    secret = next((key for key, value in table.items() if is_secret(key, value)), None)
    if secret and is_shared(path):
        raise SecretError(f"{path} holds a secret ({secret}) and others can read it.", hint=way_out(path))
    return table


def is_secret(key: str, value: object) -> bool:
    """Say whether a setting is a secret by itself, and not just the place where one is kept.

    >>> is_secret("password", "hunter2"), is_secret("password", {"env": "MSTR"}), is_secret("proxy", "http://a:b@c")
    (True, False, True)
    """
    if not isinstance(value, str):
        return False
    return key in SECRET_KEYS or (key == "proxy" and "@" in value) or (key == "session" and "{" in value)
