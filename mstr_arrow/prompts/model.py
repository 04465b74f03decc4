"""Prompts, and how they read to people (Wire reference, section 4.3). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mstr_arrow.prompts.kinds import as_length, kind_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.prompts.kinds import Kind

PromptType = Literal["VALUE", "ELEMENTS", "OBJECTS", "EXPRESSION", "LEVEL", "UNSUPPORTED"]

CHOSEN: dict[PromptType, str] = {"ELEMENTS": "elements", "OBJECTS": "objects", "LEVEL": "units"}
"""The items of an answer, by the type of the prompt, where it is a list."""


SHOWN = 6
"""Choices that are shown of a prompt."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An element or an object that an answer may name; ``type`` is an object's as the server writes it.

    ``forms`` are the names and ids of an attribute's forms, where the server tells them.
    """

    id: str
    name: str
    type: str | int | None = None
    forms: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question that a report asks before it runs.

    Only ``key`` is unique: a report may ask the same prompt twice. ``kind`` is the kind of value of a VALUE
    prompt, None if the server does not tell it. ``minimum`` and ``maximum`` bound the value, the length of a text,
    or the number of elements, objects and conditions. ``default`` is the default answer, in the server's words.
    ``choices`` are the first choices, of ``choice_count`` in all; both are None if they were not requested, the
    second also if the server does not count them all.
    """

    key: str
    id: str
    name: str
    title: str
    type: PromptType
    required: bool
    closed: bool = False
    kind: Kind | None = None
    minimum: object = None
    maximum: object = None
    default: Any = None
    source_id: str | None = None
    source_name: str | None = None
    source_type: object = None
    choices: tuple[Choice, ...] | None = field(default=None, repr=False)
    choice_count: int | None = field(default=None, repr=False)

    @property
    def has_default(self) -> bool:
        """Whether the prompt has a default answer."""
        if isinstance(self.default, dict):
            return any(self.default.get(part) for part in ("expression", "xml", "content", "units"))
        return self.default not in (None, "", [])

    def __repr__(self) -> str:
        return f"<Prompt {describe(self)}>"


def describe(prompt: Prompt) -> str:
    """Say on one line what a prompt takes.

    >>> region = Prompt("A1@0@10", "A1", "Region", "Choose", "ELEMENTS", required=True, maximum=2)
    >>> describe(region)
    "'Region': up to 2 elements, required"
    """
    parts = [takes(prompt), "required" if prompt.required else "optional"]
    if prompt.has_default:
        parts.append(f"default {default_text(prompt)}")
    if shown := choices_text(prompt.choices, prompt.choice_count):
        parts.append(f"of {shown}")
    return f"{prompt.name!r}: {', '.join(parts)}"


def takes(prompt: Prompt) -> str:
    """Say what an answer is, within its limits."""
    match prompt.type:
        case "VALUE" if prompt.kind == "text":
            return f"a text{_of_length(prompt)}"
        case "VALUE":
            return kind_name(prompt.kind) + _range(prompt)
        case "ELEMENTS":
            of = f" of {prompt.source_name}" if prompt.source_name else ""
            return _number_of(prompt, "elements") + of
        case "OBJECTS":
            return _number_of(prompt, "objects")
        case "EXPRESSION":
            return "a condition"
        case "LEVEL":
            return _number_of(prompt, "attributes")
    return "what the REST API cannot answer"


def default_text(prompt: Prompt) -> str:
    """Write the default answer; "" where there is none."""
    return _display(prompt.default) if prompt.has_default else ""


def choices_text(choices: Sequence[Choice] | None, count: int | None) -> str:
    """Write the first choices, and how many there are."""
    if not choices:
        return ""
    names = ", ".join(repr(choice.name) for choice in choices[:SHOWN])
    if count is None:
        return f"{names} … (many more)"
    return f"{names} … ({count:,} in all)" if count > SHOWN else names


def _number_of(prompt: Prompt, things: str) -> str:
    lowest, highest = as_length(prompt.minimum), as_length(prompt.maximum)
    if lowest is not None and lowest == highest:
        return f"{lowest} {things if lowest > 1 else things.removesuffix('s')}"
    if lowest is not None and highest is not None:
        return f"{lowest} to {highest} {things}"
    if highest is not None:
        return f"up to {highest} {things if highest > 1 else things.removesuffix('s')}"
    return f"at least {lowest} {things}" if lowest is not None and lowest > 1 else things


def _of_length(prompt: Prompt) -> str:
    lowest, highest = as_length(prompt.minimum), as_length(prompt.maximum)
    if lowest is None and highest is None:
        return ""
    return f" of {_number_of(prompt, 'characters')}"


def _range(prompt: Prompt) -> str:
    low, high = (None if limit in (None, "") else _display(limit) for limit in (prompt.minimum, prompt.maximum))
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" from {low} on"
    return f" up to {high}" if high is not None else ""


def _display(value: Any) -> str:
    """Write what the server writes as people would."""
    match value:
        case dict():
            named = value.get("content") or ", ".join(_display(unit) for unit in value.get("units") or ())
            return str(named or value.get("name") or value.get("id") or "an expression")
        case list():
            return ", ".join(map(_display, value))
        case str() if value.endswith("T00:00:00.000+0000"):
            return value[:10]
    return str(value)
