"""The sessions that an extraction has on the server, noted in a private file so that its next run finds them."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError, SessionExpired
from mstr_arrow.files.disk import disk_errors
from mstr_arrow.http.cookies import SessionKeys
from mstr_arrow.masked import Masked
from mstr_arrow.private import read_private, write_private
from mstr_arrow.session.access import access_from
from mstr_arrow.session.in_project import ProjectSession
from mstr_arrow.session.login import log_out as end_session
from mstr_arrow.session.saved_session import SavedSession, read_session

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger("mstr_arrow")


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A session, whether its extraction is to log it out, and the instance that it reads there."""

    session: SavedSession = field(repr=False)
    owned: bool
    instance: str | None = None


def read_borrowed(path: Path) -> list[Borrowed]:
    """Read the private file of former runs; what is no such file, or shows itself to others, is left alone."""
    try:
        return [
            Borrowed(read_session(entry["session"]), bool(entry["owned"]), entry["instance"])
            for entry in json.loads(read_private(path, "sessions"))["borrowed"]
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, LookupError, TypeError, RecursionError, MstrError) as error:
        why = error if isinstance(error, MstrError) else type(error).__name__
        logger.warning("the sessions of a former run in %s could not be read: %s", path, why)
        return []


def write_borrowed(path: Path, borrowed: list[Borrowed]) -> None:
    """Write the private file, readable by its owner alone; errors: FileError."""
    entries: list[dict[str, Any]] = [
        {"session": each.session.document(), "owned": each.owned, "instance": each.instance} for each in borrowed
    ]
    with disk_errors(path):
        write_private(path, json.dumps({"borrowed": entries}))


async def take_over(borrowed: Borrowed, like: ProjectSession) -> ProjectSession | None:
    """Open the session of a former run, if it still lives on the server that ``like`` is on; it is not renewed."""
    if borrowed.session.base != like.http.own.base:
        return None
    access = access_from(None, session=Masked(borrowed.session.document()))
    try:
        return await ProjectSession.open(access, await access.resolve(), None, like.http.settings)
    except SessionExpired:
        return None


async def log_out(borrowed: Borrowed, like: ProjectSession) -> None:
    """End the session of a former run; one that is gone already is as good as ended. POST /api/auth/logout."""
    if borrowed.owned and borrowed.session.base == like.http.own.base:
        keys = SessionKeys(borrowed.session.base)
        keys.restore(borrowed.session.token, borrowed.session.cookies)
        await end_session(like.http.own, keys)


class Restored:
    """A session that was taken over from a former run; closing it logs it out where that run would have."""

    def __init__(self, session: ProjectSession, *, owned: bool) -> None:
        self.session = session
        self.owned = owned

    async def aclose(self) -> None:
        """End it."""
        await self.session.aclose(log_out=self.owned)
