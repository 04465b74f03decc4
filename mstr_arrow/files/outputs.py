"""Where the bytes of a file go: into a file beside its own name, a stream that the caller keeps, or a store."""

from __future__ import annotations

import errno
import io
import itertools
import os
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import pyarrow as pa

from mstr_arrow.errors import UsageError
from mstr_arrow.files.disk import disk_errors, not_opened
from mstr_arrow.files.locations import Location, StorePath, in_store
from mstr_arrow.paths import path_to_write, what_is_missing
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Target = str | os.PathLike[str] | BinaryIO | Location

_NUMBERS = itertools.count()


class Output(Protocol):
    """A file under way."""

    @property
    def shows_at_end(self) -> bool:
        """Whether nobody sees what is written before the end; a stream hands it on at once."""

    def open(self) -> Any:
        """Make what a writer writes into, before anything is asked of the server; errors: UsageError, FileError."""

    def finish(self) -> None:
        """Give the file its name; errors: FileError."""

    def abandon(self) -> None:
        """Remove what was written so far."""

    def refusals(self) -> AbstractContextManager[None]:
        """Tell what the system or store refuses inside; errors: UsageError, FileError."""


def output_into(target: Target | StorePath) -> Output:
    """Choose where bytes go; of a StorePath it was asked whether one may write there. Errors: UsageError."""
    if isinstance(target, StorePath):
        return target.upload(asked=True)
    path = target.path if isinstance(target, Location) else target
    if isinstance(path, str | os.PathLike) and os.fspath(path).endswith(("/", os.sep)):
        raise UsageError(
            f"{os.fspath(path)!r} ends in a slash, as the name of a folder does.",
            hint=naming("Leave it out, or have parts written into a folder: {Scan.write_parquet.part_bytes}."),
        )
    if (place := in_store(target)) is not None:
        return place.upload()
    return DiskFile(target) if isinstance(target, str | os.PathLike) else CallersStream(target)


_FOLDER_HINT = naming("It is a folder: name a file in it, or have parts written: {Scan.write_parquet.part_bytes}.")


class DiskFile:
    """A file under a temporary name beside its own."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # A link stays a link: it is the file it leads to that is replaced.
        self._path = Path(os.path.realpath(path_to_write(path)))
        self._partial: Path | None = None
        self._out: Any = None

    @property
    def shows_at_end(self) -> bool:
        """Whether it is a file, and not a pipe."""
        return self._partial is not None

    def open(self) -> Any:
        """Make the file."""
        try:
            if self._path.exists() and not self._path.is_file() and not self._path.is_dir():
                # A pipe, /dev/null: written to as it is, by Python, because Arrow asks for its position.
                self._out = CountedStream(self._path.open("wb"), owned=True)
            else:
                if self._path.is_dir():
                    raise IsADirectoryError(errno.EISDIR, "")
                name = f".{self._path.name}.{os.getpid()}-{next(_NUMBERS)}.partial"
                partial = self._path.with_name(name)
                self._out = pa.OSFile(str(partial), "wb")
                self._partial = partial
        except OSError as error:
            hint = what_is_missing(self._path) or (_FOLDER_HINT if self._path.is_dir() else "Give another path.")
            raise not_opened(self._path, error, refused="be written", hint=hint) from error
        return self._out

    def finish(self) -> None:
        """Give the file its name."""
        self._out.close()
        if self._partial is not None:
            self._partial.replace(self._path)

    def abandon(self) -> None:
        """Remove what was written so far."""
        if self._out is not None:
            # A full disk refuses to close, too: what counts is the error that came first.
            with suppress(Exception):
                self._out.close()
        with suppress(OSError):
            if self._partial is not None:
                self._partial.unlink(missing_ok=True)

    def refusals(self) -> AbstractContextManager[None]:
        """Tell what the system refuses."""
        return disk_errors(self._path)


class CallersStream:
    """A stream that the caller keeps, which raises what it likes, and is left without an end if need be."""

    shows_at_end = False

    def __init__(self, stream: Any) -> None:
        self._stream = CountedStream(_binary(stream))

    def open(self) -> CountedStream:
        """Give the stream."""
        return self._stream

    def finish(self) -> None:
        """Pass on everything that was written."""
        self._stream.close()

    def abandon(self) -> None:
        """Let go of the stream."""
        with suppress(Exception):
            self._stream.close()

    def refusals(self) -> AbstractContextManager[None]:
        """Tell nothing in other words."""
        return nullcontext()


def _binary(target: Any) -> Any:
    """Return a file object for bytes as it is; errors: UsageError for anything else."""
    if callable(getattr(target, "write", None)) and not isinstance(target, io.TextIOBase):
        return target
    what = "a file object for texts" if isinstance(target, io.TextIOBase) else repr(target)
    raise UsageError(f"the target is {what}.", hint="Give a path, or a file object for bytes: open(…, 'wb').")


class CountedStream:
    """A Python stream, out of reach of the writers once `close` is called; a caller's is not itself closed.

    Arrow's Parquet writer writes its footer even when it is destroyed; half a file would look whole. Positions
    are counted here, since a pipe does not tell them.
    """

    def __init__(self, stream: BinaryIO, *, owned: bool = False) -> None:
        self._stream = stream
        self._owned = owned
        self._written = 0
        self.closed = False

    def write(self, data: Any) -> int:
        """Write all of it, in as many pieces as a raw stream takes."""
        if self.closed:
            raise ValueError("the stream was given back")
        rest = memoryview(data)
        while rest:
            taken = self._stream.write(rest)
            rest = rest[len(rest) if taken is None else taken :]
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        """Return the bytes written."""
        return self._written

    def flush(self) -> None:
        """Pass on what waits."""
        self._stream.flush()

    def close(self) -> None:
        """Pass on everything that was written, and let go of the stream."""
        if not self.closed:
            self.closed = True
            try:
                self._stream.flush()
            finally:
                if self._owned:
                    self._stream.close()
