"""The Intelligence Server's codes that mean something to a client. Wire reference, section 2.3."""

from __future__ import annotations

from typing import NamedTuple

from mstr_arrow.errors import (
    InstanceGone,
    LimitExceeded,
    LoginError,
    NotFound,
    NotPublished,
    NotSupported,
    PermissionDenied,
    ServerBusy,
    ServerError,
    SessionExpired,
)
from mstr_arrow.wording import naming


class Meaning(NamedTuple):
    """The error a code becomes, what to do about it, and whether the same request may work a little later.

    ``unbegun`` says that the server had not begun with the request: a second one cannot make anything twice.
    """

    error: type[ServerError]
    hint: str
    transient: bool = False
    unbegun: bool = False


_GOVERNOR = Meaning(
    ServerBusy,
    naming("A job or user governor is full; use fewer requests at once: {Limits.concurrency}."),
    transient=True,
    unbegun=True,
)
_MEMORY = Meaning(
    ServerBusy,
    naming("The server is short of memory; try later or with smaller pages ({Limits.page_rows})."),
    transient=True,
    unbegun=True,
)
_QUOTA = Meaning(LimitExceeded, "A cube memory or count quota is used up; ask the administrator.")
_UNPUBLISHED = Meaning(NotPublished, "Publish the cube, then read it again.")
_SESSIONS = Meaning(ServerBusy, "Too many sessions: log out idle ones, or wait until they time out.")
_FIRST_API = Meaning(
    NotSupported, "The first version of this endpoint does not do that; use the one under /api/v2."
)
_FILE_SIZE = Meaning(LimitExceeded, "Send less at once.")

TOO_MANY_SESSIONS = frozenset({-2147072486, -2147169526})
"""Codes that refuse a log-in because the user, or the project, has too many sessions."""

PROJECT_NOT_LOADED = -2147209151
"""A project that is there, and is not loaded; or none that the server knows."""

ISERVER: dict[int | None, Meaning] = {
    -2147216959: Meaning(LoginError, "Check user name, password and login mode."),
    **dict.fromkeys(TOO_MANY_SESSIONS, _SESSIONS),
    PROJECT_NOT_LOADED: Meaning(NotFound, "The project is not loaded; ask the administrator."),
    -2147216373: Meaning(NotFound, "No such object; check id, project and language."),
    -2147214568: Meaning(PermissionDenied, "Ask for access to the object."),
    -2147468986: Meaning(InstanceGone, "It was evicted from the working set or expired; run the read again."),
    -2147468903: Meaning(ServerError, "The object has open prompts; answer them first."),
    -2147206497: Meaning(
        ServerBusy,
        naming("The server's own time-out; ask for smaller pages ({Limits.page_rows}), send smaller chunks."),
    ),
    -2147072488: _UNPUBLISHED,
    -2147466604: _UNPUBLISHED,
    -2147072194: Meaning(ServerBusy, "The cube is being published; wait until that is done.", transient=True),
    -2147072538: Meaning(ServerBusy, "The cube is being executed; try again soon.", transient=True),
    -2147072542: Meaning(ServerError, "The cube is offline; ask the administrator to load it."),
    -2147072549: Meaning(ServerError, "The cube's cache entry is missing; publish it again."),
    -2147205488: Meaning(LimitExceeded, "Ask for fewer rows, or have the project's row governor raised."),
    -2147049887: Meaning(LimitExceeded, naming("Ask for fewer columns or smaller pages ({Limits.page_rows}).")),
    -2147213784: Meaning(ServerError, "The server found no data."),
    -2147207419: Meaning(SessionExpired, "The REST server lost the Intelligence Server; connect again."),
    -2147212544: Meaning(ServerError, "The query engine stalled; do not repeat the publication."),
    **dict.fromkeys((-2147073380, -2147213301, *range(-2147072565, -2147072561)), _MEMORY),
    **dict.fromkeys((-2147072551, -2147072552, -2147071870, -2147071825, -2147071811), _QUOTA),
    **dict.fromkeys((-2147212121, -2147212076), _FILE_SIZE),
    **dict.fromkeys(range(-2147171504, -2147171500), _FIRST_API),
    **dict.fromkeys((*range(-2147209056, -2147209052), -2147209165, -2147209166), _GOVERNOR),
    **dict.fromkeys((-2147202902, -2147202904, -2147202906), _GOVERNOR),
}
"""Meaning of each I-Server code that has one of its own; any other is a plain ServerError."""
