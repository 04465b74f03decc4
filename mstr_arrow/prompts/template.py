"""A file of answers to fill in. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.prompts.model import describe
from mstr_arrow.toml.writer import comment, key_text, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.prompts.model import Prompt


def template(prompts: Sequence[Prompt], report: str) -> str:
    """Write a TOML file of the answers to a report: defaults as they are, the others to fill in.

    A required prompt without a default has a line that is not read until its ``#`` is taken away.
    """
    head = comment(f"Answers to the prompts of the report {report!r}.")
    head += comment("A prompt whose line is left out gets its default, or stays empty, where it is optional.")
    return head + "".join(f"\n{_entry(prompt, prompts)}" for prompt in _first_of_each(prompts))


def answer_name(prompt: Prompt, prompts: Sequence[Prompt]) -> str:
    """Return the shortest name for a prompt among these: its name, or its key where another has the same."""
    same = {other.id for other in prompts if other.name.casefold() == prompt.name.casefold()}
    return prompt.name if len(same) == 1 else prompt.key


def _first_of_each(prompts: Sequence[Prompt]) -> list[Prompt]:
    return list({prompt.id: prompt for prompt in reversed(prompts)}.values())[::-1]


def _entry(prompt: Prompt, prompts: Sequence[Prompt]) -> str:
    text = comment(describe(prompt))
    if prompt.title != prompt.name:
        text += comment(f"  {prompt.title}")
    keys = [other.key for other in prompts if other.id == prompt.id]
    if len(keys) > 1:
        text += comment(f"  It is asked {len(keys)} times; to answer each by itself, write: {', '.join(keys)}.")
    line = f"{key_text(answer_name(prompt, prompts))} = "
    if prompt.has_default:
        return f"{text}{line}{{default = true}}\n"
    return f"{text}# {line}{_example(prompt)}\n" if prompt.required else f"{text}{line}[]\n"


def _example(prompt: Prompt) -> str:
    if prompt.type == "VALUE":
        return {"number": "1", "date": "2024-01-31", "moment": "2024-01-31T12:00:00", "time": "12:00:00"}.get(
            prompt.kind or "", '"…"'
        )
    first = prompt.choices[0].name if prompt.choices else "…"
    if prompt.type == "EXPRESSION":
        return f"{{where = {value_text([first, '>', 1])}}}"
    return "{default = true}" if prompt.type == "UNSUPPORTED" else value_text([first])
