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

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from mstr_arrow.cli.loading import all_leaves
from mstr_arrow.errors import MstrError
from mstr_arrow.names import near_names
from mstr_arrow.profiles import DEFAULT, SECRET_KEYS, config_path, profile_from, read_profiles
from mstr_arrow.toml.line_numbers import line_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

MAY_BE_KEPT = frozenset({"url", "username"})
"""Keys that are no secrets, but may be kept where one is."""
NOT_IN_A_FILE = frozenset(
    {
        *("profile", "output", "overwrite", "include", "exclude", "json", "help"),
        *("password-stdin", "password-file", "api-key-file", "with-api-key"),
    }
)
MAKES_PROFILES = frozenset({"login"})
"""Commands that may name a profile which is not there yet."""
MEASURED = {"bench run": frozenset({"concurrency", "page-rows"})}
"""Options that a command tries values of, by its words: a profile says of these what `fetch` is to do."""
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
    words = context.command_path.removeprefix(context.find_root().command_path).strip()
    measured = MEASURED.get(words, ())
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
    return f"{profile} of {profile.path}, line {_line(read_profiles(profile.path)[0], profile.name, key)}"


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
    Errors: BadProfile for a file that cannot be read, a profile or key that does not exist, and a secret in a file
    that others can read.
    """
    try:
        text, tables = read_profiles(path)
        chosen = name or DEFAULT
        absent = chosen not in tables and (name is None or may_be_new)
        settings = {} if absent else profile_from(path, tables, chosen)
    except MstrError as error:
        raise BadProfile(f"{error.message} {error.hint}") from None
    known = {*options, *SECRET_KEYS}
    if not settings.keys() <= known:
        known.update(others())
    if unknown := [_unknown(text, chosen, key, known) for key in settings if key not in known]:
        raise BadProfile(f"{path} sets {' It sets '.join(unknown)}")
    kept = {key for key, value in settings.items() if key in SECRET_KEYS or _is_kept(key, value)}
    return Profile(
        chosen,
        path,
        {key: value for key, value in settings.items() if key not in kept},
        {key: settings[key] for key in kept},
    )


def _is_kept(key: str, value: object) -> bool:
    return key in MAY_BE_KEPT and isinstance(value, dict)


def _line(text: str, name: str, key: str) -> int | None:
    """Return the line of a key of a profile, spelled either way, or of what it stands in."""
    lines = lines_of(text)
    spelled = next((each for each in (key, key.replace("-", "_")) if (name, each) in lines), key)
    return line_of(lines, (name, spelled))


def _unknown(text: str, name: str, key: str, known: Collection[str]) -> str:
    """Say which key is no setting, where it stands, and what was meant."""
    place = f"line {_line(text, name, key)}"
    if key in NOT_IN_A_FILE:
        return f"{key}, which is for the command line only ({place})."
    near = near_names(key, sorted(known))[:1]
    meant = f"Did you mean {near[0]}?" if near else "Keys are the long options of the commands, which --help lists."
    return f"{key}, which is no setting ({place}). {meant}"
