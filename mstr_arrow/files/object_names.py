"""Names of objects as names of files and folders, on any system and in any store. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*%#\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MOST_BYTES = 150
"""Bytes of a name; most systems take 255, of which a suffix and the name of a file under way need some."""


def safe_name(name: str) -> str:
    r"""Return a name that every file system and store takes, as near to what it was as can be.

    >>> safe_name("Sales Cube"), safe_name("Sales/Cost: 2024?"), safe_name(".hidden "), safe_name("aux")
    ('Sales Cube', 'Sales_Cost_ 2024_', '_hidden', 'aux_')
    """
    seen = "".join(each for each in name if unicodedata.category(each) not in {"Cf", "Cs", "Co", "Cn"})
    text = _NOT_IN_NAMES.sub("_", unicodedata.normalize("NFC", seen)).strip().rstrip(". ")
    text = re.sub(r"^[.~]", "_", text) or "_"
    text = f"{text}_" if _RESERVED.fullmatch(text) else text
    return text.encode()[:_MOST_BYTES].decode(errors="ignore").rstrip(". ")


def names_apart(objects: Sequence[tuple[str, str]]) -> list[str]:
    """Return a name of a file for each object, by its name and id: those that would be one have their ids, too.

    Names that differ in upper and lower case are one, as they are on many systems.

    >>> names_apart([("Sales", "A1"), ("sales", "B2"), ("Stock", "C3")])
    ['Sales (A1)', 'sales (B2)', 'Stock']
    """
    names = [safe_name(name) for name, _ in objects]
    seen = Counter(name.casefold() for name in names)
    return [
        f"{name} ({of})" if seen[name.casefold()] > 1 else name
        for name, (_, of) in zip(names, objects, strict=True)
    ]
