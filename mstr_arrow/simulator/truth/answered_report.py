"""The answers of a person to a report's prompts, as Python values: what the true result is computed from."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.model.choice_prompts import ElementsPrompt, ExpressionPrompt, LevelPrompt, ObjectsPrompt
from mstr_arrow.simulator.model.prompts import DATE_FORMAT
from mstr_arrow.simulator.responses import Refusal
from mstr_arrow.simulator.rules.prompt_answers import Inquiry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.simulator.model.prompts import Prompt
    from mstr_arrow.simulator.model.reports import Report
    from mstr_arrow.simulator.rules.filtering import Filtering


def answer_report(report: Report, answers: Mapping[str, Any], filtering: Filtering) -> Report:
    """Return the report that follows from answers by the prompts' key, id or name; unnamed ones have their default.

    An answer is a number, a text, a date; the texts or ids of elements; the names or ids of objects and of the
    attributes of a level; a condition as ``viewFilter`` has it; or None, an empty answer. Raises KeyError for a
    prompt that the report does not ask, ValueError for an answer that it does not take or misses.
    """
    if report.questions is None:
        if answers:
            raise KeyError(f"{report.name} has no prompts")
        return report
    inquiry, used = Inquiry(report, report.questions, filtering), set()
    while waiting := inquiry.open:
        items = []
        for prompt in waiting:
            names = {prompt.key, prompt.id, prompt.name} & answers.keys()
            used |= names
            items += [
                {"key": prompt.key, "type": prompt.kind, "answers": _write(prompt, answers[name])}
                for name in sorted(names)[:1]
            ]
        try:
            inquiry.answer(items)
        except Refusal as refusal:
            raise ValueError(refusal.message) from refusal
    if unused := answers.keys() - used:
        raise KeyError(f"{report.name} does not ask {', '.join(sorted(unused))}")
    return inquiry.resolve()


def _write(prompt: Prompt, answer: Any) -> Any:
    """Write an answer as requests do."""
    if answer is None:
        return []
    if isinstance(prompt, ExpressionPrompt):
        return {"expression": answer}
    chosen = list(answer) if isinstance(answer, list | tuple) else [answer]
    if isinstance(prompt, ElementsPrompt):
        own = f";{prompt.attribute.id}"
        return [{"id": item} if str(item).endswith(own) else {"name": str(item)} for item in chosen]
    if isinstance(prompt, ObjectsPrompt | LevelPrompt):
        ids = {found.name: found.id for found in prompt.offered}
        objects = [{"id": ids.get(item, item)} for item in chosen]
        return {"units": objects} if isinstance(prompt, LevelPrompt) else objects
    if isinstance(answer, date):
        moment = answer if isinstance(answer, datetime) else datetime.combine(answer, time())
        return moment.strftime(DATE_FORMAT)
    return answer
