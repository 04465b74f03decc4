"""A session opened for a caller that waits, or closed again where the caller stops waiting."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mstr_arrow import background
from mstr_arrow.errors import InsecureWarning
from mstr_arrow.http.url import is_loopback
from mstr_arrow.session.in_project import ProjectSession
from mstr_arrow.telemetry import server_of, span
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from mstr_arrow.config import Settings
    from mstr_arrow.session.access import Access, Resolved


_ON_PURPOSE = advice(
    "silence the warning",
    "Where this is meant, silence it: warnings.simplefilter('ignore', mstr_arrow.errors.InsecureWarning).",
)


def warn_if_insecure(base: str, settings: Settings, *, stacklevel: int) -> None:
    """Warn where a third party can read requests: no TLS beyond this machine, or any certificate accepted."""
    parts = urlsplit(base)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        what = naming(
            "{base} is not encrypted: whoever is in between can read the password and all data. Write https:// if "
            "the server has it.",
            base=base,
        )
    elif parts.scheme == "https" and not settings.tls.verify:
        what = naming(
            "certificates are not checked for {base}: whoever is in between can read the password. Trust the "
            "server's authority instead: {Tls.ca_file=…}.",
            base=base,
        )
    else:
        return
    warnings.warn(naming("{what} {how}", what=what, how=_ON_PURPOSE), InsecureWarning, stacklevel=stacklevel)


def open_session(access: Access, project: str | None, settings: Settings) -> ProjectSession:
    """Open a session. Functions that return credentials run in the caller's own thread, and so hear Ctrl-C."""
    resolved = access.resolve_here()
    if not isinstance(access.url, str):
        warn_if_insecure(resolved.base, settings, stacklevel=4)
    opened: list[ProjectSession] = []
    try:
        background.run(_open(opened, access, resolved, project, settings))
    except BaseException:
        _abandon(opened)
        raise
    return opened[0]


async def open_session_async(access: Access, project: str | None, settings: Settings) -> ProjectSession:
    """Open a session as `open_session` does; plain functions run in a thread, the others on the caller's loop."""
    resolved = await access.resolve()
    if not isinstance(access.url, str):
        warn_if_insecure(resolved.base, settings, stacklevel=4)
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
    with span("mstr_arrow.connect", server_of(resolved.base)):
        opened.append(await ProjectSession.open(access, resolved, project, settings))


def _abandon(opened: list[ProjectSession]) -> None:
    for session in opened:
        background.spawn(session.aclose())
