"""Prompts of reports, and their answers."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from mstr_arrow.lazy import exporter as _exporter

if _TYPE_CHECKING:
    from mstr_arrow.prompts.answers import default, elements, empty, expression, level, objects, value
    from mstr_arrow.prompts.collection import Answers, load
    from mstr_arrow.prompts.model import Choice, Prompt

__all__ = [
    "Answers",
    "Choice",
    "Prompt",
    "default",
    "elements",
    "empty",
    "expression",
    "level",
    "load",
    "objects",
    "value",
]

_HOMES = {
    "answers": ("default", "elements", "empty", "expression", "level", "objects", "value"),
    "collection": ("Answers", "load"),
    "model": ("Choice", "Prompt"),
}

if not _TYPE_CHECKING:
    __getattr__ = _exporter(__name__, _HOMES)
