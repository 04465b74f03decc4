"""The prompts of one instance: what is open, what was answered, and the report that follows from it.

A report asks level by level: prompts of a further level appear, and depend on the answers, when all before them
are answered. A request answers prompts of the level that is open. What the reference leaves open is decided so: a
prompt of that level that the request does not name has its default answer, else an empty one, if it may.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.model.dialect import Dialect
from mstr_arrow.simulator.model.prompts import REQUIRED, Effect, Prompt

from .report_requests import manipulate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.simulator.model.prompts import Questions
    from mstr_arrow.simulator.model.reports import Report

    from .filtering import Filtering


@dataclass(slots=True, eq=False)
class Inquiry:
    """The prompts of an instance of a report, and the answers so far, by key."""

    report: Report
    questions: Questions
    filtering: Filtering
    answers: dict[str, Any] = field(default_factory=dict)
    _effects: dict[str, Effect | None] = field(default_factory=dict)

    @property
    def reached(self) -> list[Prompt]:
        """The prompts of all levels up to the first that is open."""
        return _reach(self.questions, self.answers)

    @property
    def open(self) -> list[Prompt]:
        """The prompts that wait for an answer."""
        return [prompt for prompt in self.reached if prompt.key not in self.answers]

    def find(self, identifier: str) -> Prompt:
        """Find a prompt by its key or id, an open one first; raise the server's 400 where there is none."""
        found = [p for p in [*self.open, *self.reached] if identifier in {p.key, p.id}]
        if not found:
            raise _unknown("key", identifier)
        return found[0]

    def answer(self, items: Any) -> None:
        """Answer prompts of the level that is open; a wrong answer raises the server's 400 and changes nothing."""
        if not isinstance(items, list):
            raise bad_request("The answers are a list.")
        waiting = self.open
        given: dict[str, Any] = {}
        for item in map(json_object, items):
            prompt = _find_prompt(item, [p for p in waiting if p.key not in given])
            given[prompt.key] = _answer(prompt, item)
        for prompt in waiting:
            if prompt.key not in given:
                given[prompt.key] = prompt.default
        effects = {p.key: p.effect(given[p.key]) for p in waiting}
        trial = Inquiry(self.report, self.questions, self.filtering, self.answers | given, self._effects | effects)
        trial.resolve()
        self.answers, self._effects = trial.answers, trial._effects

    def resolve(self) -> Report:
        """Return the report that follows from the answers so far."""
        effects = [effect for effect in self._effects.values() if effect is not None]
        report = self.report
        conditions = [tree for effect in effects for tree in effect.conditions]
        if conditions:
            tree = conditions[0] if len(conditions) == 1 else {"operator": "And", "operands": conditions}
            report = self.filtering.filter_report(report, tree)
        for effect in effects:
            if effect.level is not None and self.questions.level_metric is not None:
                report = _at_level(report, self.questions.level_metric, effect.level)
        report = replace(report, questions=None, extremes=None)
        chosen = _choose(report, effects)
        if chosen is not None:
            body = {"requestedObjects": chosen}
            report = manipulate(report, body, self.filtering, dialect=Dialect(), uncrosstab=True)
        return replace(report, extremes=report.bounds())


def _reach(questions: Questions, answers: Mapping[str, Any]) -> list[Prompt]:
    reached: list[Prompt] = []
    for level in questions.levels:
        reached += level(answers)
        if any(prompt.key not in answers for prompt in reached):
            break
    return reached


def _find_prompt(item: dict[str, Any], prompts: list[Prompt]) -> Prompt:
    """Find the prompt that an answer is for: by key, else by id, else by name."""
    for member in ("key", "id", "name"):
        wanted = item.get(member)
        if wanted:
            found = [prompt for prompt in prompts if getattr(prompt, member) == wanted]
            if not found:
                raise _unknown(member, wanted)
            return found[0]
    raise bad_request("An answer names its prompt by key, id or name.")


def _unknown(member: str, wanted: str) -> Exception:
    known = "please verify this information is correct."
    return bad_request(f"Failed to locate the prompt by either {member}: {wanted}, {known}")


def _answer(prompt: Prompt, item: dict[str, Any]) -> Any:
    if item.get("useDefault"):
        if prompt.default is None:
            raise bad_request(f"The prompt {prompt.key} has no default answer.")
        return prompt.default
    kind = item.get("type")
    if kind is not None and kind != prompt.kind:
        wrong = f"does not match, this prompt is of type {prompt.kind} please verify this information."
        raise bad_request(f"The supplied prompt type {kind} for prompt {prompt.key} {wrong}")
    if kind is None and prompt.kind != "UNSUPPORTED":
        raise bad_request(f"The type of the prompt {prompt.key} is missing.")
    answer = item.get("answers")
    if answer in (None, "", [], {}) and prompt.required:
        raise bad_request(REQUIRED)
    return answer


def _choose(report: Report, effects: list[Effect]) -> dict[str, Any] | None:
    """Give the objects that the answers ask for, all of a kind that none of them speaks of; None for all."""
    attributes = [found for effect in effects for found in effect.attributes or ()]
    metrics = [found for effect in effects for found in effect.metrics or ()]
    if not attributes and not metrics:
        return None
    all_attributes = [unit.attribute.id for unit in report.units]
    all_metrics = [metric.id for metric in report.metrics]
    return {
        "attributes": [{"id": found} for found in dict.fromkeys(attributes or all_attributes)],
        "metrics": [{"id": found} for found in dict.fromkeys(metrics or all_metrics)],
    }


def _at_level(report: Report, metric_id: str, level: tuple[str, ...]) -> Report:
    """Return the report with a metric added up over all rows that have the same elements of these attributes."""
    lines = report.rows.lines()
    units = [unit for unit in report.rows.units if unit.attribute.id in level]
    keys = pl.DataFrame([unit.keys(lines)["0"].alias(unit.attribute.id) for unit in units])
    summed = keys.with_columns(report.values(lines)[metric_id]).select(
        pl.lit(lines).alias("row"), pl.col(metric_id).sum().over(keys.columns)
    )
    value = pl.Series(summed[metric_id])
    place = pl.col("row").replace_strict(summed["row"], pl.int_range(len(value), eager=True), default=None)
    metrics = tuple(
        replace(metric, value=pl.lit(value).gather(place)) if metric.id == metric_id else metric
        for metric in report.metrics
    )
    return replace(report, metrics=metrics)
