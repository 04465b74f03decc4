"""Object stores, through obstore: S3, Google Cloud Storage and Azure, where a file appears whole or not at all."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError, UsageError
from mstr_arrow.files.left_uploads import end_uploads, list_uploads
from mstr_arrow.files.store_errors import is_missing_bucket, shows_secret, store_error, who_you_are

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mstr_arrow.files.left_uploads import LeftUpload
    from mstr_arrow.files.uris import StoreUri

PART_BYTES = 8 << 20
"""Bytes of a file that are sent at a time; S3 takes 10,000 such pieces, which makes 80 GB of a file."""

PARTS_AT_ONCE = 4
"""How many of them are on their way at once, so that a file under way holds 40 MB."""

PATIENCE = {"max_retries": 10, "retry_timeout": timedelta(minutes=3)}
_QUICK = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
_NEVER: Any = {"e_tag": '"never"', "version": "1"}
"""The version of a file that was never written, which nothing can replace."""

_AZURE_CREDENTIALS = (
    *("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN"),
    *("AZURE_STORAGE_TOKEN", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_USE_AZURE_CLI"),
    *("AZURE_STORAGE_USE_EMULATOR", "AZURE_SKIP_SIGNATURE"),
)
"""Keys that obstore logs in with by itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a store."""

    path: str
    size: int
    version: Mapping[str, Any]


class ChangedMeanwhile(Exception):
    """The file that was to be replaced, or to be new, was written by somebody else."""


class ObjectStore:
    """A bucket or container, opened by its URI or by the caller.

    ``asking`` is the same store with a short patience, for the checks before anything is read. ``bucket`` is
    that of an S3 store whose credentials boto3 finds, too.
    """

    def __init__(self, store: Any, root: str, *, asking: Any = None, bucket: str | None = None) -> None:
        self._store = store
        self._asking = asking or store
        self._root = root.rstrip("/")
        self._bucket = bucket

    @property
    def address(self) -> str:
        """Where the store is, if not where its kind usually is."""
        return str((getattr(self._store, "config", None) or {}).get("endpoint", ""))

    def display(self, path: str) -> str:
        """Return the name of a path in errors."""
        return f"{self._root}/{path}"

    def check(self, path: str, *, folder: bool = False) -> None:
        """Ask whether one may write a file, or into a folder; nothing is written. Errors: UsageError, FileError.

        A file of another name is to be replaced in a version that it never had, which stores refuse after they have
        looked at bucket, credentials and rights. One that knows no conditions writes it, and it is removed.
        """
        import obstore
        from obstore import exceptions

        above, slash, name = (path, "/", "folder") if folder else path.rpartition("/")
        probe = f"{above}{slash}.{name}.check"
        with self.errors(path):
            try:
                obstore.put(self._asking, probe, b"", mode=_NEVER)
            except (exceptions.PreconditionError, FileNotFoundError) as error:
                if is_missing_bucket(str(error)):
                    raise
            except (NotImplementedError, exceptions.NotSupportedError):  # a store that cannot be asked
                return
            else:
                with suppress(Exception):
                    obstore.delete(self._asking, [probe])

    def upload(self, path: str, *, asked: bool = False) -> Upload:
        """Return a file to be written; ``asked`` if it was asked whether one may."""
        return Upload(self, self._store, path, asked=asked)

    def read(self, path: str) -> tuple[bytes, Mapping[str, Any]] | None:
        """Return the content of a file, and its version; None where there is none. Errors: FileError."""
        import obstore

        with self.errors(path, "be read"):
            try:
                response = obstore.get(self._store, path)
            except FileNotFoundError as error:
                if is_missing_bucket(str(error)):
                    raise
                return None
            return bytes(response.bytes()), _version(response.meta)

    def put(self, path: str, content: bytes, *, replacing: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Write a small file in place of a version, or as a new one; return its version.

        Errors: ChangedMeanwhile where it is not that version that is there, UsageError, FileError.
        """
        import obstore
        from obstore import exceptions

        mode: Any = replacing or "create"
        with self.errors(path):
            try:
                return _version(obstore.put(self._store, path, content, mode=mode))
            except (exceptions.PreconditionError, exceptions.AlreadyExistsError, FileNotFoundError) as error:
                if is_missing_bucket(str(error)):
                    raise
                found = self.read(path)
                if found is not None and found[0] == content:  # an answer was lost, and the request repeated
                    return found[1]
                raise ChangedMeanwhile(self.display(path)) from error

    def entries(self, folder: str) -> list[Entry]:
        """Return all files in a folder and the folders in it, sorted by path; errors: UsageError, FileError."""
        import obstore

        with self.errors(folder, "be listed"):
            found = [
                Entry(each["path"], each["size"], _version(each))
                for chunk in obstore.list(self._store, prefix=folder)
                for each in chunk
            ]
        return sorted(found, key=lambda entry: entry.path)

    def entry(self, path: str) -> Entry:
        """Return size and version of a file; errors: UsageError, FileError."""
        import obstore

        with self.errors(path, "be read"):
            meta = obstore.head(self._store, path)
            return Entry(path, int(meta["size"]), _version(meta))

    def chunks(self, path: str) -> Iterator[memoryview]:
        """Read a file piece by piece; errors: UsageError, FileError."""
        import obstore

        with self.errors(path, "be read"):
            for chunk in obstore.get(self._store, path).stream(min_chunk_size=PART_BYTES):
                yield memoryview(chunk)

    def reader(self, path: str) -> Any:
        """Open a file to be read from any place in it; errors: FileError, and OSError when it is read."""
        import obstore

        with self.errors(path, "be read"):
            return obstore.open_reader(self._store, path)

    def delete(self, paths: Iterable[str]) -> None:
        """Remove files, those that are not there included; errors: FileError."""
        import obstore

        if not (unwanted := list(paths)):
            return
        with self.errors(unwanted[0], "be removed"):
            try:
                obstore.delete(self._store, unwanted)
            except FileNotFoundError:  # of several, the rest is still to be removed
                for path in unwanted:
                    with suppress(FileNotFoundError):
                        obstore.delete(self._store, path)

    def list_uploads(self, prefix: str) -> list[LeftUpload]:
        """List the uploads that were begun under a prefix and have not ended, where that can be told."""
        return list_uploads(self._bucket, prefix) if self._bucket else []

    def end_uploads(self, uploads: list[LeftUpload]) -> None:
        """Have the store forget uploads that were listed."""
        if self._bucket and uploads:
            end_uploads(self._bucket, uploads)

    @contextmanager
    def errors(self, path: str, refused: str = "be written") -> Iterator[None]:
        """Tell what the store refuses inside; errors: UsageError, FileError."""
        from obstore import exceptions

        try:
            yield
        except (MstrError, ChangedMeanwhile):
            raise
        except (exceptions.InvalidPathError, ValueError) as error:
            raise UsageError(
                f"{self.display(path)!r} is no path that a store takes: {error}.", hint="Give another."
            ) from error
        except (exceptions.BaseError, OSError, NotImplementedError) as error:
            scheme = self._root.partition(":")[0]
            cause = None if shows_secret(str(error)) else error
            raise store_error(error, self.display(path), scheme, refused) from cause


class Upload:
    """A file under way into a store, of which nobody sees anything before `finish`. Holds 40 MB.

    Writers close what they write into; that is not yet the end of the file.
    """

    shows_at_end = True

    def __init__(self, store: ObjectStore, opened: Any, path: str, *, asked: bool) -> None:
        self._place = store
        self._opened = opened
        self._path = path
        self._asked = asked
        self._left: list[LeftUpload] = []
        self._file: Any = None
        self._written = 0
        self.closed = False

    def open(self) -> Upload:
        """Ask whether one may write there, and begin; errors: UsageError, FileError."""
        import obstore

        if not self._asked:
            self._place.check(self._path)
            self._left = [each for each in self._place.list_uploads(self._path) if each.key == self._path]
        self._file = obstore.open_writer(
            self._opened, self._path, buffer_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
        )
        self._written, self.closed = 0, False
        return self

    def write(self, data: Any) -> int:
        """Hand bytes on, in pieces, so that no more are on their way than are counted on; errors: FileError."""
        if self.closed:
            raise ValueError("the upload has ended")
        rest = memoryview(data).cast("B")
        try:
            with self._place.errors(self._path):
                for start in range(0, len(rest), PART_BYTES):
                    # A copy: obstore keeps what it gets until it is sent, and Arrow fills its buffers again.
                    self._file.write(bytes(rest[start : start + PART_BYTES]))
        except BaseException:
            self.closed = True  # its state is not known: nothing may come after what is missing
            raise
        self._written += len(rest)
        return len(rest)

    def tell(self) -> int:
        """Return the bytes written."""
        return self._written

    def flush(self) -> None:
        """Do nothing: what is not a part yet waits."""

    def close(self) -> None:
        """Do nothing: `finish` and `abandon` say how it ends."""

    def finish(self) -> None:
        """Send the rest, and give the file its name; errors: FileError."""
        if self.closed:
            raise ValueError("the upload has ended")
        self.closed = True
        file, self._file = self._file, None
        with self._place.errors(self._path):
            file.close()
        self._place.end_uploads(self._left)

    def abandon(self) -> None:
        """Have the store forget what was sent."""
        self.closed = True
        file, self._file = self._file, None
        if file is not None:
            with suppress(Exception):
                file.__exit__(RuntimeError, RuntimeError("abandoned"), None)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Tell what the store refuses inside; errors: UsageError, FileError."""
        with self._place.errors(self._path):
            yield


def open_store(uri: StoreUri) -> ObjectStore:
    """Open the bucket of a URI, with credentials and address from the environment; errors: UsageError.

    No request is made.
    """
    try:
        from obstore import exceptions
        from obstore.store import from_url
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{str(uri)!r} is in a store, and obstore is not installed.", hint="pip install 'mstr-arrow[stores]'"
        ) from error
    settings = _settings(uri)
    try:
        opened: Any = from_url
        patient, quick = (opened(uri.root, retry_config=how, **settings) for how in (PATIENCE, _QUICK))
    except (exceptions.BaseError, ValueError) as error:
        raise UsageError(
            f"the store of {str(uri)!r} cannot be opened: {str(error).partition(chr(10))[0].rstrip('.')}.",
            hint=who_you_are(uri.scheme),
        ) from error
    bucket = uri.bucket if uri.scheme.startswith("s3") else None
    return ObjectStore(patient, uri.root, asking=quick, bucket=bucket)


def _settings(uri: StoreUri) -> dict[str, Any]:
    """Return the settings of the environment that obstore does not read by itself."""
    options: dict[str, Any] = {"timeout": timedelta(minutes=2)}
    settings: dict[str, Any] = {"client_options": options}
    if uri.scheme.startswith("s3"):
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
        if endpoint:
            settings["endpoint"] = endpoint
        settings |= _from_boto()
    elif uri.scheme == "gs":
        endpoint = os.environ.get("STORAGE_EMULATOR_HOST", "")
        if endpoint:
            endpoint = endpoint if "://" in endpoint else f"http://{endpoint}"
            settings["service_account_key"] = json.dumps(
                {"gcs_base_url": endpoint, "disable_oauth": True, "client_email": "", "private_key": ""}
                | {"private_key_id": ""}
            )
    else:
        endpoint = os.environ.get("AZURE_STORAGE_ENDPOINT") or os.environ.get("AZURE_ENDPOINT", "")
        if endpoint:
            settings["endpoint"] = endpoint
        settings |= _from_azure_identity()
    if endpoint.startswith("http://"):
        options["allow_http"] = True
    return settings


def _from_boto() -> dict[str, Any]:
    """Have boto3 find credentials and region, in profiles and single sign-on, where the environment has none."""
    here = os.environ.keys()
    if here & {"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE"}:
        return {}
    try:
        import boto3
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ModuleNotFoundError:
        return {}
    session = boto3.Session()
    if session.get_credentials() is None:
        return {}
    region = {"region": session.region_name} if session.region_name else {}
    return {"credential_provider": Boto3CredentialProvider(session), **region}


def _from_azure_identity() -> dict[str, Any]:
    """Have azure-identity log in, as by az login, where the environment has no credentials."""
    if any(name in os.environ for name in _AZURE_CREDENTIALS):
        return {}
    try:
        from obstore.auth.azure import AzureCredentialProvider
    except ModuleNotFoundError:
        return {}
    return {"credential_provider": AzureCredentialProvider()}


def _version(meta: Any) -> Mapping[str, Any]:
    return {name: meta[name] for name in ("e_tag", "version") if meta.get(name) is not None}
