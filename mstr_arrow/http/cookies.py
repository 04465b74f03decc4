"""What a server knows one session by: a token, and the cookies that came with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from mstr_arrow.masked import Masked

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = "X-MSTR-AuthToken"  # noqa: S105  the header's name

TELLING = 8
"""Letters from which on a cookie's value is a secret: a shorter one would blot out half a message."""


class SessionKeys:
    """Token and cookies of one session, from its log-in to its end; used on the background loop only.

    The token is worth nothing without the cookies that came with it (wire reference, section 1.3). A new session
    gets keys of its own, so that a late answer to a request of the old one, which may set a cookie, does not
    reach it. Cookies are kept for numeric hosts and sent back unquoted; those marked Secure are sent over http
    where the user chose http.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.token: str | None = None
        self.used_at = 0.0
        """The event loop's time when the server last answered to these keys, which begins its idle time anew."""
        origin = URL(base).origin()
        self.cookies = aiohttp.CookieJar(unsafe=True, quote_cookie=False, treat_as_secure_origin=[origin])

    def __repr__(self) -> str:
        return f"<SessionKeys of {self.base}>"

    @property
    def secrets(self) -> tuple[Masked, ...]:
        """What must not be shown."""
        values = [Masked(cookie.value) for cookie in self.cookies if len(cookie.value) >= TELLING]
        return (Masked(self.token), *values) if self.token else tuple(values)

    def headers(self, address: URL) -> dict[str, str]:
        """Return the headers that show the keys to ``address``."""
        headers = {TOKEN: self.token} if self.token else {}
        if pairs := self.cookies.filter_cookies(address).values():
            headers["Cookie"] = "; ".join(f"{cookie.key}={cookie.value}" for cookie in pairs)
        return headers

    def accept(self, response: aiohttp.ClientResponse) -> None:
        """Keep the cookies that an answer sets."""
        if response.cookies:
            self.cookies.update_cookies(response.cookies, response.url)

    def restore(self, token: str, cookies: Mapping[str, str]) -> None:
        """Take over the keys of a session that was opened elsewhere; its cookies go to this server only."""
        self.token = token
        self.cookies.update_cookies(cookies, URL(self.base))
