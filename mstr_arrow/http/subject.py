"""The subject of a request: a thing of its session, which is lost with it, or the log-in itself."""

from __future__ import annotations

from enum import Enum
from typing import Any

from mstr_arrow.errors import InstanceGone, SessionExpired

ENDED = "It was idle for too long, or its user logged out elsewhere, which ends all sessions of a user."
"""Possible reasons for the end of a session: the server tells the same of both (wire reference, section 1.4)."""


class Subject(Enum):
    """The subject of a request, told by its maker; the value is its name in errors.

    All but the log-in end with their session (wire reference, section 1.4).
    """

    LOG_IN = "log-in"
    INSTANCE = "instance"
    UPLOAD = "upload session"
    SEARCH = "search"
    MODEL = "model instance"


def loss_with_session(error: SessionExpired, subject: Subject | None) -> SessionExpired | InstanceGone | None:
    """Return the error of a request about something that was the dead session's; None where it was not.

    An instance that is gone is told like one that was evicted, because the same helps: make another.

    >>> type(loss_with_session(SessionExpired("expired"), Subject.INSTANCE)).__name__
    'InstanceGone'
    """
    if subject is None or subject is Subject.LOG_IN:
        return None
    return (InstanceGone if subject is Subject.INSTANCE else SessionExpired)(
        f"the session expired, and with it the {subject.value} that this request was about; another session was "
        "opened.",
        **facts(error),
        hint=f"Start again. {ENDED}",
    )


def facts(error: SessionExpired) -> dict[str, Any]:
    """Return the facts of the server's response, for an error with another text."""
    return {
        name: getattr(error, name) for name in ("status", "code", "iserver_code", "ticket_id", "method", "path")
    }
