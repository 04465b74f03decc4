"""URIs of stores, as people write them. Pure."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from mstr_arrow.errors import UsageError

_SCHEMES = "s3a?|gs|az|abfss?"
_STORE = re.compile(rf"({_SCHEMES}):/", re.IGNORECASE)
_URI = re.compile(rf"(?P<scheme>{_SCHEMES}):/{{1,2}}(?P<owner>[^/]+)(?:/(?P<path>.*))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class StoreUri:
    """A path in a bucket or container: ``root`` is all before it, such as ``s3://bucket``.

    >>> uri = store_uri("s3://nightly/sales/2024.parquet")
    >>> uri.root, uri.bucket, uri.path
    ('s3://nightly', 'nightly', 'sales/2024.parquet')
    """

    scheme: str
    bucket: str
    root: str
    path: str

    def __str__(self) -> str:
        return f"{self.root}/{self.path}"


def is_store_uri(path: object) -> bool:
    """Tell whether a path leads into a store that is opened by its URI.

    >>> is_store_uri("s3://bucket/x.parquet"), is_store_uri("sales.parquet"), is_store_uri("hdfs://host/x")
    (True, False, False)
    """
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    return isinstance(text, str) and _STORE.match(text) is not None


def store_uri(path: str | os.PathLike[str]) -> StoreUri:
    """Read a URI; a ``Path`` of one, which has lost a slash, too. Errors: UsageError for one that cannot be."""
    text = os.fspath(path)
    found = _URI.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} names no bucket.", hint="Write it as in 's3://bucket/sales.parquet'.")
    scheme, owner, key = found["scheme"].lower(), found["owner"], (found["path"] or "").removesuffix("/")
    if not key:
        raise UsageError(
            f"{text!r} names a bucket, and no place in it.", hint="Name one, as in 's3://bucket/sales.parquet'."
        )
    check_key(key, text)
    root = f"{scheme}://{owner}"
    return StoreUri(scheme, urlsplit(root).username or owner, root, key)


def check_key(key: str, shown: str) -> None:
    """Refuse a path that stores cannot have, or read otherwise than it is written; errors: UsageError."""
    if any(name in {"", ".", ".."} for name in key.split("/")):
        raise UsageError(
            f"{shown!r} has an empty name, '.' or '..' between two slashes, which in a store leads nowhere.",
            hint="Give the path without it.",
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in key):
        raise UsageError(f"{shown!r} holds a character that no path has.", hint="Give another path.")
