"""Where a file or folder goes that is not on this machine: by URI, or in a store that the caller has opened."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.files.arrow_fs import Filesystem
from mstr_arrow.files.stores import ObjectStore, open_store
from mstr_arrow.files.uris import check_key, is_store_uri, store_uri

if TYPE_CHECKING:
    from mstr_arrow.files.arrow_fs import Copied
    from mstr_arrow.files.stores import Upload


@dataclass(frozen=True, slots=True)
class Location:
    """A path in a store that you have opened yourself, for whatever takes the path of a file or folder to write.

    ``store`` is one of `obstore.store`, and what is written appears whole or not at all, as under a URI; or a
    filesystem of `pyarrow.fs`, which promises less: a file is written on this machine first, and sent when
    it is whole; what fails while it is sent may be seen.
    """

    store: Any
    path: str


@dataclass(frozen=True, slots=True)
class StorePath:
    """A path in an open store."""

    store: ObjectStore | Filesystem
    path: str

    def __str__(self) -> str:
        return self.store.display(self.path)

    def __truediv__(self, name: str) -> StorePath:
        return StorePath(self.store, f"{self.path}/{name}")

    @property
    def name(self) -> str:
        """The name behind the last slash."""
        return self.path.rpartition("/")[2]

    def upload(self, *, asked: bool = False) -> Upload | Copied:
        """Return a file to be written; ``asked`` if it was asked whether one may."""
        return self.store.upload(self.path, asked=asked)


def in_store(target: object) -> StorePath | None:
    """Return where a target leads in a store; None for one on this machine. No request is made.

    Errors: UsageError.
    """
    if isinstance(target, Location):
        return _in_opened(target)
    if isinstance(target, str | os.PathLike) and is_store_uri(target):
        uri = store_uri(target)
        return StorePath(open_store(uri), uri.path)
    return None


def _in_opened(location: Location) -> StorePath:
    store, path = location.store, location.path
    if not isinstance(path, str) or not path.strip("/"):
        raise UsageError(f"the path of a Location is {path!r}.", hint="Give one as in 'sales/2024.parquet'.")
    module = type(store).__module__
    if module.startswith("obstore"):
        key = path.strip("/")
        check_key(key, path)
        return StorePath(ObjectStore(store, _root(store)), key)
    if module.startswith("pyarrow"):
        from pyarrow.fs import FileSystem  # noqa: PLC0415 - only for those who have one

        if isinstance(store, FileSystem):
            return StorePath(Filesystem(store), path.rstrip("/"))
    raise UsageError(
        f"the store of a Location is {store!r}.",
        hint="Give one of obstore, such as obstore.store.S3Store(…), or a filesystem of pyarrow.fs.",
    )


def _root(store: Any) -> str:
    """Return the text before a path: the URI of the bucket, or what kind of store it is."""
    config, prefix = getattr(store, "config", None) or {}, getattr(store, "prefix", None) or ""
    schemes = {"S3Store": ("s3", "bucket"), "GCSStore": ("gs", "bucket"), "AzureStore": ("az", "container_name")}
    scheme, owner = schemes.get(type(store).__name__, (type(store).__name__, ""))
    root = f"{scheme}://{config.get(owner, '')}".rstrip("/") if owner else f"{scheme}:"
    return f"{root}/{prefix}".rstrip("/")
