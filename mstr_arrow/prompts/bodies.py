"""Answers as the server takes them (Wire reference, section 4.3). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.prompts.answers import Body, Condition, Default, Empty, Typed, Values
from mstr_arrow.prompts.choosing import check_count
from mstr_arrow.prompts.conditions import condition_body
from mstr_arrow.prompts.model import CHOSEN, describe
from mstr_arrow.prompts.values import value_text
from mstr_arrow.query.sql_conditions import from_sql
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.prompts.answers import Answer
    from mstr_arrow.prompts.model import Choice, Prompt

_HINTS = {
    "VALUE": "Give one number, text or date.",
    "ELEMENTS": "Give texts or ids of elements: ['East', 'West'].",
    "OBJECTS": "Give names or ids of objects: ['Revenue'].",
    "EXPRESSION": advice("give a condition", "Give a condition: {col('Revenue')} > 10, or as SQL 'Revenue > 10'."),
    "LEVEL": "Give names or ids of attributes: ['Year'].",
    "UNSUPPORTED": naming("The REST API cannot answer it, but {prompts.default()} takes what it has of itself."),
}


def as_asked(prompt: Prompt, answer: Answer) -> Answer:
    """Give a plain answer the meaning that its prompt says; errors: UsageError for one that does not fit it."""
    if isinstance(answer, Empty) and prompt.required:
        raise UsageError(f"the prompt {prompt.name!r} is required, so its answer cannot be empty.")
    if isinstance(answer, Default | Empty):
        return answer
    if isinstance(answer, Values):
        answer = _read_typed(prompt, answer)
    kind = "EXPRESSION" if isinstance(answer, Condition) else getattr(answer, "type", None)
    if kind != prompt.type:
        raise _misfit(prompt, answer)
    if isinstance(answer, Typed) and prompt.type in CHOSEN:
        check_count(prompt, len(answer.items))
    elif isinstance(answer, Typed) and len(answer.items) != 1:
        raise UsageError(f"the prompt {prompt.name!r} takes one value, not {list(answer.items)!r}.")
    return answer


def _read_typed(prompt: Prompt, values: Values) -> Answer:
    """Read plain values as the prompt's type says; a text for an EXPRESSION prompt is a condition as SQL has it."""
    first, *others = values.items
    if prompt.type == "EXPRESSION" and isinstance(first, str) and not others:
        return Condition(from_sql(first))
    return Typed(prompt.type, values.items) if prompt.type == "VALUE" or prompt.type in CHOSEN else values


def automatic(prompt: Prompt) -> Answer | None:
    """Return the answer to a prompt that nobody answers: its default, or nothing. None where it is required."""
    if prompt.required:
        return None
    return Default() if prompt.has_default else Empty()


def entry(prompt: Prompt, answer: Answer, chosen: Sequence[Choice] = ()) -> dict[str, Any]:
    """Write an answer, as `as_asked` gives it, for PUT …/prompts/answers.

    ``chosen`` are the choices that the answer's items name, or of an EXPRESSION prompt all that it offers. Errors:
    UsageError for a value of the wrong kind or out of range.
    """
    body = {"key": prompt.key} if prompt.type == "UNSUPPORTED" else {"key": prompt.key, "type": prompt.type}
    if isinstance(answer, Default):
        return body | {"useDefault": True}
    return body | {"answers": _content(prompt, answer, chosen)}


def _content(prompt: Prompt, answer: Answer, chosen: Sequence[Choice]) -> Any:
    match answer:
        case Empty():
            return {} if prompt.type in {"EXPRESSION", "LEVEL"} else []
        case Condition(what):
            return {"expression": condition_body(what, prompt, chosen)}
        case Body("EXPRESSION", expression) if not expression.keys() & {"expression", "xml"}:
            return {"expression": dict(expression)}
        case Body(body=whole):
            return dict(whole)
        case Typed("VALUE", (item, *_)):
            return value_text(item, prompt)
        case Typed("ELEMENTS"):
            return [{"id": choice.id, "name": choice.name} for choice in chosen]
        case Typed("OBJECTS"):
            return [{"id": choice.id, "type": choice.type} for choice in chosen]
        case Typed("LEVEL"):
            return {"units": [{"id": choice.id} for choice in chosen]}
    raise _misfit(prompt, answer)


def _misfit(prompt: Prompt, answer: Answer) -> UsageError:
    hint = _HINTS[prompt.type]
    return UsageError(f"the answer {answer!r} does not fit the prompt {describe(prompt)}.", hint=hint)
