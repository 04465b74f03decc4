"""Every error this package raises, under one base.

::

    MstrError
    ├── UsageError                the call itself was wrong; nothing was sent
    │   ├── ClosedError           the connection was closed
    │   └── ForkedError           a child process used its parent's connection
    ├── SecretError               a credential could not be read from where it is kept
    ├── TransportError            no usable answer came back
    │   ├── ConnectError          no connection: host, port, DNS
    │   ├── TlsError              the server's certificate was not accepted
    │   ├── TimeoutExceeded       a wait reached its end
    │   └── ProtocolError         an answer came, but not one the REST API gives
    ├── ServerError               the server said no; see ``code`` and ``iserver_code``
    │   ├── LoginError            the credentials were refused
    │   ├── SessionExpired        the session is gone
    │   ├── PermissionDenied      the user may not do this
    │   ├── NotFound              no such project, object or route
    │   │   └── InstanceGone      the instance was evicted or has expired
    │   ├── NotPublished          the cube holds no data until it is published
    │   ├── ServerBusy            a governor or memory limit; later may be better
    │   └── LimitExceeded         the result is larger than the server allows
    ├── UploadFailed              an upload did not reach its end; ``__cause__`` says why
    └── DataError                 the data are not what was promised
        ├── DataMismatch          rows, offsets or totals disagree
        └── ConversionError       a value does not fit its column's type

``str(error)`` starts with the class name and, where the server gave one, its code, because engines
that wrap our errors (DuckDB, Polars) keep only the text. It never holds a credential.
"""

from __future__ import annotations


class MstrError(Exception):
    """Base of all errors of this package.

    ``message`` says what happened, ``hint`` what to do about it.

    >>> str(MstrError("no rows", hint="Publish the cube."))
    'MstrError: no rows Publish the cube.'
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def label(self) -> str:
        """The class name, with the server's codes where there are any."""
        return type(self).__name__

    def __str__(self) -> str:
        text = f"{self.label}: {self.message}"
        return f"{text} {self.hint}" if self.hint else text


class UsageError(MstrError, ValueError):
    """The call itself was wrong; nothing was sent."""


class ClosedError(UsageError):
    """The connection was closed."""


class ForkedError(UsageError):
    """A child process used the connection of its parent."""


class SecretError(MstrError):
    """A credential could not be read from where it is kept; nothing was sent."""


class TransportError(MstrError):
    """No usable answer came back."""


class ConnectError(TransportError):
    """No connection to the host."""


class TlsError(TransportError):
    """The server's certificate was not accepted."""


class TimeoutExceeded(TransportError, TimeoutError):
    """A wait reached its end."""


class ProtocolError(TransportError):
    """An answer came, but not one that the REST API gives."""


class ServerError(MstrError):
    """The server said no.

    ``status`` is the HTTP status, ``code`` the REST server's code (``"ERR004"``), ``iserver_code`` the
    Intelligence Server's (a negative number) and ``ticket_id`` what an administrator finds it by in the
    server's log; each is None where the server did not send one.

    >>> str(NotFound("no such cube", status=404, code="ERR004", iserver_code=-2147216373))
    'NotFound [ERR004, I-Server -2147216373]: no such cube (HTTP 404)'
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        iserver_code: int | None = None,
        ticket_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.iserver_code = iserver_code
        self.ticket_id = ticket_id

    @property
    def label(self) -> str:
        """The class name and the server's codes."""
        codes = [self.code] if self.code else []
        if self.iserver_code is not None:
            codes.append(f"I-Server {self.iserver_code}")
        return f"{type(self).__name__} [{', '.join(codes)}]" if codes else type(self).__name__

    def __str__(self) -> str:
        details = [f"HTTP {self.status}"] if self.status else []
        if self.ticket_id:
            details.append(f"ticket {self.ticket_id}")
        text = f"{self.label}: {self.message}"
        if details:
            text = f"{text} ({', '.join(details)})"
        return f"{text} {self.hint}" if self.hint else text


class LoginError(ServerError):
    """The credentials were refused."""


class SessionExpired(ServerError):
    """The session is gone: it timed out, or was logged out elsewhere."""


class PermissionDenied(ServerError):
    """The user may not do this."""


class NotFound(ServerError):
    """No such project, object or route; also raised before a request, for names that match nothing."""


class InstanceGone(NotFound):
    """The instance was evicted from the session's working set, or has expired."""


class NotPublished(ServerError):
    """The cube holds no data until it is published."""


class ServerBusy(ServerError):
    """A governor or a memory limit refused the request; later may be better."""


class LimitExceeded(ServerError):
    """The result is larger than the server or project allows."""


class UploadFailed(MstrError):
    """An upload did not reach its end; what the server held before is unchanged.

    ``__cause__`` is the error that ended it. ``table`` and ``chunk`` (counted from 1) name the chunk that
    failed, ``rows`` the zero-based rows of the table that it held, as a range; each is None where the failure was
    not a chunk's. ``resume`` is what a later call needs to go on, where the upload session was kept.
    """

    def __init__(
        self,
        message: str,
        *,
        table: str | None = None,
        chunk: int | None = None,
        rows: range | None = None,
        resume: object = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.table = table
        self.chunk = chunk
        self.rows = rows
        self.resume = resume


class DataError(MstrError):
    """The data are not what was promised."""


class DataMismatch(DataError):
    """Rows, offsets or totals that were delivered disagree with those that were promised."""


class ConversionError(DataError, ValueError):
    """A value does not fit the type of its column exactly.

    ``column`` is the column's name, ``row`` the zero-based row of the whole result (None where it is not known).
    """

    def __init__(self, message: str, *, column: str, row: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.column = column
        self.row = row
