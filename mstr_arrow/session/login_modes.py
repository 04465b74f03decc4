"""Login modes and credentials, defined once for ``connect``, files of jobs, profiles and the command line. Pure.

Wire reference, sections 1.3 to 1.6.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


class LoginMode(IntEnum):
    """The ways in which the server authenticates a user, by the server's numbers."""

    DELEGATED = -1
    STANDARD = 1
    ANONYMOUS = 8
    LDAP = 16
    API_TOKEN = 4096


NAMES = {
    LoginMode.DELEGATED: "identity token",
    LoginMode.STANDARD: "standard",
    LoginMode.ANONYMOUS: "guest",
    LoginMode.LDAP: "LDAP",
    LoginMode.API_TOKEN: "API token",
}
"""Modes as people are told of them."""


class Token(NamedTuple):
    """A credential that identifies the user alone: the login mode, and the member of the request."""

    mode: LoginMode
    member: str


TOKENS = {
    "api_key": Token(LoginMode.API_TOKEN, "username"),
    "identity_token": Token(LoginMode.DELEGATED, "identityToken"),
}
"""Tokens by argument of ``connect``, which is their key in files of jobs and, with a hyphen, in profiles."""
UserMode: TypeAlias = Literal["standard", "ldap"]
USER_MODES: Mapping[UserMode, LoginMode] = {"standard": LoginMode.STANDARD, "ldap": LoginMode.LDAP}
"""Modes of a user name and a password, by their names in files and options; the first one is the default."""
SECRETS = ("password", *TOKENS)
CREDENTIALS = ("username", *SECRETS)
"""Credentials by argument of ``connect``."""
