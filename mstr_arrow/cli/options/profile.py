"""Settings kept in a file: ``config.toml``, whose tables are profiles.

::

    [default]
    url = "https://bi.example.com/MicroStrategyLibrary"
    username = "ann"
    project = "Retail"

    [nightly]
    url = "https://bi.example.com/MicroStrategyLibrary"
    username = "extract"
    password = {aws = "mstr/prod", key = "password"}    # or a text, in a file that nobody else can read
    concurrency = 12
    column-type = ["Revenue=decimal128(18, 2)"]

A profile stands alone: ``[nightly]`` takes nothing from ``[default]``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from mstr_arrow.cli.loading import all_leaves
from mstr_arrow.cli.options.profile_file import line_of
from mstr_arrow.names import near_names, suggestion
from mstr_arrow.private import is_shared, way_out
from mstr_arrow.profiles import config_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

DEFAULT = "default"
CREDENTIALS = frozenset({"password", "api-key", "identity-token", "key-password", "proxy-password"})
MAY_BE_KEPT = frozenset({"url", "username"})
"""What is no secret, but may be kept where one is."""
NOT_IN_A_FILE = frozenset(
    {
        *("profile", "output", "overwrite", "include", "exclude", "json", "help"),
        *("password-stdin", "password-file", "api-key-file", "with-api-key"),
    }
)
MAKES_PROFILES = frozenset({"login"})
"""Commands that may name a profile which is not there yet."""
MEASURED = {"bench run": frozenset({"concurrency", "page-rows"})}
"""What a command tries out, by its words: a profile says of it what `fetch` is to do."""
_META = "mstr_arrow.profile"


@dataclass(frozen=True, slots=True)
class Profile:
    """One table of the profile file.

    ``settings`` are by long option; ``credentials`` are those that no option takes: secrets, and tables that say
    where something is kept.
    """

    name: str
    path: Path
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    credentials: dict[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"profile {self.name!r}"


class BadProfile(typer.BadParameter):
    """Something is wrong with the profile file, and with no option."""

    def format_message(self) -> str:
        """Say it without the option that typer would blame."""
        return self.message


def use_profile(context: typer.Context, name: str | None) -> str | None:
    """Make a profile's settings the defaults of the command's options.

    Runs before the other options are read, so that flags and the environment beat them. Settings that only other
    commands have are left to those.
    """
    if context.resilient_parsing:
        return name
    mine = _options(context.command)
    profile = read_profile(
        config_path(),
        name,
        mine,
        others=lambda: set().union(*map(_options, all_leaves(context).values())),
        may_be_new=context.info_name in MAKES_PROFILES,
    )
    context.meta[_META] = profile
    measured = MEASURED.get(context.command_path.partition(" ")[2], ())
    context.default_map = {
        mine[key]: value for key, value in profile.settings.items() if key in mine and key not in measured
    }
    return name


def profile_of(context: typer.Context) -> Profile:
    """Return the profile that the command uses."""
    profile: Profile = context.meta[_META]
    return profile


def origin(context: typer.Context, parameter: str) -> str | None:
    """Say which profile gives an option its value, and where; None where that comes from elsewhere."""
    source = context.get_parameter_source(parameter)
    if source is None or source.name != "DEFAULT_MAP" or _META not in context.meta:
        return None
    profile = profile_of(context)
    key = next((key for key, name in _options(context.command).items() if name == parameter), parameter)
    line = line_of(_text(profile.path), profile.name, key)
    return f"{profile} of {profile.path}{f', line {line}' if line else ''}"


def _options(command: Any) -> dict[str, str]:
    """Map the long options of a command to its parameters; none where it takes no profile."""
    options = {
        option.removeprefix("--"): str(parameter.name)
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }
    return {key: name for key, name in options.items() if key not in NOT_IN_A_FILE} if "profile" in options else {}


def read_profile(
    path: Path,
    name: str | None,
    options: Collection[str],
    *,
    others: Callable[[], Collection[str]] = tuple,
    may_be_new: bool = False,
) -> Profile:
    """Read a profile; without a name, ``[default]`` if there is one.

    ``others`` gives the options of other commands, which are looked up for a key that is none of ``options``.
    Errors: typer.BadParameter for a profile that does not exist; BadProfile for a file that cannot be read, a key
    that does not exist, and a secret in a file that others can read.
    """
    text = _text(path)
    profiles = _read(path, text)
    if name is not None and name not in profiles and not may_be_new:
        raise typer.BadParameter(f"no profile {name!r} in {path}. {suggestion(name, sorted(profiles))}")
    settings = {key.replace("_", "-"): value for key, value in profiles.get(name or DEFAULT, {}).items()}
    known = {*options, *CREDENTIALS}
    if not settings.keys() <= known:
        known.update(others())
    if unknown := [_unknown(text, name or DEFAULT, key, known) for key in settings if key not in known]:
        raise BadProfile(f"{path} sets {' It sets '.join(unknown)}")
    secret = next((key for key, value in settings.items() if is_secret(key, value)), None)
    if secret and is_shared(path):
        raise BadProfile(f"{path} holds a secret ({secret}) and others can read it: {way_out(path)}")
    kept = {key for key, value in settings.items() if key in CREDENTIALS or _is_kept(key, value)}
    return Profile(
        name or DEFAULT,
        path,
        {key: value for key, value in settings.items() if key not in kept},
        {key: settings[key] for key in kept},
    )


def is_secret(key: str, value: object) -> bool:
    """Say whether a setting is a secret by itself, and not just the place where one is kept.

    >>> is_secret("password", "hunter2"), is_secret("password", {"env": "MSTR"}), is_secret("proxy", "http://a:b@c")
    (True, False, True)
    """
    if not isinstance(value, str):
        return False
    return key in CREDENTIALS or (key == "proxy" and "@" in value) or (key == "session" and "{" in value)


def _is_kept(key: str, value: object) -> bool:
    return key in MAY_BE_KEPT and isinstance(value, dict)


def _unknown(text: str, name: str, key: str, known: Collection[str]) -> str:
    """Say which key is no setting, where it stands, and what was meant."""
    line = line_of(text, name, key)
    place = f"line {line}" if line else f"[{name}]"
    if key in NOT_IN_A_FILE:
        return f"{key}, which is for the command line only ({place})."
    near = near_names(key, sorted(known))[:1]
    meant = f"Did you mean {near[0]}?" if near else "Keys are the long options of the commands, which --help lists."
    return f"{key}, which is no setting ({place}). {meant}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise BadProfile(f"{path} cannot be read: it is not UTF-8, as TOML is.") from None
    except OSError as error:
        raise BadProfile(f"{path} cannot be read: {error.strerror}.") from None


def _read(path: Path, text: str) -> dict[str, dict[str, Any]]:
    try:
        content = tomllib.loads(text)
    except ValueError as error:
        raise BadProfile(f"{path} cannot be read: {error}.") from None
    if loose := [key for key, value in content.items() if not isinstance(value, dict)]:
        raise BadProfile(f"{path} sets {', '.join(loose)} outside a profile: write [{DEFAULT}] above it.")
    return content
