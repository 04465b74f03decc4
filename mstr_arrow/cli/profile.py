"""Settings kept in a file: ``config.toml``, whose tables are profiles.

::

    [default]
    url = "https://bi.example.com/MicroStrategyLibrary"
    username = "ann"
    project = "Retail"

    [nightly]
    url = "https://bi.example.com/MicroStrategyLibrary"
    username = "extract"
    password = "…"          # only in a file that nobody else can read
    in-flight = 12
    column-type = ["Revenue=decimal128(18, 2)"]

A profile stands alone: ``[nightly]`` takes nothing from ``[default]``.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Collection

PASSWORD = "password"  # noqa: S105 - a key, not a value
NOT_IN_A_FILE = {"profile", "output", "overwrite", "json", "password-stdin", "password-file", "help"}
_OTHERS = 0o077


def use_profile(context: typer.Context, name: str | None) -> str | None:
    """Make a profile's settings the defaults of the command's options.

    Runs before the other options are read, so that flags and the environment beat them. Settings that only other
    commands have are left to those.
    """
    if context.resilient_parsing:
        return name
    mine = _options(context.command)
    commands = getattr(context.parent and context.parent.command, "commands", {}).values()
    settings = read_profile(config_path(), name, set(mine).union(*map(_options, commands)))
    context.meta[PASSWORD] = settings.pop(PASSWORD, None)
    context.default_map = {mine[key]: value for key, value in settings.items() if key in mine}
    return name


def _options(command: Any) -> dict[str, str]:
    """Map the long options of a command to its parameters; none where it takes no profile."""
    options = {
        option.removeprefix("--"): str(parameter.name)
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }
    return {key: name for key, name in options.items() if key not in NOT_IN_A_FILE} if "profile" in options else {}


def config_path() -> Path:
    """Give the path of the profile file, which need not exist."""
    return Path(os.environ.get("MSTR_ARROW_CONFIG") or Path(typer.get_app_dir("mstr-arrow")) / "config.toml")


def read_profile(path: Path, name: str | None, options: Collection[str]) -> dict[str, Any]:
    """Read a profile's settings by long option; without a name, those of ``[default]`` if there are any.

    Errors: typer.BadParameter for a file that cannot be read, a profile or key that does not exist, and a
    password in a file that others can read.
    """
    profiles = _read(path)
    if name is not None and name not in profiles:
        there = ", ".join(sorted(profiles)) or "none"
        raise typer.BadParameter(f"no profile {name!r} in {path}; there are: {there}.")
    settings = {key.replace("_", "-"): value for key, value in profiles.get(name or "default", {}).items()}
    if unknown := sorted(settings.keys() - {*options, PASSWORD}):
        known = ", ".join(sorted({*options, PASSWORD}))
        raise typer.BadParameter(f"{path} sets {', '.join(unknown)}, which is no setting; there are: {known}.")
    if PASSWORD in settings and os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise typer.BadParameter(f"{path} holds a password and others can read it: chmod 600 {path}")
    return settings


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} cannot be read: {error}") from None
    if loose := [key for key, value in content.items() if not isinstance(value, dict)]:
        raise typer.BadParameter(f"{path} sets {', '.join(loose)} outside a profile: write [default] above it.")
    return content
