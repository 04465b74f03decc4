"""Prompts of reports, and their answers."""

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
