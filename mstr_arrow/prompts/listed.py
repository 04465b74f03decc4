"""Prompts, and what they offer, as the server lists them (Wire reference, section 4.3). Pure."""

from __future__ import annotations

from typing import Any, cast, get_args

from mstr_arrow.prompts.kinds import read_kind
from mstr_arrow.prompts.model import Choice, Prompt, PromptType
from mstr_arrow.responses import fields, items, optional_text, reading, text, whole_number


def read_prompts(body: Any) -> list[Prompt]:
    """Read the list of prompts of a report or of an instance; errors: ProtocolError.

    >>> read_prompts([{"key": "A1@0@10", "id": "A1", "name": "Year", "type": "VALUE", "required": True}])
    [<Prompt 'Year': a value, required>]
    """
    with reading(body, "a list of prompts"):
        return [_read(item) for item in items(body["prompts"] if isinstance(body, dict) else body)]


def _read(item: dict[str, Any]) -> Prompt:
    kind = (optional_text(item, "type") or "").upper()
    prompt_type = cast("PromptType", kind) if kind in get_args(PromptType) else "UNSUPPORTED"
    key = text(item, "key", "id")
    prompt_id = optional_text(item, "id") or key.partition("@")[0]
    source = fields(item.get("source") or {})
    name = optional_text(item, "name", "title") or prompt_id
    return Prompt(
        key=key,
        id=prompt_id,
        name=name,
        title=optional_text(item, "title") or name,
        type=prompt_type,
        required=_is_true(item.get("required")),
        closed=_is_true(item.get("closed")),
        kind=read_kind(item.get("dataType")) if prompt_type == "VALUE" else None,
        minimum=item.get("min"),
        maximum=item.get("max"),
        default=item.get("defaultAnswer"),
        source_id=optional_text(source, "id"),
        source_name=optional_text(source, "name"),
        source_type=source.get("type"),
    )


def read_choices(body: Any) -> list[Choice]:
    """Read elements or objects that an answer may name; errors: ProtocolError."""
    with reading(body, "a list of choices of a prompt"):
        listed = body
        if isinstance(body, dict):
            listed = body["elements"] if body.get("elements") is not None else body["objects"]
        return [_choice(item) for item in items(listed)]


def _choice(item: dict[str, Any]) -> Choice:
    forms = tuple((optional_text(form, "name") or "", text(form, "id")) for form in items(item.get("forms")))
    number = whole_number(item.get("type"))
    kind = optional_text(item, "type") if number is None else number
    return Choice(text(item, "id"), optional_text(item, "name") or text(item, "id"), kind, forms)


def _is_true(value: Any) -> bool:
    """Read a truth value, which may come as a text."""
    return value is True or str(value).lower() == "true"
