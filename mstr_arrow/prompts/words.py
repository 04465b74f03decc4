"""Prompts in words, for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import PromptsOpen
from mstr_arrow.prompts.values import as_length, kind_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.prompts.model import Choice, Prompt

SHOWN = 6
"""Choices that are shown of a prompt."""


def describe(prompt: Prompt) -> str:
    """Say on one line what a prompt takes.

    >>> from mstr_arrow.prompts.model import Choice, Prompt
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
    return _shown(prompt.default) if prompt.has_default else ""


def choices_text(choices: Sequence[Choice] | None, count: int | None) -> str:
    """Write the first choices, and how many there are."""
    if not choices:
        return ""
    names = ", ".join(repr(choice.name) for choice in choices[:SHOWN])
    if count is None:
        return f"{names} … (many more)"
    return f"{names} … ({count:,} in all)" if count > SHOWN else names


def lines(prompts: Sequence[Prompt]) -> list[str]:
    """Lay out prompts as a small table: a header, and a line for each; nothing for none."""
    laid = [("PROMPT", "TYPE", "TAKES", "", "DEFAULT", "CHOICES"), *(row for row, _ in rows(prompts))]
    widths = [max(map(len, column)) for column in zip(*laid, strict=True)]
    texts = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in laid)
    return [text.rstrip() for text in texts] if prompts else []


def rows(prompts: Sequence[Prompt]) -> list[tuple[tuple[str, ...], Prompt]]:
    """Write the cells of each prompt: name, type, what it takes, need, default, choices."""
    return [
        (
            (
                prompt.name,
                prompt.type,
                takes(prompt),
                "required" if prompt.required else "optional",
                default_text(prompt),
                choices_text(prompt.choices, prompt.choice_count),
            ),
            prompt,
        )
        for prompt in prompts
    ]


def prompts_open(prompts: Sequence[Prompt]) -> PromptsOpen:
    """Make the error for prompts that wait for an answer."""
    keys: dict[str, list[str]] = {}
    for prompt in prompts:
        keys.setdefault(prompt.id, []).append(prompt.key)
    once = {prompt.id: prompt for prompt in reversed(prompts)}
    asked = [once[prompt_id] for prompt_id in keys]
    described = "; ".join(f"{describe(prompt)} ({_named(keys[prompt.id])})" for prompt in asked)
    answers = ", ".join(f"{prompt.name!r}: {_example(prompt)}" for prompt in asked)
    return PromptsOpen(
        f"the report asks, and there is no answer: {described}.",
        prompts=tuple(prompts),
        hint=f"Answer by name, id or key: report.prompts({{{answers}}}).",
    )


def _named(keys: Sequence[str]) -> str:
    return f"key {keys[0]}" if len(keys) == 1 else f"asked {len(keys)} times, keys {', '.join(keys)}"


def _example(prompt: Prompt) -> str:
    if prompt.type == "VALUE":
        return {"number": "1", "date": "date(2024, 1, 31)"}.get(prompt.kind or "", "'…'")
    if prompt.type in {"ELEMENTS", "OBJECTS", "LEVEL"}:
        return repr([prompt.choices[0].name]) if prompt.choices else "['…']"
    return "col('…') > 1" if prompt.type == "EXPRESSION" else "prompt.default()"


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
    low, high = (None if limit in (None, "") else _shown(limit) for limit in (prompt.minimum, prompt.maximum))
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" from {low} on"
    return f" up to {high}" if high is not None else ""


def _shown(value: Any) -> str:
    """Write what the server writes as people would."""
    match value:
        case dict():
            named = value.get("content") or ", ".join(_shown(unit) for unit in value.get("units") or ())
            return str(named or value.get("name") or value.get("id") or "an expression")
        case list():
            return ", ".join(map(_shown, value))
        case str() if value.endswith("T00:00:00.000+0000"):
            return value[:10]
    return str(value)
