"""The choice of a login mode by the credentials that a caller gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mstr_arrow.credentials import resolve, resolve_here
from mstr_arrow.errors import UsageError
from mstr_arrow.given import check_type
from mstr_arrow.masked import mask
from mstr_arrow.session.login_modes import TOKENS, USER_MODES, LoginMode
from mstr_arrow.wording import Wording, name_path, naming

if TYPE_CHECKING:
    from mstr_arrow.config import Credential

WAYS = naming(
    "What goes together: {connect.username} and {connect.password} (with {connect.login_mode=16} for LDAP); or "
    "{connect.api_key}; or {connect.identity_token}; or {connect.session}; or none of them, to log in as a guest."
)


class Given(NamedTuple):
    """A credential: the member of the request, and the argument of the call."""

    member: str
    argument: str
    credential: Credential

    @property
    def where(self) -> Wording:
        """The argument, for error messages."""
        return name_path(f"connect.{self.argument}")

    def show(self, text: str) -> object:
        """Return the value masked, unless the value is a user's name."""
        return text if self.argument == "username" else mask(text)


@dataclass(frozen=True, slots=True)
class Login:
    """A log-in: the mode, and the credentials that the mode's request needs.

    >>> Login(LoginMode.STANDARD, (Given("username", "username", "ann"), Given("password", "password", "secret")))
    Login(mode=<LoginMode.STANDARD: 1>)
    """

    mode: LoginMode
    given: tuple[Given, ...] = field(default=(), repr=False)

    async def body(self) -> dict[str, object]:
        """Return the body of the request, with secrets masked. Functions are called, and may prompt the user."""
        texts = {each.member: each.show(await resolve(each.credential, each.where)) for each in self.given}
        return {"loginMode": int(self.mode), **texts}

    def body_here(self) -> dict[str, object]:
        """Return the body as `body` does, in the caller's own thread."""
        texts = {each.member: each.show(resolve_here(each.credential, each.where)) for each in self.given}
        return {"loginMode": int(self.mode), **texts}


def login_from(*, login_mode: int | None = None, **credentials: Credential | None) -> Login:
    """Choose the login mode by the credentials given, named as in `CREDENTIALS`; without any, the guest's mode.

    Errors: UsageError for credentials that contradict each other.

    >>> login_from().mode
    <LoginMode.ANONYMOUS: 8>
    >>> login_from(api_key="k", username="ann")
    Traceback (most recent call last):
    mstr_arrow.errors.UsageError: UsageError: api_key= and username= contradict each other. What goes together: ...
    """
    given = {argument: value for argument, value in credentials.items() if value is not None}
    mode = _mode(login_mode, given)
    members = {argument: token.member for argument, token in TOKENS.items()}
    return Login(mode, tuple(Given(members.get(each, each), each, value) for each, value in given.items()))


def refuse_together(*arguments: str) -> UsageError:
    """Return the error of arguments that contradict each other."""
    *others, last = [f"{argument}=" for argument in arguments]
    return UsageError(f"{', '.join(others)} and {last} contradict each other.", hint=WAYS)


def _mode(login_mode: int | None, given: dict[str, Credential]) -> LoginMode:
    """Return the mode that the credentials are for, and check that it is the one that was asked for."""
    allowed: tuple[LoginMode, ...] = (LoginMode.ANONYMOUS,)
    if given.keys() <= {"username", "password"} and given:
        _require_both(given)
        allowed = tuple(USER_MODES.values())
    elif len(given) > 1:
        raise refuse_together(*sorted(given))
    elif given:
        allowed = (TOKENS[next(iter(given))].mode,)
    if login_mode is None:
        return allowed[0]
    check_type("login_mode", login_mode, (int, str), "the number of a mode")
    if login_mode in allowed:
        return LoginMode(login_mode)
    if login_mode in set(LoginMode):
        asked = LoginMode(login_mode)
        what = " and ".join(f"{argument}=" for argument in given) or "no credentials"
        raise UsageError(f"login_mode={asked.value} ({asked.name}) does not go with {what}.", hint=WAYS)
    raise UsageError(
        f"login_mode={login_mode!r} cannot be used by a program.",
        hint=naming(
            "Log in with a browser and hand its token and cookies over as {connect.session}. {ways}", ways=WAYS
        ),
    )


def _require_both(given: dict[str, Credential]) -> None:
    if "username" not in given:
        raise UsageError(
            "password= was given without username=.", hint=naming("Give {connect.username} too. {ways}", ways=WAYS)
        )
    if "password" not in given:
        raise UsageError(
            "username= was given without password=.",
            hint=naming(
                "Give {connect.password} too: an empty one is legal, and it may be a function that asks, such as "
                "getpass.getpass. An API token, which elsewhere is given as the user name, goes into "
                "{connect.api_key}. {ways}",
                ways=WAYS,
            ),
        )
