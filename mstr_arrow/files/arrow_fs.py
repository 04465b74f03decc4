"""A filesystem of ``pyarrow.fs`` as a store, with a weaker promise, since it can neither abort a file nor compare.

A file is written on this machine first, and sent when it is whole. What fails while it is sent may be seen for a
moment under the file's name, and is then removed; what fails for good, as by a kill, is half a file.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError
from mstr_arrow.files.disk import disk_errors
from mstr_arrow.files.store_errors import store_error
from mstr_arrow.files.stores import ChangedMeanwhile, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mstr_arrow.files.left_uploads import LeftUpload

_PIECE = 1 << 20


class Filesystem:
    """A filesystem that the caller has opened."""

    def __init__(self, filesystem: Any) -> None:
        self._fs = filesystem

    address = ""
    """Where it is: its paths do not say."""

    def display(self, path: str) -> str:
        """Return the name of a path in errors."""
        return f"{self._fs.type_name}:{path}"

    def check(self, path: str, *, folder: bool = False) -> None:  # noqa: ARG002 - one question for both
        """Ask whether the filesystem answers for a path; whether one may write is not known before."""
        with self.errors(path):
            self._fs.get_file_info(path)

    def upload(self, path: str, *, asked: bool = False) -> Copied:
        """Return a file to be written; ``asked`` if it was asked whether one may."""
        return Copied(self, self._fs, path, asked=asked)

    def read(self, path: str) -> tuple[bytes, Mapping[str, Any]] | None:
        """Return the content of a file, and its version; None where there is none. Errors: FileError."""
        version = self._version(path)
        if version is None:
            return None
        with self.errors(path, "be read"), self._fs.open_input_file(path) as file:
            return bytes(file.read()), version

    def put(self, path: str, content: bytes, *, replacing: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Write a small file in place of a version, or as a new one; return its version.

        Another writer's file that comes between the look at the version and the write is not seen.
        """
        if self._version(path) != replacing:
            raise ChangedMeanwhile(self.display(path))
        copied = self.upload(path, asked=True)
        copied.open()
        try:
            copied.write(content)
            copied.finish()
        finally:
            copied.abandon()
        return self._version(path) or {}

    def entries(self, folder: str) -> list[Entry]:
        """Return all files in a folder and the folders in it, sorted by path; errors: FileError."""
        from pyarrow.fs import FileSelector  # noqa: PLC0415 - only for those who have one

        with self.errors(folder, "be listed"):
            found = self._fs.get_file_info(FileSelector(folder, recursive=True, allow_not_found=True))
        files = [Entry(each.path, each.size, _version(each)) for each in found if each.is_file]
        return sorted(files, key=lambda entry: entry.path)

    def entry(self, path: str) -> Entry:
        """Return size and version of a file; errors: FileError."""
        with self.errors(path, "be read"):
            info = self._fs.get_file_info(path)
            if not info.is_file:
                raise FileNotFoundError(f"there is no file {path!r}")
            return Entry(path, info.size, _version(info))

    def chunks(self, path: str) -> Iterator[memoryview]:
        """Read a file piece by piece; errors: FileError."""
        with self.errors(path, "be read"), self._fs.open_input_stream(path) as file:
            while chunk := file.read(_PIECE):
                yield memoryview(chunk)

    def reader(self, path: str) -> Any:
        """Open a file to be read from any place in it; errors: FileError, and OSError when it is read."""
        with self.errors(path, "be read"):
            return self._fs.open_input_file(path)

    def delete(self, paths: Iterable[str]) -> None:
        """Remove files, those that are not there included; errors: FileError."""
        for path in paths:
            with self.errors(path, "be removed"), suppress(FileNotFoundError):
                self._fs.delete_file(path)

    def list_uploads(self, _: str) -> list[LeftUpload]:
        """List nothing: what is under way is on this machine."""
        return []

    def end_uploads(self, _: list[LeftUpload]) -> None:
        """Do nothing."""

    @contextmanager
    def errors(self, path: str, refused: str = "be written") -> Iterator[None]:
        """Tell what the filesystem refuses inside; errors: FileError."""
        try:
            yield
        except (MstrError, ChangedMeanwhile):
            raise
        except (OSError, NotImplementedError, ValueError) as error:
            raise store_error(error, self.display(path), self._fs.type_name, refused) from error

    def _version(self, path: str) -> Mapping[str, Any] | None:
        with self.errors(path, "be read"):
            info = self._fs.get_file_info(path)
        return _version(info) if info.is_file else None


class Copied:
    """A file under way: on this machine, until it is whole. Holds no more than the writer does."""

    shows_at_end = True

    def __init__(self, place: Filesystem, filesystem: Any, path: str, *, asked: bool) -> None:
        self._place = place
        self._fs = filesystem
        self._path = path
        self._asked = asked
        self._file: IO[bytes] | None = None
        self.closed = False

    def open(self) -> Copied:
        """Make the temporary file; errors: FileError."""
        if not self._asked:
            self._place.check(self._path)
        with disk_errors(tempfile.gettempdir()):
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish and abandon
        self.closed = False
        return self

    def write(self, data: Any) -> int:
        """Write to the disk; errors: FileError."""
        if self.closed or self._file is None:
            raise ValueError("the file has ended")
        with disk_errors(tempfile.gettempdir()):
            return self._file.write(data)

    def tell(self) -> int:
        """Return the bytes written."""
        return self._file.tell() if self._file else 0

    def flush(self) -> None:
        """Do nothing: nobody reads it before it is whole."""

    def close(self) -> None:
        """Do nothing: `finish` and `abandon` say how it ends."""

    def finish(self) -> None:
        """Send the whole file, and remove what was sent if that fails; errors: FileError."""
        if self.closed or self._file is None:
            raise ValueError("the file has ended")
        self.closed = True
        with self._place.errors(self._path), self._file:
            try:
                self._send(self._file)
            except BaseException:
                with suppress(Exception):
                    self._fs.delete_file(self._path)
                raise

    def _send(self, file: IO[bytes]) -> None:
        try:
            stream = self._fs.open_output_stream(self._path)
        except FileNotFoundError:  # a filesystem with folders
            self._fs.create_dir(self._path.rpartition("/")[0], recursive=True)
            stream = self._fs.open_output_stream(self._path)
        file.seek(0)
        with stream:
            shutil.copyfileobj(file, stream, _PIECE)

    def abandon(self) -> None:
        """Remove what is on this machine."""
        self.closed = True
        if self._file is not None:
            with suppress(Exception):
                self._file.close()

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Tell what disk or filesystem refuse inside; errors: FileError."""
        with self._place.errors(self._path):
            yield


def _version(info: Any) -> Mapping[str, Any]:
    return {"size": info.size, "mtime_ns": info.mtime_ns}
