"""The origin of a connection's session: a log-in, or a session that another client opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mstr_arrow.credentials import resolve, resolve_here
from mstr_arrow.errors import MstrError, UsageError
from mstr_arrow.http.url import EXAMPLE, base_url
from mstr_arrow.masked import Masked
from mstr_arrow.session.login_choice import Login, login_from, refuse_together
from mstr_arrow.session.login_modes import LoginMode
from mstr_arrow.session.saved_session import SavedSession, read_session
from mstr_arrow.wording import name_path, naming

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.config import Credential
    from mstr_arrow.session.saved_session import Source


@dataclass(frozen=True, slots=True)
class Resolved:
    """The server's base URL, with the body of a log-in or with a session opened elsewhere."""

    base: str
    body: dict[str, object] = field(repr=False)
    saved: SavedSession | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """The URL and the log-in of a connection; without ``login``, a session opened elsewhere."""

    url: Credential | None = field(repr=False)
    login: Login | None
    source: Callable[[], Source] | None = field(default=None, repr=False)

    @property
    def owned(self) -> bool:
        """Whether the connection opened the session and logs out; a session opened elsewhere is left open."""
        return self.login is not None and self.login.mode is not LoginMode.DELEGATED

    @property
    def why_not_renewed(self) -> str | None:
        """Why the connection cannot open a further session like this one; None where the connection can."""
        if self.login is None:
            return naming("it was opened elsewhere ({connect.session}), so only its opener can open another.")
        if self.login.mode is LoginMode.DELEGATED and isinstance(self.login.given[0].credential, Masked):
            return naming(
                "it was delegated by an identity token, which is not used twice: give {connect.identity_token} a "
                "function that makes new ones."
            )
        return None

    async def resolve(self) -> Resolved:
        """Fetch URL and credentials, anew at each call; functions run as `resolve` says."""
        url = None if self.url is None else await resolve(self.url, name_path("connect.url"))
        return self._resolve(url, {} if self.login is None else await self.login.body())

    def resolve_here(self) -> Resolved:
        """Fetch URL and credentials as `resolve` does, but call functions in the caller's own thread."""
        url = None if self.url is None else resolve_here(self.url, name_path("connect.url"))
        return self._resolve(url, {} if self.login is None else self.login.body_here())

    def _resolve(self, url: str | None, body: dict[str, object]) -> Resolved:
        base = None if url is None else base_url(url)
        if self.source is not None:
            saved = self._read(self.source, base)
            return Resolved(saved.base, body, saved)
        if base is None:
            raise UsageError("no URL was given.", hint=EXAMPLE)
        return Resolved(base, body)

    @staticmethod
    def _read(source: Callable[[], Source], base: str | None) -> SavedSession:
        """Read the session, from frames whose variables hold it: an error leaves them behind."""
        try:
            return read_session(source(), base)
        except MstrError as error:
            raise error.with_traceback(None) from error.__cause__


def access_from(
    url: Credential | None,
    *,
    login_mode: int | None = None,
    session: Callable[[], Source] | None = None,
    **credentials: Credential | None,
) -> Access:
    """Choose the log-in, or the session opened elsewhere, from the arguments of ``connect``.

    ``credentials`` are those of `login_from`, with secrets masked (see `mask`), so that no
    traceback shows secrets in variables. Errors: UsageError for arguments that contradict each other.

    >>> access_from("https://bi.example.com/MicroStrategyLibrary", username="ann", password=Masked("secret"))
    Access(login=Login(mode=<LoginMode.STANDARD: 1>))
    """
    if isinstance(url, str):
        base_url(url)  # what cannot be read is told at once
    if session is None:
        if url is None:
            raise UsageError("no URL was given.", hint=EXAMPLE)
        return Access(url, login_from(login_mode=login_mode, **credentials))
    others = {**credentials, "login_mode": login_mode}
    if contradicting := [argument for argument, value in others.items() if value is not None]:
        raise refuse_together("session", *contradicting)
    return Access(url, None, session)
