"""Prompts as the server lists them (Wire reference, section 4.3). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from mstr_arrow.errors import ProtocolError
from mstr_arrow.prompts.values import read_kind

if TYPE_CHECKING:
    from mstr_arrow.prompts.values import Kind

PromptType = Literal["VALUE", "ELEMENTS", "OBJECTS", "EXPRESSION", "LEVEL", "UNSUPPORTED"]

CHOSEN: dict[PromptType, str] = {"ELEMENTS": "elements", "OBJECTS": "objects", "LEVEL": "units"}
"""What an answer is a list of, where it is one."""


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

    ``key`` is its only unique name: a report may ask the same prompt twice. ``kind`` is what a VALUE prompt
    takes, None where the server does not say. ``minimum`` and ``maximum`` bound the value, the length of a text,
    or the number of elements, objects and conditions. ``default`` is the answer the prompt has of itself, as the
    server writes it. ``choices`` are the first ones to choose from, of ``choice_count`` in all; both are None
    where they were not asked for, the second also where there are more than the server counts or gives at once.
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
        """Whether there is an answer of its own."""
        if isinstance(self.default, dict):
            return any(self.default.get(part) for part in ("expression", "xml", "content", "units"))
        return self.default not in (None, "", [])

    def __repr__(self) -> str:
        from mstr_arrow.prompts.words import describe  # noqa: PLC0415 - which needs this module

        return f"<Prompt {describe(self)}>"


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
