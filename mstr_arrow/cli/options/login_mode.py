"""The way in, chosen from the options, the environment and the profile. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from mstr_arrow.errors import UsageError
from mstr_arrow.session.login_modes import NAMES, TOKENS, USER_MODES, LoginMode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mstr_arrow.config import Credential
    from mstr_arrow.session.login_modes import UserMode

WHO = ("session", *TOKENS, "username")
"""Arguments of ``connect`` that say who logs in, each by itself."""

Ask: TypeAlias = "Callable[[Credential, str | None], Credential]"
"""Takes a user name, and why a password that was offered is not used; returns the password, or what asks for it."""

_NAMES = {"session": "session"} | {argument: NAMES[token.mode] for argument, token in TOKENS.items()}


@dataclass(frozen=True, slots=True)
class Given:
    """A credential, what its user calls the place it came from, and why it cannot be used, if so."""

    where: str
    value: Credential = field(repr=False)
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class WayIn:
    """How a command logs in: a name for it, and arguments of ``connect``."""

    name: str
    arguments: Mapping[str, Any] = field(repr=False)

    @property
    def owned(self) -> bool:
        """Whether the session is the command's own, and logged out when it ends."""
        return self.arguments.keys().isdisjoint({"session", "identity_token"})


def choose(
    levels: Sequence[Mapping[str, Given]],
    ask: Ask,
    *,
    login_mode: UserMode | None = None,
) -> WayIn:
    """Choose the way in: the first level that says who logs in decides, and later ones are not looked at.

    A level holds values by argument of ``connect``. The password of a user comes from the first level that
    has one, or from ``ask``. Errors: UsageError for what contradicts or cannot be used.

    >>> option, environment = {"username": Given("--username", "ann")}, {"api_key": Given("MSTR_API_KEY", "k")}
    >>> choose([option, environment], lambda username, why_not: "asked").name
    'standard'
    >>> choose([{}, environment], lambda username, why_not: "asked").name
    'API token'
    """
    level = next((each for each in levels if not each.keys().isdisjoint(WHO)), {})
    said = [key for key in WHO if key in level]
    if len(said) > 1:
        places = " and ".join(level[key].where for key in said)
        raise UsageError(f"{places} contradict each other.", hint="Each says by itself who logs in.")
    if said == ["username"]:
        username = _usable(level["username"])
        return name_way_in({"username": username, "password": _password(username, levels, ask)}, login_mode)
    _refuse_password(levels if not said else levels[:1], [level[key] for key in said])
    if said:
        return name_way_in({said[0]: _usable(level[said[0]])})
    if login_mode is not None:
        raise UsageError(f"login mode {login_mode!r} needs a user name.", hint="Add --username or MSTR_USERNAME.")
    return WayIn(NAMES[LoginMode.ANONYMOUS], {})


def _password(username: Credential, levels: Sequence[Mapping[str, Given]], ask: Ask) -> Credential:
    offered = [level["password"] for level in levels if "password" in level]
    usable = [each.value for each in offered if each.refusal is None]
    return usable[0] if usable else ask(username, next((each.refusal for each in offered), None))


def name_way_in(arguments: Mapping[str, Any], login_mode: UserMode | None = None) -> WayIn:
    """Name a way in by its arguments.

    >>> name_way_in({"username": "ann", "password": "secret"}, "ldap").name
    'LDAP'
    """
    if "username" not in arguments:
        return WayIn(_NAMES[next(iter(arguments))], arguments)
    mode = None if login_mode is None else USER_MODES[login_mode]
    return WayIn(NAMES[mode or LoginMode.STANDARD], {**arguments, "login_mode": mode})


def _usable(given: Given) -> Credential:
    if given.refusal is not None:
        raise UsageError(given.refusal, hint="Say for that server who logs in, or use a profile of its own.")
    return given.value


def _refuse_password(levels: Sequence[Mapping[str, Given]], others: Sequence[Given]) -> None:
    """Refuse a password that belongs to nobody: beside another way in, or where one would be a guest in silence."""
    for password in (level["password"] for level in levels if "password" in level):
        for other in others:
            raise UsageError(
                f"{password.where} and {other.where} contradict each other.", hint="A password needs --username."
            )
        raise UsageError(
            f"{password.where} gives a password without a user name.",
            hint="Add --username or MSTR_USERNAME. To be a guest, leave the password away.",
        )
