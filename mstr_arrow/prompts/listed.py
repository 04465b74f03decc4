"""Prompts, and what they offer, as the server lists them (Wire reference, section 4.3). Pure."""

from __future__ import annotations

from typing import Any, cast, get_args

from mstr_arrow.errors import ProtocolError
from mstr_arrow.prompts.kinds import read_kind
from mstr_arrow.prompts.model import Choice, Prompt, PromptType


def read_prompts(body: Any) -> list[Prompt]:
    """Read the list of prompts of a report or of an instance; errors: ProtocolError.

    >>> read_prompts([{"key": "A1@0@10", "id": "A1", "name": "Year", "type": "VALUE", "required": True}])
    [<Prompt 'Year': a value, required>]
    """
    try:
        return [_read(item) for item in (body["prompts"] if isinstance(body, dict) else body)]
    except (AttributeError, KeyError, TypeError) as error:
        raise ProtocolError("The server's answer is no list of prompts.") from error


def _read(item: dict[str, Any]) -> Prompt:
    kind = str(item.get("type", "")).upper()
    prompt_type = cast("PromptType", kind) if kind in get_args(PromptType) else "UNSUPPORTED"
    prompt_id = str(item.get("id") or str(item.get("key") or "").partition("@")[0])
    source = item.get("source") or {}
    name = item.get("name") or item.get("title") or prompt_id
    return Prompt(
        key=str(item.get("key") or prompt_id),
        id=prompt_id,
        name=name,
        title=item.get("title") or name,
        type=prompt_type,
        required=bool(item.get("required")),
        closed=bool(item.get("closed")),
        kind=read_kind(item.get("dataType")) if prompt_type == "VALUE" else None,
        minimum=item.get("min"),
        maximum=item.get("max"),
        default=item.get("defaultAnswer"),
        source_id=source.get("id"),
        source_name=source.get("name"),
        source_type=source.get("type"),
    )


def read_choices(body: Any) -> list[Choice]:
    """Read elements or objects that an answer may name; errors: ProtocolError."""
    try:
        listed: Any = body.get("elements", body.get("objects")) if isinstance(body, dict) else body
        return [
            Choice(str(item["id"]), str(item.get("name") or item["id"]), item.get("type"), _forms(item))
            for item in listed
        ]
    except (AttributeError, KeyError, TypeError) as error:
        raise ProtocolError("The server's answer is no list of choices of a prompt.") from error


def _forms(item: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(form.get("name") or ""), str(form["id"])) for form in item.get("forms") or ())
