"""The keys of a session on the server: a token, and the cookies that came with it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from mstr_arrow.masked import Masked

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp
    from yarl import URL

TOKEN = "X-MSTR-AuthToken"  # noqa: S105  the header's name

TELLING = 8
"""Letters from which on a cookie's value is a secret: a shorter one would blot out half a message."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie; its value is what stood between ``=`` and ``;``, quotes and all, and goes back like that.

    ``domain`` is empty for one that goes to the host alone that set it. ``ended`` says that it is to be forgotten.
    """

    key: str
    value: str = field(repr=False)
    domain: str
    path: str
    ended: bool = False

    def goes_to(self, address: URL) -> bool:
        """Tell whether it is sent to an address (RFC 6265, section 5.1); ports do not matter, nor does Secure."""
        path, host = address.raw_path, (address.host or "").lower()
        inside = path == self.path or path.startswith(self.path.rstrip("/") + "/")
        return inside and (not self.domain or host == self.domain or host.endswith(f".{self.domain}"))


class SessionKeys:
    """Token and cookies of one session, from its log-in to its end; used on the background loop only.

    The token is worth nothing without the cookies that came with it (wire reference, section 1.3). A new session
    gets keys of its own, so that a late response to a request of the old one, which may set a cookie, does not
    reach it. Cookies go back byte for byte to this one server; those marked Secure over http, too, where the user
    chose http.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.token: str | None = None
        self.used_at = 0.0
        """The event loop's time when the server last answered to these keys, which begins its idle time anew."""
        self._kept: dict[tuple[str, str, str], Cookie] = {}

    def __repr__(self) -> str:
        return f"<SessionKeys of {self.base}>"

    @property
    def cookies(self) -> list[Cookie]:
        """The cookies that are kept, in the order in which they go back: those of longer paths first."""
        return sorted(self._kept.values(), key=lambda cookie: -len(cookie.path))

    @property
    def secrets(self) -> tuple[Masked, ...]:
        """The values that must not be shown."""
        values = [cookie.value.strip('"') for cookie in self.cookies]
        telling = [Masked(value) for value in values if len(value) >= TELLING]
        return (Masked(self.token), *telling) if self.token else tuple(telling)

    def headers(self, address: URL) -> dict[str, str]:
        """Return the headers that show the keys to ``address``."""
        headers = {TOKEN: self.token} if self.token else {}
        if sent := [cookie for cookie in self.cookies if cookie.goes_to(address)]:
            headers["Cookie"] = "; ".join(f"{cookie.key}={cookie.value}" for cookie in sent)
        return headers

    def accept(self, response: aiohttp.ClientResponse) -> None:
        """Keep the cookies that a response sets, and forget those that it ends."""
        for line in response.headers.getall("Set-Cookie", ()):
            cookie = read_cookie(line, response.url)
            if cookie is not None:
                self._keep(cookie)

    def restore(self, token: str, cookies: Mapping[str, str]) -> None:
        """Take over the keys of a session that was opened elsewhere; its cookies go to this server only."""
        self.token = token
        for name, value in cookies.items():
            self._keep(Cookie(name, value, "", "/"))

    def _keep(self, cookie: Cookie) -> None:
        key = (cookie.key, cookie.domain, cookie.path)
        # One that was taken over from elsewhere has no path of its own: what the server sets takes its place.
        self._kept.pop((cookie.key, "", "/"), None)
        self._kept.pop(key, None)
        if not cookie.ended:
            self._kept[key] = cookie


def read_cookie(line: str, address: URL) -> Cookie | None:
    """Read a ``Set-Cookie`` header of a response from an address.

    None for one without a name, for another host, or of bytes that no header can be sent with as they came.

    >>> from yarl import URL
    >>> read_cookie('AWSALB=a+b/c=="d"; Path=/', URL("http://host/x")).value
    'a+b/c=="d"'
    """
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    name = name.strip(" \t")
    if not equals or not name or any("\ud800" <= letter <= "\udfff" for letter in pair):
        return None
    told = {}
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        told[key.strip().lower()] = text.strip()
    host = (address.host or "").lower()
    domain = told.get("domain", "").lstrip(".").lower()
    if domain and host != domain and not host.endswith(f".{domain}"):
        return None
    path = told.get("path", "")
    if not path.startswith("/"):
        path = address.raw_path.rpartition("/")[0] or "/"
    ended = _has_ended(told.get("max-age", ""), told.get("expires", ""))
    return Cookie(name, value.strip(" \t"), domain, path, ended)


def _has_ended(max_age: str, expires: str) -> bool:
    """Tell a cookie that a server takes back; how long others live is left to the server."""
    if max_age.removeprefix("-").isdecimal():
        return max_age.startswith("-") or not max_age.strip("0")
    try:
        return parsedate_to_datetime(expires).timestamp() <= time.time()
    except (ValueError, TypeError, OverflowError):
        return False
