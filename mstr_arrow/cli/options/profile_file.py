"""Changing the profile file: one table of it, and every other line as it was."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.private import write_private
from mstr_arrow.toml.writer import key_text, value_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def change_profile(path: Path, name: str, changes: Mapping[str, Any]) -> None:
    """Set keys of a profile, and remove those whose value is None; errors: UsageError, OSError.

    The file is there whole or not at all, and only its owner can read it.
    """
    path = path.resolve()  # a link stays one
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    text = change_table(before, name, changes)
    if _read(text) != _expect(before, name, changes):
        lines = "\n".join(_line(key, value) for key, value in changes.items() if value is not None)
        raise UsageError(
            f"{path} is written in a way that this program cannot change.",
            hint=f"Write this below [{key_text(name)}], and remove what it replaces:\n{lines}",
        )
    write_private(path, text)


def change_table(text: str, name: str, changes: Mapping[str, Any]) -> str:
    r"""Change one table of a TOML file, whose values stand on a line each.

    >>> print(change_table('[a]\nurl = "x"  # old\n\n[b]\n', "a", {"url": "y", "project": "Retail"}), end="")
    [a]
    url = "y"
    project = "Retail"
    <BLANKLINE>
    [b]
    """
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    start = next((at for at, line in enumerate(lines) if _header(line) == name), None)
    if start is None:
        start = len(lines) + bool(lines)
        lines += [*([""] if lines else []), f"[{key_text(name)}]"]
    end = next((at for at, line in enumerate(lines[start + 1 :], start + 1) if _header(line)), len(lines))
    body = lines[start + 1 : end]
    while body and not body[-1].strip():
        body.pop()
    blank = lines[start + 1 + len(body) : end]
    left = dict(changes)
    kept = []
    for line in body:
        key = _key(line)
        if key not in changes:
            kept.append(line)
        elif left.get(key) is not None:
            kept.append(_line(key, left.pop(key)))
    added = [_line(key, value) for key, value in left.items() if value is not None]
    return "\n".join([*lines[: start + 1], *kept, *added, *blank, *lines[end:]]) + "\n"


def _read(text: str) -> dict[str, Any] | None:
    """Read TOML; None for what is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _header(line: str) -> str | None:
    """Read the name of a table from its first line; None for any other line."""
    if not line.lstrip().startswith("["):
        return None
    return next(iter(_read(line) or {}), None)


def _key(line: str) -> str:
    """Read the key of a line, as the long option is spelled."""
    return line.partition("=")[0].strip().strip("\"'").replace("_", "-")


def _line(key: str, value: Any) -> str:
    return f"{key_text(key)} = {value_text(value)}"


def _expect(text: str, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of the file when it is changed."""
    content = tomllib.loads(text)
    table = {key: value for key, value in content.get(name, {}).items() if key.replace("_", "-") not in changes}
    return content | {name: table | {key: value for key, value in changes.items() if value is not None}}
