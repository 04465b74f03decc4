"""A session noted for an extraction before that begins, so that a kill in between leaves no session behind."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.extract.borrowed import Borrowed, log_out, read_borrowed, write_borrowed
from mstr_arrow.extract.destination import folder_at
from mstr_arrow.extract.folder import hold
from mstr_arrow.files.sinks import in_thread
from mstr_arrow.session.saved_session import snapshot_session

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from mstr_arrow.extract.folder import Folder
    from mstr_arrow.files.locations import Location
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.session_client import Client


@contextmanager
def claim_session(client: Client, path: str | os.PathLike[str] | Location) -> Iterator[None]:
    """Note a session for an extraction into a folder, which is to follow; forget it if none has begun.

    Errors: UsageError where another process extracts into it, or it cannot be made.
    """
    folder = folder_at(path)
    client.run(_claim(client.session, folder))
    try:
        yield
    finally:
        client.run(_forget(client.session, folder))


async def _claim(session: ProjectSession, folder: Folder) -> None:
    await hold(folder)
    try:
        own = Borrowed(snapshot_session(session.http), session.owned)
        former = await in_thread(read_borrowed, folder.private)
        await in_thread(write_borrowed, folder.private, [own, *former])
        for each in former:
            if each.instance is None:
                await log_out(each, session)
        await in_thread(write_borrowed, folder.private, [own, *(each for each in former if each.instance)])
    finally:
        await in_thread(partial(folder.unlock, tidy=False))


async def _forget(session: ProjectSession, folder: Folder) -> None:
    if not folder.private.exists():
        return
    try:
        await hold(folder)
    except UsageError:  # another process extracts into it, and has found this session
        return
    try:
        for former in () if folder.begun else await in_thread(read_borrowed, folder.private):
            if former.session.token != session.http.own.keys.token:
                await log_out(former, session)
    finally:
        await in_thread(folder.unlock)
