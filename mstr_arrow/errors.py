"""Every error this package raises, under one base.

::

    MstrError
    ├── UsageError                the call itself was wrong; nothing was sent
    │   ├── ClosedError           the connection was closed
    │   ├── ForkedError           a child process used its parent's connection
    │   ├── PromptsOpen           the report asks what nobody answered
    │   └── RunLocked             another run of the same jobs has not ended
    ├── SecretError               a credential could not be read from where it is kept
    ├── FileError                 the system refused a file: a full disk, a quota, no permission
    ├── TableError                a table was not written: its tool or its keys refused the rows
    ├── TransportError            no usable answer came back
    │   ├── ConnectError          no connection: host, port, DNS
    │   │   └── ProxyError        a proxy on the way refused: its password, its rules
    │   ├── TlsError              no TLS: one side does not accept the other's certificate
    │   ├── TimeoutExceeded       a wait reached its end
    │   └── ProtocolError         an answer came, but not one the REST API gives
    ├── ServerError               the server said no, for a reason without a class of its own
    │   ├── LoginError            the credentials were refused
    │   ├── SessionExpired        the session is gone
    │   ├── PermissionDenied      the user may not do this
    │   ├── InvalidRequest        the server cannot make sense of the request
    │   ├── NotSupported          this server cannot do that, or not with this object
    │   ├── NotFound              no such project, object or route
    │   │   └── InstanceGone      the instance was evicted or has expired
    │   ├── AlreadyExists         an object of that name is there already
    │   ├── IServerUnreachable    the REST server answers, the Intelligence Server behind it does not
    │   ├── NotPublished          the cube holds no data until it is published
    │   ├── ServerBusy            a governor or memory limit; later may be better
    │   └── LimitExceeded         the result is larger than the server allows
    ├── UploadFailed              an upload did not reach its end; ``__cause__`` says why
    ├── DeliveryFailed            a subscription ran, and was not delivered
    ├── PublishFailed             a publication ended without new data; ``__cause__`` says why
    └── DataError                 the data are not what was promised
        ├── DataMismatch          rows, offsets or totals disagree
        ├── DataChanged           the object changed while it was read
        ├── SchemaChanged         the columns are others than they were
        └── ConversionError       a value does not fit its column's type

``str(error)`` starts with the class name and, where the server gave one, its code, because engines
that wrap our errors (DuckDB, Polars) keep only the text. It never holds a credential, and what would steer a
terminal is escaped in it. Errors can be pickled. InsecureWarning says that others on the way to the server can read
the password. DataLossWarning counts the values that were not read or written as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.printable import printable
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Iterable


_LETTERS = 4_800
"""Letters that a text of an error has, but for some words: what is quoted in it may be any length."""


def _excerpt(text: str, most: int) -> str:
    """Return the start of a text, made fit for a terminal, of at most so many letters, and say how many it has."""
    shown = printable(text[:most], lines=True)
    return shown if len(text) <= most and len(shown) <= most else f"{shown[:most]} … ({len(text):,} letters)"


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

    @property
    def facts(self) -> str:
        """Further messages, the request and its status, which `str` puts behind the message; mostly empty."""
        return ""

    def add_hint(self, more: str) -> None:
        """Append another thing to do to the hint."""
        self.hint = naming("{hint} {more}", hint=self.hint, more=more) if self.hint else more

    def __str__(self) -> str:
        hint = f" {_excerpt(self.hint, _LETTERS // 2)}" if self.hint else ""
        return _excerpt(f"{self.label}: {self.message}{self.facts}", _LETTERS - len(hint)) + hint

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickle, (type(self), self.args), self.__dict__


def _unpickle(error_class: type[MstrError], arguments: tuple[object, ...]) -> MstrError:
    """Make an error without its keyword arguments, which come back with its ``__dict__``."""
    error = error_class.__new__(error_class, *arguments)
    error.args = arguments
    return error


class InsecureWarning(UserWarning):
    """Certificates are not checked, or nothing is encrypted: others on the way can read the password."""


class DataLossWarning(UserWarning):
    """Some values were not read or written as they are; the text counts them."""


class ConsistencyWarning(UserWarning):
    """Rows are likely, but not certainly, of the same data; or an object has less than when it was read last."""


class UnprovenWarning(UserWarning):
    """A publication has ended, but nothing that this login may see shows that the data are new."""


class UsageError(MstrError, ValueError):
    """The call itself was wrong; nothing was sent."""


class ClosedError(UsageError):
    """The connection was closed."""


class ForkedError(UsageError):
    """A child process used the connection of its parent."""


class PromptsOpen(UsageError):
    """The report asks for answers that were not given; it did not run.

    ``prompts`` are the open ones, as `mstr_arrow.prompts.Prompt`, each with the first of its choices.
    """

    def __init__(self, message: str, *, prompts: tuple[Any, ...] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.prompts = prompts


class RunLocked(UsageError):
    """Another run of the same jobs has not ended."""


class SecretError(MstrError):
    """A credential could not be read from where it is kept; nothing was sent."""


class FileError(MstrError, OSError):
    """The system refused to write or read a file or folder: a full disk, a quota, no permission.

    ``errno``, ``strerror`` and ``filename`` are those of every OSError.
    """

    def __init__(
        self,
        message: str,
        *,
        errno: int | None = None,
        strerror: str | None = None,
        filename: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.errno, self.strerror, self.filename = errno, strerror, filename

    def __reduce__(self) -> tuple[object, ...]:
        told = {"errno": self.errno, "strerror": self.strerror, "filename": self.filename}
        return _unpickle, (type(self), self.args), self.__dict__ | told


class TableError(MstrError):
    """A table was not written, and is as it was: its tool refused, or the rows have no keys to be merged by.

    ``__cause__`` is the tool's error, where there is one.
    """


class TransportError(MstrError):
    """No usable answer came back."""


class ConnectError(TransportError):
    """No connection to the host.

    ``cut`` says that a connection broke: the server may have carried the request out, or still does.
    """

    def __init__(self, message: str, *, hint: str | None = None, cut: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.cut = cut


class ProxyError(ConnectError):
    """A proxy on the way refused to pass the request on, or wants other credentials."""


class TlsError(TransportError):
    """The server's certificate was not accepted, or the server wants one that it did not get."""


class TimeoutExceeded(TransportError, TimeoutError):
    """A wait reached its end.

    ``cut`` says that the response had begun, whose rest did not come: the server has carried the request out.
    """

    def __init__(self, message: str, *, hint: str | None = None, cut: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.cut = cut


class ProtocolError(TransportError):
    """An answer came, but not one that the REST API gives.

    ``too_large`` says that it may be one, and would take too much memory.
    """

    def __init__(self, message: str, *, hint: str | None = None, too_large: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.too_large = too_large


class ServerError(MstrError):
    """The server said no.

    ``status`` is the HTTP status, ``code`` the REST server's code as it was sent (``"ERR004"``),
    ``iserver_code`` the Intelligence Server's (a negative number), ``ticket_id`` what an administrator finds
    it by in the server's log, ``method`` and ``path`` the request that was refused, without its query. Each
    is None where there is none. ``details`` are further messages that came along, ``retry_after`` the seconds that
    the server asks to wait before the next try (its ``Retry-After``), None where it does not.

    >>> str(NotFound("no such cube", status=404, code="ERR004", iserver_code=-2147216373))
    'NotFound [ERR004, I-Server -2147216373]: no such cube (HTTP 404)'
    >>> str(InvalidRequest("bad body", status=400, method="POST", path="/api/datasets", details=["no name"]))
    'InvalidRequest: bad body; no name (POST /api/datasets, HTTP 400)'
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        iserver_code: int | None = None,
        ticket_id: str | None = None,
        method: str | None = None,
        path: str | None = None,
        details: Iterable[str] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.iserver_code = iserver_code
        self.ticket_id = ticket_id
        self.method = method
        self.path = path
        self.details = tuple(details)
        self.retry_after: float | None = None

    @property
    def label(self) -> str:
        """The class name and the server's codes."""
        codes = [self.code] if self.code else []
        if self.iserver_code is not None:
            codes.append(f"I-Server {self.iserver_code}")
        return f"{type(self).__name__} [{', '.join(codes)}]" if codes else type(self).__name__

    @property
    def facts(self) -> str:
        """Further messages of the server, and the request that it refused."""
        request = [f"{self.method} {self.path}"] if self.method and self.path else []
        if self.status:
            request.append(f"HTTP {self.status}")
        if self.ticket_id:
            request.append(f"ticket {self.ticket_id}")
        further = "".join(f"; {text}" for text in self.details)
        return f"{further} ({', '.join(request)})" if request else further


class LoginError(ServerError):
    """The credentials were refused."""


class SessionExpired(ServerError):
    """The session is gone: it timed out, or was logged out elsewhere."""


class PermissionDenied(ServerError):
    """The user may not do this."""


class InvalidRequest(ServerError):
    """The server cannot make sense of the request: something is missing in it, or has the wrong form."""


class NotSupported(ServerError):
    """This server cannot do that, or not with this object."""


class NotFound(ServerError):
    """No such project, object or route; also raised before a request, for names that match nothing."""


class InstanceGone(NotFound):
    """The instance was evicted from the session's working set, or has expired."""


class AlreadyExists(ServerError):
    """An object of that name is there already."""


class IServerUnreachable(ServerError):
    """The REST server answers, but does not reach the Intelligence Server behind it."""


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


class DeliveryFailed(MstrError):
    """A subscription ran, and was not delivered: it failed, was cancelled, or took too long for the server.

    ``status`` is the `DeliveryStatus` that says so.
    """

    def __init__(self, message: str, *, status: Any = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class PublishFailed(MstrError):
    """A publication ended, and the data are not new: it failed, was cancelled, or changed nothing.

    ``__cause__`` is the server's error, where it tells one.
    """


class DataError(MstrError):
    """The data are not what was promised."""


class DataMismatch(DataError):
    """Rows, offsets or totals that were delivered disagree with those that were promised."""


class DataChanged(DataError):
    """The object changed while it was read, so that no consistent rest of it can be had; read it again."""


class SchemaChanged(DataError):
    """The columns are others than they were, and nobody said that they may be; nothing was written.

    ``changes`` says what became of which column, each as a text and with the types before and now.
    """

    def __init__(self, message: str, *, changes: tuple[Any, ...] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.changes = changes


class ConversionError(DataError, ValueError):
    """A value does not fit the type of its column exactly.

    ``column`` is the column's name, ``row`` the zero-based row of the whole result (None where it is not known).
    """

    def __init__(self, message: str, *, column: str, row: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.column = column
        self.row = row
