"""What may happen to the files of an extraction while nobody looks: kinds of damage, all drawn from a seed."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mstr_arrow.extract.manifest import read_manifest

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

MANIFEST = "_manifest.json"


@dataclass(frozen=True, slots=True)
class Patient:
    """A folder that is to be damaged, and a folder of data that were published before."""

    folder: Path
    older: Path
    chance: random.Random

    def a_file(self) -> Path:
        """Choose any of its files."""
        return self.chance.choice(sorted(path for path in self.folder.iterdir() if path.is_file()))

    def two_parts(self) -> list[Path]:
        """Choose two of its parts."""
        return self.chance.sample(sorted(self.folder.glob("part-*")), 2)


def flip(patient: Patient) -> None:
    """Flip one bit of a file."""
    path = patient.a_file()
    content = bytearray(path.read_bytes())
    content[patient.chance.randrange(len(content))] ^= 1 << patient.chance.randrange(8)
    path.write_bytes(content)


def cut(patient: Patient) -> None:
    """Cut the end of a file off."""
    path = patient.a_file()
    os.truncate(path, patient.chance.randrange(path.stat().st_size))


def empty(patient: Patient) -> None:
    """Leave nothing of a file."""
    os.truncate(patient.a_file(), 0)


def zero(patient: Patient) -> None:
    """Overwrite a stretch of a file with zeros, as file systems do after a power cut."""
    path = patient.a_file()
    content = bytearray(path.read_bytes())
    begin = patient.chance.randrange(len(content))
    end = min(len(content), begin + patient.chance.randint(1, 4_096))
    content[begin:end] = bytes(end - begin)
    path.write_bytes(content)


def grow(patient: Patient) -> None:
    """Write something behind a file."""
    with patient.a_file().open("ab") as stream:
        stream.write(patient.chance.randbytes(patient.chance.randint(1, 200)))


def delete(patient: Patient) -> None:
    """Delete a file."""
    patient.a_file().unlink()


def delete_many(patient: Patient) -> None:
    """Delete half of the parts."""
    for path in sorted(patient.folder.glob("part-*"))[:: patient.chance.choice([2, -2])]:
        path.unlink()


def swap(patient: Patient) -> None:
    """Have two parts change their names."""
    one, other = patient.two_parts()
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def replace_by_older(patient: Patient) -> None:
    """Put a file of the data that were published before in place of one."""
    path = patient.a_file()
    source = patient.older / path.name
    shutil.copyfile(source if source.exists() else patient.older / MANIFEST, path)


def replace_by_other_part(patient: Patient) -> None:
    """Put a part there a second time, under the name of another."""
    shutil.copyfile(*patient.two_parts())


def older_manifest(patient: Patient) -> None:
    """Put the manifest back that was there some parts before."""
    path = patient.folder / MANIFEST
    manifest = read_manifest(path.read_bytes())
    path.write_text(manifest.until(patient.chance.randrange(len(manifest.parts))).to_json())


def edit(patient: Patient) -> None:
    """Edit a member of the manifest, and fix nothing."""
    path = patient.folder / MANIFEST
    document = json.loads(path.read_text())
    inside = patient.chance.choice([document, document["asked"], *document["parts"]])
    name = patient.chance.choice(list(inside))
    before = inside[name]
    others: list[object] = [None, [], {}, "other", 10**9, -1, not before]
    if isinstance(before, int):
        others += [before + 1, before - 1, before * 2]
    if isinstance(before, list) and before:
        others += [before[:-1], [*before, before[-1]], before[::-1]]
    inside[name] = patient.chance.choice(others)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def drop_member(patient: Patient) -> None:
    """Take a member out of the manifest."""
    path = patient.folder / MANIFEST
    document = json.loads(path.read_text())
    del document[patient.chance.choice(list(document))]
    path.write_text(json.dumps(document))


def folder_in_place(patient: Patient) -> None:
    """Put a folder in place of a file, with or without something in it."""
    path = patient.a_file()
    path.unlink()
    path.mkdir()
    if patient.chance.random() < 0.5:
        (path / "notes.txt").write_text("mine")


def link_in_place(patient: Patient) -> None:
    """Put a link in place of a file: to nothing, to older data, or to its own content elsewhere."""
    path = patient.a_file()
    kept = patient.folder.parent.parent / f"kept-{path.name}"
    shutil.copyfile(path, kept)
    path.unlink()
    older = patient.older / path.name
    path.symlink_to(patient.chance.choice([Path("/no/such/file"), older, kept]))


def leftover(patient: Patient) -> None:
    """Leave a temporary file behind."""
    name = patient.chance.choice(
        [".part-00004.parquet", "..part-00004.parquet.7-0.partial", f".{MANIFEST}", ".private.json-abc"]
    )
    (patient.folder / name).write_text("half")


def part_too_many(patient: Patient) -> None:
    """Leave a part there that is none of the extraction."""
    shutil.copy(patient.two_parts()[0], patient.folder / f"part-{patient.chance.randint(10, 99_999):05}.parquet")


DAMAGES: dict[str, Callable[[Patient], None]] = {
    "a bit flipped": flip,
    "cut": cut,
    "emptied": empty,
    "zeros in it": zero,
    "grown": grow,
    "deleted": delete,
    "half of the parts deleted": delete_many,
    "two parts swapped": swap,
    "an older file in its place": replace_by_older,
    "a part there twice": replace_by_other_part,
    "the manifest of some parts before": older_manifest,
    "a member of the manifest edited": edit,
    "a member of the manifest taken out": drop_member,
    "a folder in its place": folder_in_place,
    "a link in its place": link_in_place,
    "a temporary file left over": leftover,
    "a part too many": part_too_many,
}
