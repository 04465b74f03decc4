"""How tables are pushed: what may be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mstr_arrow.upload.options import Policy
    from mstr_arrow.upload.slices import Orientation
    from mstr_arrow.upload.write_result import Resume, UploadProgress

    Forms = Mapping[str, Mapping[str, str]]

SchemaMode = Literal["strict", "add"]


class SendOptions(TypedDict, total=False):
    """How tables are sent.

    ``auto_publish``
        False leaves what was sent to be published by `SuperCube.publish`. The cube shows nothing of it before.
    ``chunk_bytes``
        bounds a request body, in bytes: by default 16 MiB, or what the project takes where that can be read.
    ``chunk_rows``
        bounds its rows, too.
    ``orientation``
        is ``"COLUMN"``, or ``"ROW"`` for a server that does not take columns; by default the first chunk finds
        out.
    ``time_zone``
        is the zone that timestamps with a zone are converted to; the server knows none. By default ``"UTC"``.
    ``verify``
        refuses to publish rows that attributes do not tell apart, which are added up, with UploadFailed; otherwise
        they are published, with a DataLossWarning that counts them and shows two. Afterwards reads back what the
        update policy lets know: row counts, sums of the metrics, and of a cube of one table its rows. Row counts
        are always read after a chunk had to be sent again.
    ``keep_session``
        leaves the upload session of a failed upload on the server, for ``resume``, and a new dataset with it.
    ``resume``
        goes on where an upload failed, with the same data: ``UploadFailed.resume``. After a failed `create`, both
        `create` and `update` take it.
    ``on_progress``
        is called with `UploadProgress` after each chunk and each look at the publish status, on the
        connection's own thread: it must return at once.
    """

    auto_publish: bool
    chunk_bytes: int | None
    chunk_rows: int | None
    orientation: Orientation | None
    time_zone: str
    verify: bool
    keep_session: bool
    resume: Resume | None
    on_progress: Callable[[UploadProgress], object] | None


class CreateOptions(SendOptions, total=False):
    """How a SuperCube is created; and `SendOptions`.

    ``auto_upload``
        False creates it without data, for `SuperCube.update`.
    ``force``
        True overwrites a dataset of the same name in the folder, which is a UsageError otherwise.
    ``attribute_forms``
        gives attributes their forms: ``{"Store": {"ID": "store_id", "DESC": "store_name"}}``.
    """

    auto_upload: bool
    force: bool
    attribute_forms: Forms | None


class UpdateOptions(SendOptions, total=False):
    """How a SuperCube is updated; and `SendOptions`.

    ``folder_id``
        is the folder, by id or path, in which the name is looked for; by default "My Reports".
    ``schema_mode``
        ``"strict"`` (the default) raises a UsageError that names each difference between the tables and the
        dataset. ``"add"`` lets columns and tables be added: the server can do so only by making the dataset anew,
        so every table must be given, with policy ``replace``.
    ``attribute_forms``
        are those of a dataset that is made anew.
    """

    folder_id: str | None
    schema_mode: SchemaMode
    attribute_forms: Forms | None


class WriteOptions(TypedDict, total=False):
    """How tables are written.

    ``mode``
        says what becomes of the rows there are: ``"replace"`` (the default) removes them, ``"add"`` keeps them;
        ``"update"`` changes the metrics of rows with the same attributes and ignores other rows, ``"upsert"`` adds
        those. A new dataset takes all rows.
    ``folder``
        is where the dataset is found or made, by id or path; by default "My Reports".
    ``description``
        is that of a new dataset.
    ``attributes``, ``metrics``
        name columns that are not what they say themselves: numbers are metrics, the rest are attributes, but for
        forms, which the metadata of a table that was read name, or columns called ``A@ID`` and ``A@DESC``.
    ``forms``
        gives attributes their forms: ``{"Store": {"ID": "store_id", "DESC": "store_name"}}``.
    ``publish``
        False leaves what was sent for ``SuperCube(connection, id=…).publish()``; it goes with the connection.
    ``schema_mode``, ``chunk_bytes``, ``chunk_rows``, ``orientation``, ``time_zone``, ``verify``, ``on_progress``
        are those of `UpdateOptions` and `SendOptions`.
    """

    mode: Policy
    folder: str | None
    description: str | None
    attributes: Collection[str]
    metrics: Collection[str]
    forms: Forms | None
    publish: bool
    schema_mode: SchemaMode
    chunk_bytes: int | None
    chunk_rows: int | None
    orientation: Orientation | None
    time_zone: str
    verify: bool
    on_progress: Callable[[UploadProgress], object] | None
