"""Prompts, those for values among them: how they are described, which answers they take, what an answer does.

Pure. The reference (section 4.3) leaves some of it open; the simulator decides so:

* An answer is the member ``answers`` of the request. ``[]``, ``{}``, ``""`` and null are an empty one.
* A date is written as the reference does, ``2017-09-27T23:37:39.000+0000``; a number as a number or its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar

from mstr_arrow.simulator.bodies import bad_request

from .cubes import object_id

if TYPE_CHECKING:
    from .cubes import Attribute, Metric

DATE_FORMAT = "%Y-%m-%dT%H:%M:%S.000+0000"
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.\d{3}\+0000")
_TYPES = {"NUMERIC": 3, "TEXT": 8, "DATE": 14}
REQUIRED = "Prompt validation failed. This is a required prompt."


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The effects of an answer: conditions on rows, objects that are shown, the level of the level metric.

    Nothing is chosen by None.
    """

    conditions: tuple[dict[str, Any], ...] = ()
    attributes: tuple[str, ...] | None = None
    metrics: tuple[str, ...] | None = None
    level: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Prompt:
    """A question of a report.

    ``occurrence`` counts the places where a report asks the same prompt: together with the id it makes the key.
    ``least`` and ``most`` bound a value, the length of a text, or the number of what is chosen. ``default`` is an
    answer, as a request writes it.
    """

    kind: ClassVar[str] = "UNSUPPORTED"

    name: str
    title: str = ""
    required: bool = True
    occurrence: int = 0
    least: Any = None
    most: Any = None
    default: Any = None

    @property
    def id(self) -> str:
        """The prompt's object id: the same for every occurrence."""
        return object_id("prompt", self.name)

    @property
    def key(self) -> str:
        """A name of this occurrence alone."""
        return f"{self.id}@{self.occurrence}@10"

    def describe(self, *, names: bool = True) -> dict[str, Any]:
        """Describe it as listings do; types as numbers where the server gives no ``names``."""
        del names
        bounds = {"min": self.least, "max": self.most}
        return {
            "id": self.id,
            "key": self.key,
            "name": self.name,
            "title": self.title or self.name,
            "type": self.kind,
            "required": self.required,
            **{name: _json(bound) for name, bound in bounds.items() if bound is not None},
            **({} if self.default is None else {"defaultAnswer": self.default}),
        }

    def effect(self, answer: Any) -> Effect | None:
        """Read an answer and tell what it does, None where it is empty; raise the server's 400 for a wrong one."""
        if answer in (None, "", [], {}):
            if self.required:
                raise bad_request(REQUIRED)
            return None
        return self.read(answer)

    def read(self, answer: Any) -> Effect | None:
        """Read an answer that is not empty."""
        del answer
        raise bad_request(f"The {self.label} cannot be answered.")

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"prompt name: {self.name} key: {self.key}"

    def check_count(self, number: int, things: str) -> None:
        """Check the number of what is chosen."""
        given = f"The number of {things} provided for {self.label}"
        if self.least is not None and number < self.least:
            raise bad_request(f"{given} does not meet the minimum required({self.least}}} answers.")
        if self.most is not None and number > self.most:
            raise bad_request(f"{given} exceeds the maximum allowed({self.most}}} answers")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ValuePrompt(Prompt):
    """Asks for a number, a text or a date (``NUMERIC``, ``TEXT``, ``DATE``) that ``subject`` is compared with.

    ``subject`` is an operand of ``viewFilter``.
    """

    kind: ClassVar[str] = "VALUE"

    data_type: str
    subject: dict[str, Any]
    operator: str

    def describe(self, *, names: bool = True) -> dict[str, Any]:
        """Describe it, with its data type."""
        data_type = self.data_type if names else _TYPES[self.data_type]
        return {**Prompt.describe(self), "dataType": data_type}

    def read(self, answer: Any) -> Effect:
        """Read a number, a text or a date."""
        if isinstance(answer, list):
            if len(answer) > 1:
                raise bad_request(f"The {self.label} takes one value.")
            (answer,) = answer
        readers: dict[str, Callable[[Any], Decimal | str | datetime]] = {
            "NUMERIC": self._number,
            "TEXT": self._text,
            "DATE": self._date,
        }
        value = readers[self.data_type](answer)
        return Effect(conditions=({"operator": self.operator, "operands": [self.subject, constant(value)]},))

    def _number(self, answer: Any) -> Decimal:
        try:
            value = Decimal(str(answer))
        except InvalidOperation as error:
            raise self._misfit(answer) from error
        if isinstance(answer, bool) or not value.is_finite():
            raise self._misfit(answer)
        if self.least is not None and value < Decimal(str(self.least)):
            short = f"does not meet the minimum required value({self.least})"
            raise bad_request(f"The value({answer}) provided for {self.label} {short}")
        if self.most is not None and value > Decimal(str(self.most)):
            raise bad_request(
                f"The value({answer}) provided for {self.label} exceeds the maximum allowed value({self.most}}}"
            )
        return value

    def _text(self, answer: Any) -> str:
        if not isinstance(answer, str):
            raise self._misfit(answer)
        characters = f"The number of characters provided for {self.label}"
        if self.least is not None and len(answer) < self.least:
            raise bad_request(f"{characters} does not meet the minimum required({self.least}}} text length.")
        if self.most is not None and len(answer) > self.most:
            raise bad_request(f"{characters} exceeds the maximum allowed({self.most}) text length.")
        return answer

    def _date(self, answer: Any) -> datetime:
        found = _DATE.fullmatch(str(answer))
        try:
            moment = datetime.fromisoformat(found[1] if found else "")
        except ValueError as error:
            raise self._misfit(answer) from error
        given, specified = f"The date({answer}) provided for {self.label}", "by the prompt"
        if self.least is not None and moment < self.least:
            least = self.least.strftime(DATE_FORMAT)
            raise bad_request(f"{given} does not meet the minimum date range specified({least}) {specified}")
        if self.most is not None and moment > self.most:
            most = self.most.strftime(DATE_FORMAT)
            raise bad_request(f"{given} exceeds the maximum date range specified({most}) {specified}")
        return moment

    def _misfit(self, answer: Any) -> Exception:
        return bad_request(f"The value({answer}) provided for {self.label} is not of data type {self.data_type}.")


Level = Callable[[Mapping[str, Any]], tuple[Prompt, ...]]
"""Gives the prompts of a level from the answers before it, by prompt key as requests write them."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Questions:
    """The prompts that a report asks.

    ``level_metric`` is the id of the metric that the answer of a level prompt adds up.
    """

    levels: tuple[Level, ...]
    level_metric: str | None = None


def form_operand(attribute: Attribute, form_id: str) -> dict[str, Any]:
    """Give the operand of a condition on a form."""
    return {"type": "form", "attribute": {"id": attribute.id}, "form": {"id": form_id}}


def metric_operand(metric: Metric) -> dict[str, Any]:
    """Give the operand of a condition on a metric."""
    return {"type": "metric", "id": metric.id}


def constant(value: Decimal | str | datetime) -> dict[str, Any]:
    """Give the operand of a condition on a value, as the locale en_us writes it."""
    if isinstance(value, str):
        return {"type": "constant", "dataType": "Char", "value": value}
    if isinstance(value, Decimal):
        return {"type": "constant", "dataType": "BigDecimal", "value": f"{value:f}"}
    day = f"{value.month}/{value.day}/{value.year}"
    if value.time() == time():
        return {"type": "constant", "dataType": "Date", "value": day}
    return {"type": "constant", "dataType": "TimeStamp", "value": f"{day} {value:%I:%M:%S %p}"}


def _json(bound: Any) -> Any:
    return bound.strftime(DATE_FORMAT) if isinstance(bound, datetime) else bound
