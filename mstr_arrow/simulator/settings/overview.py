"""The list of all settings: name, type, default, and the meaning from the text beneath the field."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import orjson

from .assignments import default_of, describe_type, types_of
from .server_settings import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator


class Setting(NamedTuple):
    """A setting, as `assignments.read_assignments` takes it; ``default`` and ``type`` are texts."""

    subject: str
    name: str
    type: str
    default: str
    meaning: str


def list_settings() -> list[Setting]:
    """List all settings, by subject.

    >>> next(each for each in list_settings() if each.name == "time.workers").default
    'null'
    """
    return [each for subject in SUBJECTS for each in _settings_of(subject)]


def _settings_of(kind: type, inside: str = "") -> Iterator[Setting]:
    subject, meanings = _title_of(kind), _meanings_of(kind)
    parts = []
    for each in fields(kind):
        if each.name not in meanings:
            continue  # of a class that this one stands on
        default = default_of(each)
        if is_dataclass(default):
            parts.append((type(default), f"{inside}{each.name}."))
        else:
            written = orjson.dumps(default).decode()
            kind_of_value = describe_type(types_of(kind)[each.name])
            yield Setting(subject, f"{inside}{each.name}", kind_of_value, written, meanings[each.name])
    for part, path in parts:
        yield from _settings_of(part, path)


def _title_of(kind: type) -> str:
    return (inspect.getdoc(kind) or kind.__name__).partition("\n")[0].removesuffix(".")


def _meanings_of(kind: type) -> dict[str, str]:
    """Read the texts beneath the fields of a class from its source."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    members = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: " ".join(text.value.value.replace("``", "").split())
        for field, text in pairwise(members)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
