"""Read files of TOML."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.paths import explain_refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read_toml(path: Path, hint: str) -> tuple[str, dict[str, Any]]:
    """Return the text of a file and what it holds; errors: UsageError with the hint, FileError."""
    return _read(path, tomllib.loads, hint)


def read_toml_or_json(path: Path, hint: str) -> tuple[str, Any]:
    """Read TOML by a file's name, else JSON; errors: UsageError with the hint, FileError."""
    return _read(path, tomllib.loads if path.suffix.lower() == ".toml" else json.loads, hint)


def _read(path: Path, parse: Callable[[str], Any], hint: str) -> tuple[str, Any]:
    with explain_refusal(path, "read"):
        content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
        return text, parse(text)
    except UnicodeDecodeError:
        raise UsageError(f"{path} cannot be read: it is not UTF-8.", hint=hint) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", hint=hint) from error
