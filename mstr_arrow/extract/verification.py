"""Whether the parts of an extraction are as they were written."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING, Literal, NamedTuple

from mstr_arrow.files.disk import reason
from mstr_arrow.files.sinks import in_thread

if TYPE_CHECKING:
    from pathlib import Path

    from mstr_arrow.extract.manifest import Manifest, Part

Verify = Literal["checksums", "sizes"]


class Verified(NamedTuple):
    """What can be gone by of a manifest: its parts before the first one that is not as it was written.

    ``damage`` says what is wrong with that one; None where all are as they were.
    """

    manifest: Manifest
    damage: str | None


async def verify_parts(folder: Path, manifest: Manifest, verify: Verify) -> Verified:
    """Compare files with what the manifest says of them.

    With ``"sizes"`` only the last one is read, since it is compared with rows that are fetched again. Each part is
    a piece of work of its own, so that Ctrl-C and deadlines are heard between two of them.
    """
    sound, damage = 0, None
    for part in manifest.parts:
        damage = await in_thread(damage_of, folder / part.name, part, verify)
        if damage is not None:
            break
        sound += 1
    if verify != "checksums":
        while sound and (worse := await in_thread(_last_damage, folder, manifest, sound)):
            sound, damage = sound - 1, worse
    return Verified(manifest if damage is None else manifest.until(sound), damage)


def damage_of(path: Path, part: Part, verify: Verify) -> str | None:
    """Say in what a file differs from the part that was written there; None in nothing."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            return f"{part.name} is no file, but a link, a folder or a device"
        if found.st_size != part.bytes:
            return f"{part.name} has {found.st_size:,} bytes, and had {part.bytes:,}"
        if verify == "checksums" and sha256_of(path) != part.sha256:
            return f"{part.name} has other bytes than were written"
    except FileNotFoundError:
        return f"{part.name} is missing"
    except OSError as error:
        return f"{part.name} cannot be read: {reason(error)}"
    return None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _last_damage(folder: Path, manifest: Manifest, count: int) -> str | None:
    part = manifest.parts[count - 1]
    return damage_of(folder / part.name, part, "checksums")
