"""Errors of a folder, on a disk or in a store, that an extraction does not touch or go on with. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.files.folders import MANIFEST
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from pathlib import Path

    from mstr_arrow.extract.manifest import Part


def refuse_foreign(folder: Path | str, name: str) -> UsageError:
    """Make the error for a file in the folder that no extraction wrote."""
    return UsageError(
        f"the folder {str(folder)!r} holds {name!r}, which is no part of an extraction: it is not replaced.",
        hint="Give another folder, or move away what it holds.",
    )


def refuse_unknown(folder: Path | str, why: Exception | None) -> UsageError:
    """Make the error for parts whose manifest cannot be gone by; ``why`` is None where there is no manifest."""
    told = " and no manifest: they were not written by an extraction"
    if why is not None:
        told = f", and what they are is not known, as {MANIFEST} cannot be gone by: {why}"
    return UsageError(
        f"the folder {str(folder)!r} holds parts{told}.",
        hint=naming("Give another, or have it replaced: {Scan.extract.overwrite=True}."),
    )


def refuse_other_version(work: Path | str, why: Exception) -> UsageError:
    """Make the error for a beginning that another version of this package wrote."""
    return UsageError(
        f"{str(work)!r} holds the beginning of an extraction that cannot be gone on with: {why}.",
        hint=advice("start the extraction again", "Start it again with {Scan.extract.resume=False}."),
    )


def missing(part: Part) -> str:
    """Say that a part is not there."""
    return f"{part.name} is missing"


def other_size(part: Part, size: int) -> str | None:
    """Say that a part has another size than was written; None where it has not."""
    return None if size == part.bytes else f"{part.name} has {size:,} bytes, and had {part.bytes:,}"


def other_bytes(part: Part, sha256: str) -> str | None:
    """Say that a part has other bytes than were written; None where it has not."""
    return None if sha256 == part.sha256 else f"{part.name} has other bytes than were written"
