"""Prompts laid out as a table, and the error of those that nobody answered. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import PromptsOpen
from mstr_arrow.prompts.model import choices_text, default_text, describe, takes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.prompts.model import Prompt


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
    described = "; ".join(f"{describe(prompt)} ({_name_keys(keys[prompt.id])})" for prompt in asked)
    answers = ", ".join(f"{prompt.name!r}: {_example(prompt)}" for prompt in asked)
    return PromptsOpen(
        f"the report asks, and there is no answer: {described}.",
        prompts=tuple(prompts),
        hint=f"Answer by name, id or key: report.prompts({{{answers}}}).",
    )


def _name_keys(keys: Sequence[str]) -> str:
    return f"key {keys[0]}" if len(keys) == 1 else f"asked {len(keys)} times, keys {', '.join(keys)}"


def _example(prompt: Prompt) -> str:
    if prompt.type == "VALUE":
        return {"number": "1", "date": "date(2024, 1, 31)"}.get(prompt.kind or "", "'…'")
    if prompt.type in {"ELEMENTS", "OBJECTS", "LEVEL"}:
        return repr([prompt.choices[0].name]) if prompt.choices else "['…']"
    return "col('…') > 1" if prompt.type == "EXPRESSION" else "prompt.default()"
