"""What is public, a line for each name, call and field.

``python -m tests.support.public_api`` writes it down anew, once ``CHANGELOG.md`` says what has changed.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, is_typeddict

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = (
    "mstr_arrow",
    "mstr_arrow.compat",
    "mstr_arrow.compat.mstrio",
    "mstr_arrow.config",
    "mstr_arrow.delivery",
    "mstr_arrow.duckdb",
    "mstr_arrow.errors",
    "mstr_arrow.events",
    "mstr_arrow.jobs",
    "mstr_arrow.prompts",
    "mstr_arrow.secrets",
    "mstr_arrow.simulator",
    "mstr_arrow.throughput",
)
HANDED_OUT = {"Batches", "Connection", "Cube", "Plan", "Report", "Scan", "Subscription", "Sweep"}
"""Classes that nobody makes: what they are made of is not public."""

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "public_api.txt"
_CHANGELOG = "CHANGELOG.md, unreleased: "
_PLAIN = (str, int, float, bool, type(None))


def surface() -> list[str]:
    """List all that is public, sorted; what several modules have is described in the first."""
    described: set[int] = set()
    lines = list(MODULES)
    for module in map(import_module, MODULES):
        for name in public_names(module):
            thing, path = getattr(module, name), f"{module.__name__}.{name}"
            if isinstance(thing, ModuleType):
                continue
            if id(thing) in described:
                lines.append(path)
            elif callable(thing):
                described.add(id(thing))
                lines += _of_class(path, thing) if isinstance(thing, type) else [path + _signature(thing)]
            else:
                lines.append(path)
    return sorted(lines)


def public_names(module: ModuleType) -> list[str]:
    """List what a module says is public, or else the classes that it defines."""
    defined = [name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__]
    return getattr(module, "__all__", None) or [name for name in defined if not name.startswith("_")]


def _of_class(path: str, cls: type) -> Iterator[str]:
    if is_typeddict(cls):
        yield path
        yield from (f"{path}.{key}" for key in cls.__annotations__)
        return
    made = cls.__name__ not in HANDED_OUT and (_is_ours(cls, "__init__") or _is_ours(cls, "__new__"))
    yield path + _signature(cls) if made else path
    for name in dir(cls):
        if not name.startswith("_") and _is_ours(cls, name):
            member = inspect.getattr_static(cls, name)
            called = inspect.isroutine(member) and not isinstance(member, property | cached_property)
            yield f"{path}.{name}" + (_signature(getattr(cls, name)) if called else "")


def _is_ours(cls: type, name: str) -> bool:
    return next(each for each in cls.__mro__ if name in vars(each)).__module__.startswith("mstr_arrow")


def _signature(called: Any) -> str:
    """Write a signature without types; a default that is no plain value is three dots."""
    shown = inspect.signature(called)
    parameters = [
        each.replace(
            annotation=each.empty,
            default=each.default if each.default is each.empty or isinstance(each.default, _PLAIN) else _DOTS,
        )
        for each in shown.parameters.values()
        if not each.name.startswith("_")
    ]
    return str(shown.replace(parameters=parameters, return_annotation=shown.empty))


class _Dots:
    def __repr__(self) -> str:
        return "..."


_DOTS = _Dots()


def unreleased(changelog: str) -> str:
    """Return what stands for the changelog's section on the version that is not out yet."""
    section = changelog.split("\n## ")[1]
    return hashlib.sha256(section.encode()).hexdigest()[:16]


def written_down(text: str) -> tuple[str, list[str]]:
    """Part the snapshot's text: what the changelog was when it was written, and the lines."""
    first, *lines = text.splitlines()
    return first.removeprefix(_CHANGELOG), lines


def renewed(text: str, lines: list[str], changelog: str) -> str:
    """Return the snapshot of other lines; errors: ValueError where the changelog says nothing of them."""
    before, old = written_down(text)
    now = unreleased(changelog)
    if lines == old:
        return text
    if now == before:
        raise ValueError("What is public has changed: say so in CHANGELOG.md first.")
    return "\n".join([_CHANGELOG + now, *lines]) + "\n"


if __name__ == "__main__":
    try:
        changed = renewed(FILE.read_text("utf-8"), surface(), (ROOT / "CHANGELOG.md").read_text("utf-8"))
    except ValueError as error:
        sys.exit(str(error))
    FILE.write_text(changed, "utf-8")
