"""Paths as people write them: from home, as ``file://``, or of a store, which is no path on this machine."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mstr_arrow.errors import FileError, UsageError
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Iterator

# A Path has left one of two slashes out.
_URL = re.compile(
    r"[a-z][a-z0-9+.-]+://|(s3a?|gs|gcs|abfss?|az|adl|wasbs?|hdfs|https?|s?ftps?|file):/", re.IGNORECASE
)


def path_to_write(path: str | os.PathLike[str]) -> Path:
    """Return where a path to write leads on this machine; errors: UsageError for one that leads elsewhere.

    >>> path_to_write("sales/2024.parquet"), path_to_write("file:///data/a%20b.parquet")
    (PosixPath('sales/2024.parquet'), PosixPath('/data/a b.parquet'))
    """
    return _local(
        path,
        "written",
        advice(
            "write into a store",
            "Write it here, and copy it. Data are written by URI into s3://, gs://, az:// and abfss://, and as "
            "mstr_arrow.Location(filesystem, path) into what pyarrow.fs opens.",
        ),
    )


def read_path(path: str | os.PathLike[str]) -> Path:
    """Return where a path to read leads on this machine; errors: UsageError for one that leads elsewhere."""
    hint = advice(
        "read from a store", "Give what reads it: pyarrow.dataset.dataset({path!r}), for one.", path=_text(path)
    )
    return _local(path, "read", hint)


def _local(path: str | os.PathLike[str], done: str, hint: str) -> Path:
    text = _text(path)
    if "\0" in text:
        raise UsageError(f"{text!r} holds a character that no path has.", hint="Give another path.")
    if not _URL.match(text):
        return Path(os.path.expanduser(text))  # noqa: PTH111 - Path raises where there is no such user
    parts = urlsplit(text)
    if parts.scheme.lower() != "file":
        raise UsageError(f"{text!r} is not on this machine, and only files here are {done}.", hint=hint)
    if parts.netloc not in {"", "localhost"}:
        raise UsageError(f"{text!r} is on another machine, {parts.netloc!r}.", hint="Write it with three slashes.")
    return Path(url2pathname(parts.path))


def _text(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise UsageError(f"a path is given as {path!r}, which is no text.", hint="Give a text or a Path.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"the path {text!r} holds half a character, or bytes that are no UTF-8.", hint="Give another path."
        ) from None
    return text


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path leads to a store or to another machine.

    >>> is_remote("s3://bucket/sales"), is_remote("file:///data"), is_remote("sales")
    (True, False, False)
    """
    text = _text(path)
    return _URL.match(text) is not None and not text.lower().startswith("file:")


def find_missing_folder(path: Path) -> Path | None:
    """Return the first folder on the way to a path that is not there, or is no folder; None where all are.

    >>> find_missing_folder(Path("/no/such/folder/x.csv"))
    PosixPath('/no')
    """
    above = [*path.parents][::-1]
    try:
        return next((folder for folder in above if not folder.is_dir()), None)
    except OSError:  # one may not look into
        return None


def what_is_missing(path: Path) -> str | None:
    """Say which folder on the way to a path is none, and what helps; None where all are there."""
    folder = find_missing_folder(path)
    if folder is None:
        return None
    if os.path.lexists(folder):
        return f"{str(folder)!r} is no folder: give another path."
    return f"There is no folder {str(folder)!r}: make it first."


@contextmanager
def explain_refusal(path: Path, done: str) -> Iterator[None]:
    """Tell what the system refuses of a file inside; errors: FileError.

    ``done`` is what cannot be done: "read", "written".
    """
    try:
        yield
    except OSError as error:
        hint = what_is_missing(path) or "Give another path, or have it allowed."
        reason = error.strerror or str(error)
        raise FileError(
            f"{str(path)!r} cannot be {done}: {reason}.",
            errno=error.errno,
            strerror=reason,
            filename=str(path),
            hint=hint,
        ) from error
