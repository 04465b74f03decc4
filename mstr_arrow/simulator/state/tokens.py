"""Tokens that log in without a password: identity tokens, which share a session, and API tokens, which do not.

Wire reference, sections 1.5 and 1.6. One thread at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.simulator.responses import LOGIN_FAILED, Refusal

if TYPE_CHECKING:
    from .sessions import Session, Sessions


class Tokens:
    """The tokens that were made, and whose they are."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._identities: dict[str, Session] = {}
        self._users: dict[str, str] = {}

    def identity(self, session: Session) -> str:
        """Make a token by which others share a session."""
        token = self._sessions.word(40)
        self._identities[token] = session
        return token

    def session(self, token: str | None) -> Session:
        """Find the session that a token shares; raise ERR003 where there is none, or none any more."""
        session = self._identities.get(token or "")
        if session is None or not self._sessions.is_live(session):
            raise login_failed()
        return session

    def api_token(self, user: str) -> str:
        """Make a token that logs a user in."""
        token = self._sessions.word(64)
        self._users[token] = user
        return token

    def user(self, token: str) -> str | None:
        """Find the user of an API token."""
        return self._users.get(token)


def login_failed() -> Refusal:
    """Give the error of wrong credentials."""
    return Refusal(401, "ERR003", "(Login failure. Incorrect login/password.)", iserver_code=LOGIN_FAILED)
