"""A session opened for whoever waits for it, or closed again when he does so no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow import background
from mstr_arrow.session.in_project import ProjectSession

if TYPE_CHECKING:
    from mstr_arrow.config import Settings
    from mstr_arrow.session.access import Access, Resolved


def open_session(access: Access, project: str | None, settings: Settings) -> ProjectSession:
    """Open a session; functions that give credentials run in the caller's own thread, so that they hear Ctrl-C."""
    resolved = access.resolve_here()
    opened: list[ProjectSession] = []
    try:
        background.run(_open(opened, access, resolved, project, settings))
    except BaseException:
        _abandon(opened)
        raise
    return opened[0]


async def open_session_async(access: Access, project: str | None, settings: Settings) -> ProjectSession:
    """Do what :func:`open_session` does; plain functions run in a thread, the others on the caller's loop."""
    resolved = await access.resolve()
    opened: list[ProjectSession] = []
    try:
        await background.bridge(_open(opened, access, resolved, project, settings))
    except BaseException:
        _abandon(opened)
        raise
    return opened[0]


async def _open(
    opened: list[ProjectSession], access: Access, resolved: Resolved, project: str | None, settings: Settings
) -> None:
    """Open a session into ``opened``, where one that is ready just as its caller gives up can be found."""
    opened.append(await ProjectSession.open(access, resolved, project, settings))


def _abandon(opened: list[ProjectSession]) -> None:
    for session in opened:
        background.spawn(session.aclose())
