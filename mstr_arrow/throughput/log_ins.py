"""The log-ins of a sweep."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.config import Retry
from mstr_arrow.errors import ServerError, UsageError
from mstr_arrow.session.session_client import Client

if TYPE_CHECKING:
    from collections.abc import Sequence


class LogIns:
    """The log-ins of a sweep: new ones, in which the client repeats and delays no request.

    ``shared`` is True where no other log-in is possible, since the credentials serve once or the user may have no
    more: then the connection's own log-in is used as it is.
    """

    def __init__(self, client: Client) -> None:
        self._given = client
        self._open: list[Client] = []
        self.shared = False

    async def first(self, number: int) -> Sequence[Client]:
        """Return so many log-ins, and open those that are missing. POST /api/auth/login for each.

        Errors: the server's own, where the server allows no more; UsageError where the credentials do not serve for
        so many.
        """
        while len(self._open) < number:
            await self._log_in()
        return self._open[:number]

    async def renew(self, session: int) -> None:
        """Log out and in again in one log-in, except in the connection's own, which renews itself."""
        if not self.shared:
            await self._open[session].session.whole.renew()

    async def aclose(self) -> None:
        """Log out of all log-ins that were opened here."""
        opened, self._open = self._open, []
        if not self.shared:
            await asyncio.gather(*(each.session.aclose() for each in opened))

    async def _log_in(self) -> None:
        settings = self._given.http.settings
        plain = replace(settings, retry=Retry(attempts=1), network=replace(settings.network, connections=None))
        try:
            another = await self._given.session.open_another(plain)
        except ServerError:
            if self._open:
                raise
            another = None
        if another is not None:
            another.whole.http.renew = None  # or a request would be sent twice, and count once
            another.hold()
            self._open.append(Client(another))
        elif self._open:
            raise UsageError(
                "this connection can be measured over one log-in only, its own.",
                hint="Measure with one session; or connect with a name and password, as a user who may have more.",
            )
        else:
            self.shared = True
            self._open.append(self._given)
