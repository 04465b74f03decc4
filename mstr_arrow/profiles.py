"""Where profiles are kept: in the user's configuration folder, or the file that a variable names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CONFIG = "MSTR_ARROW_CONFIG"
"""The variable that names the profile file."""
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
