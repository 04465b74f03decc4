"""How an extraction is made. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

from mstr_arrow.errors import UsageError
from mstr_arrow.files.folders import check_sizes
from mstr_arrow.files.sinks import Parquet
from mstr_arrow.grid.shape import SchemaMode, check_mode

OnChange = Literal["raise", "restart"]
Verify = Literal["checksums", "sizes"]

PART_BYTES = 32 * 10**6
"""Bytes of a part where nothing else is said: what is under way when a run is killed is fetched again."""


class ExtractOptions(TypedDict, total=False):
    """Options of an extraction.

    ``resume``
        True (the default) goes on after a run that did not come to its end; a folder that is whole is left as it
        is, which the result calls ``skipped``. False starts again.
    ``overwrite``
        replaces a folder that is whole, when the new one is.
    ``if_changed``
        does so only if the cube was published since, or if the server does not tell: the result's
        ``why_no_data_time`` says why.
    ``on_change``
        what becomes of a beginning whose data have changed, or that is one of something else: an error with
        ``"raise"``, the default, or another beginning with ``"restart"``.
    ``schema_mode``
        what becomes of columns that are others than those of the folder that is replaced: with ``"strict"``, the
        default, SchemaChanged before anything is written; ``"add"`` takes new columns, ``"replace"`` any change.
    ``verify``
        what is looked at of the parts that are there, before anything else: ``"checksums"``, the default on a disk,
        reads all of them, a second or two for each GB; ``"sizes"`` only the last one, and of the others whether
        they are there and as long as they were, for folders so large that reading them takes too long. In a store
        that is the default, and reads only parts of another e-tag than they had. What is not as it was written is
        fetched again from there on.
    ``part_rows``, ``part_bytes``
        the rows of a part, or about its bytes (32 MB), whichever is reached first. Where conditions run here, a
        part ends where a page does.
    ``compression``, ``row_group_rows``
        as `Scan.write_parquet` has them.
    """

    resume: bool
    overwrite: bool
    if_changed: bool
    on_change: OnChange
    schema_mode: SchemaMode
    verify: Verify | None
    part_rows: int | None
    part_bytes: int | None
    compression: str
    row_group_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`ExtractOptions`, complete; errors: UsageError for sizes below one and for what Parquet does not have."""

    resume: bool = True
    overwrite: bool = False
    if_changed: bool = False
    on_change: OnChange = "raise"
    schema_mode: SchemaMode = "strict"
    verify: Verify | None = None
    part_rows: int | None = None
    part_bytes: int | None = None
    compression: str = "zstd"
    row_group_rows: int = 131_072

    def __post_init__(self) -> None:
        check_sizes(part_rows=self.part_rows, part_bytes=self.part_bytes)
        if self.on_change not in get_args(OnChange):
            raise UsageError(f"on_change={self.on_change!r} is not known.", hint='Choose "raise" or "restart".')
        check_mode(self.schema_mode)
        if self.verify not in {None, *get_args(Verify)}:
            raise UsageError(f"verify={self.verify!r} is not known.", hint='Choose "checksums" or "sizes".')
        Parquet("part", compression=self.compression, row_group_rows=self.row_group_rows)  # refuses what it lacks

    @property
    def bytes(self) -> int | None:
        """The size of a part, where it is not that of its rows."""
        return PART_BYTES if self.part_rows is None and self.part_bytes is None else self.part_bytes


def complete_options(options: ExtractOptions) -> Chosen:
    """Complete options; errors: UsageError."""
    return Chosen(**options)
