"""Whether the parts of an extraction are as they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mstr_arrow.files.sinks import in_thread

if TYPE_CHECKING:
    from mstr_arrow.extract.extract_options import Verify
    from mstr_arrow.extract.folder import Folder
    from mstr_arrow.extract.manifest import Manifest, Part


class Verified(NamedTuple):
    """The usable beginning of a manifest: its parts before the first one that is not as it was written.

    ``damage`` says what is wrong with that one; None where all are as they were.
    """

    manifest: Manifest
    damage: str | None


async def verify_parts(
    folder: Folder, manifest: Manifest, verify: Verify | None = None, *, finished: bool = False
) -> Verified:
    """Compare parts of the beginning, or of the finished folder, with what the manifest says of them.

    With ``"sizes"`` only the last one is read, since it is compared with rows that are fetched again. Each part is
    a piece of work of its own, so that Ctrl-C and deadlines are heard between two of them.
    """

    async def damage_of(part: Part, verify: Verify) -> str | None:
        return await in_thread(lambda: folder.damage(part, verify, finished=finished))

    verify = verify or folder.verify
    sound, damage = 0, None
    for part in manifest.parts:
        damage = await damage_of(part, verify)
        if damage is not None:
            break
        sound += 1
    if verify != "checksums" and not folder.tells_changes:
        while sound and (worse := await damage_of(manifest.parts[sound - 1], "checksums")):
            sound, damage = sound - 1, worse
    return Verified(manifest if damage is None else manifest.until(sound), damage)
