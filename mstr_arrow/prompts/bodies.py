"""Answers as the server takes them (Wire reference, section 4.3). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.filters.sql import from_sql
from mstr_arrow.prompts.answers import Body, Condition, Default, Empty, Typed, Values
from mstr_arrow.prompts.choosing import check_count
from mstr_arrow.prompts.conditions import condition_body
from mstr_arrow.prompts.model import CHOSEN
from mstr_arrow.prompts.values import value_text
from mstr_arrow.prompts.words import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.prompts.answers import Answer
    from mstr_arrow.prompts.model import Choice, Prompt


def as_asked(prompt: Prompt, answer: Answer) -> Answer:
    """Give a plain answer the meaning that its prompt says; errors: UsageError for one that does not fit it."""
    match answer:
        case Default():
            return answer
        case Empty():
            if prompt.required:
                raise UsageError(f"the prompt {prompt.name!r} is required, so its answer cannot be empty.")
            return answer
        case Values((str(text),)) if prompt.type == "EXPRESSION":
            return Condition(from_sql(text))
        case Values(items) if prompt.type == "VALUE" or prompt.type in CHOSEN:
            answer = Typed(prompt.type, items)
        case Condition() | Body(type="EXPRESSION") if prompt.type == "EXPRESSION":
            return answer
        case Body(type="LEVEL") if prompt.type == "LEVEL":
            return answer
    if not isinstance(answer, Typed) or answer.type != prompt.type:
        raise _misfit(prompt, answer)
    if prompt.type in CHOSEN:
        check_count(prompt, len(answer.items))
    elif len(answer.items) != 1:
        raise UsageError(f"the prompt {prompt.name!r} takes one value, not {list(answer.items)!r}.")
    return answer


def automatic(prompt: Prompt) -> Answer | None:
    """Return what becomes of a prompt that nobody answers: its default, or nothing. None where it is required."""
    if prompt.required:
        return None
    return Default() if prompt.has_default else Empty()


def entry(prompt: Prompt, answer: Answer, chosen: Sequence[Choice] = ()) -> dict[str, Any]:
    """Write an answer, as `as_asked` gives it, for PUT …/prompts/answers.

    ``chosen`` are the choices that the answer's items name, or of an EXPRESSION prompt all that it offers. Errors:
    UsageError for a value of the wrong kind or out of range.
    """
    body: dict[str, Any] = {"key": prompt.key, "type": prompt.type}
    if prompt.type == "UNSUPPORTED":
        del body["type"]
    match answer:
        case Default():
            return body | {"useDefault": True}
        case Empty():
            return body | {"answers": {} if prompt.type in {"EXPRESSION", "LEVEL"} else []}
        case Condition(what):
            return body | {"answers": {"expression": condition_body(what, prompt, chosen)}}
        case Body("EXPRESSION", expression):
            whole = expression.keys() & {"expression", "xml"}
            return body | {"answers": dict(expression) if whole else {"expression": dict(expression)}}
        case Body("LEVEL", level):
            return body | {"answers": dict(level)}
        case Typed("VALUE", (item, *_)):
            return body | {"answers": value_text(item, prompt)}
        case Typed("ELEMENTS"):
            return body | {"answers": [{"id": choice.id, "name": choice.name} for choice in chosen]}
        case Typed("OBJECTS"):
            return body | {"answers": [{"id": choice.id, "type": choice.type} for choice in chosen]}
        case Typed("LEVEL"):
            return body | {"answers": {"units": [{"id": choice.id} for choice in chosen]}}
    raise _misfit(prompt, answer)


def _misfit(prompt: Prompt, answer: Answer) -> UsageError:
    return UsageError(
        f"the answer {answer!r} does not fit the prompt {describe(prompt)}.", hint=_HINTS[prompt.type]
    )


_HINTS = {
    "VALUE": "Give one number, text or date.",
    "ELEMENTS": "Give texts or ids of elements: ['East', 'West'].",
    "OBJECTS": "Give names or ids of objects: ['Revenue'].",
    "EXPRESSION": "Give a condition: mstr_arrow.col('Revenue') > 10, or as SQL 'Revenue > 10'.",
    "LEVEL": "Give names or ids of attributes: ['Year'].",
    "UNSUPPORTED": "The REST API cannot answer it, but prompt.default() takes what it has of itself.",
}
