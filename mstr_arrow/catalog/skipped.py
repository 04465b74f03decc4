"""The projects that a listing of all projects leaves out, and the reasons. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import (
    ConnectError,
    IServerUnreachable,
    LoginError,
    MstrError,
    PermissionDenied,
    ProtocolError,
    ServerError,
    SessionExpired,
    TimeoutExceeded,
)
from mstr_arrow.http.iserver import PROJECT_NOT_LOADED
from mstr_arrow.names import SHOWN, listing

if TYPE_CHECKING:
    from collections.abc import Sequence

_OF_ONE = (ServerError, ProtocolError, TimeoutExceeded)
_OF_ALL = (LoginError, SessionExpired, IServerUnreachable, ConnectError)


def raise_what_ends_all(error: MstrError) -> None:
    """Raise an error that each of many requests would meet; return for an error that may concern one alone."""
    if isinstance(error, _OF_ALL) or not isinstance(error, _OF_ONE):
        raise error


class Skipped:
    """The projects left out: not loaded, closed to this login, or failed."""

    def __init__(self, unloaded: Sequence[str] = ()) -> None:
        self._unloaded = list(unloaded)
        self._refused: list[str] = []
        self._failed: list[str] = []

    def add(self, project: str, error: MstrError) -> None:
        """Note that a project could not be listed; raise an error that concerns all projects."""
        raise_what_ends_all(error)
        if isinstance(error, ServerError) and error.iserver_code == PROJECT_NOT_LOADED:
            self._unloaded.append(project)
        elif isinstance(error, PermissionDenied):
            self._refused.append(project)
        else:
            self._failed.append(f"{project!r}: {error.message.rstrip('.')}")

    def remarks(self, projects: int) -> list[str]:
        """Count the projects left out, of so many ``projects``, and name them by reason; empty without any.

        >>> Skipped(["Archive", "Old"]).remarks(3)
        ["2 of 3 projects are not listed (2 not loaded: 'Archive', 'Old')"]
        """
        reasons = [
            f"{len(names):,} {reason}: {listing(names)}"
            for reason, names in (("not loaded", self._unloaded), ("closed to this login", self._refused))
            if names
        ]
        if self._failed:
            more = f"; and {len(self._failed) - SHOWN:,} more" if len(self._failed) > SHOWN else ""
            reasons.append(f"{len(self._failed):,} failed: {'; '.join(self._failed[:SHOWN])}{more}")
        count = len(self._unloaded) + len(self._refused) + len(self._failed)
        are = "is" if count == 1 else "are"
        return [f"{count:,} of {projects:,} projects {are} not listed ({'; '.join(reasons)})"] if count else []
