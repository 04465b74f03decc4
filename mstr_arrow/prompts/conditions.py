"""Conditions as EXPRESSION prompts take them: in the grammar of filters (Wire reference, section 5.2). Pure.

What is answered is sent as it is said, unlike a filter of `Scan.filter`, which is checked again here: texts are
compared by the server's collation.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from mstr_arrow.errors import UsageError
from mstr_arrow.prompts.choosing import find, not_there
from mstr_arrow.query.columns import FORM_NAMES
from mstr_arrow.query.expressions import (
    And,
    Between,
    ColumnComparison,
    Comparison,
    Elements,
    Match,
    Membership,
    Null,
    Or,
    Rank,
)
from mstr_arrow.query.server_grammar import OPERATORS, PATTERNS, join
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.prompts.model import Choice, Prompt
    from mstr_arrow.query.expressions import Expression, Value

    Operand = dict[str, Any]

_RANKS = {
    "top": "Rank.Top",
    "bottom": "Rank.Bottom",
    "top_percent": "Percent.Top",
    "bottom_percent": "Percent.Bottom",
}
_METRIC = ("4", "metric", "templatemetrics")


def condition_body(expression: Expression, prompt: Prompt, offered: Sequence[Choice]) -> dict[str, Any]:
    """Write a condition on what the prompt offers; errors: UsageError for names it does not, and for bools."""
    return _Writer(prompt, offered).tree(expression)


class _Writer:
    """Writes conditions of one prompt."""

    def __init__(self, prompt: Prompt, offered: Sequence[Choice]) -> None:
        self._prompt = prompt
        self._offered = offered

    def tree(self, expression: Expression) -> dict[str, Any]:
        match expression:
            case And(parts) | Or(parts):
                operator = "And" if isinstance(expression, And) else "Or"
                return join(operator, [self.tree(part) for part in parts]) or self._refuse(expression)
            case Comparison(column, operator, value):
                return self._compare(OPERATORS[operator], self._operand(column), value)
            case ColumnComparison(column, operator, other):
                return _node(OPERATORS[operator], self._operand(column), self._operand(other))
            case Between(column, low, high):
                return self._compare("Between", self._operand(column), low, high)
            case Membership(column, values, negated):
                return self._membership(self._operand(column), values, negated=negated)
            case Null(column, negated):
                return _node("IsNotNull" if negated else "IsNull", self._operand(column))
            case Match(column, pattern, text, negated):
                operator = f"Not{PATTERNS[pattern]}" if negated else PATTERNS[pattern]
                return self._compare(operator, self._operand(column), text)
            case Rank(column, ranking, amount, False):
                return _node(_RANKS[ranking], self._operand(column), _rank(ranking, amount))
            case Elements(column, ids, negated):
                attribute = {"type": "attribute", "id": self._attribute(column)}
                listed = {"type": "elements", "elements": [{"id": item} for item in ids]}
                return _node("NotIn" if negated else "In", attribute, listed)
        return self._refuse(expression)

    def _compare(self, operator: str, operand: Operand, *values: Value) -> dict[str, Any]:
        return _node(operator, operand, *(self._constant(value, operand) for value in values))

    def _membership(self, operand: Operand, values: Sequence[Value], *, negated: bool) -> dict[str, Any]:
        if operand["type"] == "metric":
            each = [self._compare("NotEqual" if negated else "Equals", operand, value) for value in values]
            return join("And" if negated else "Or", each) or self._refuse(values)
        constants = [self._constant(value, operand) for value in values]
        if len({constant["dataType"] for constant in constants}) != 1:
            self._refuse(list(values))
        listed = {
            "type": "constants",
            "dataType": constants[0]["dataType"],
            "values": [constant["value"] for constant in constants],
        }
        return _node("NotIn" if negated else "In", operand, listed)

    def _operand(self, name: str) -> Operand:
        """Name a metric or the form of an attribute."""
        choice = find(self._prompt, name, self._offered)
        if choice is not None and str(choice.type).casefold() in _METRIC:
            return {"type": "metric", "id": choice.id}
        if choice is not None:
            return _form(choice.id, FORM_NAMES["ID"])
        head, _, form = name.rpartition("@")
        attribute = find(self._prompt, head, self._offered) if head else None
        if attribute is None:
            raise not_there(self._prompt, [name], self._offered, all_seen=True)
        known = {known.upper(): form_id for known, form_id in attribute.forms}
        form_id = known.get(form.upper()) or FORM_NAMES.get(form.upper())
        if form_id is None and not re.fullmatch("[0-9A-Fa-f]{32}", form):
            raise UsageError(
                f"{attribute.name!r} of the prompt {self._prompt.name!r} has no form {form!r}.",
                hint="Name ID, DESC, or the id of a form.",
            )
        return _form(attribute.id, form_id or form.upper())

    def _attribute(self, name: str) -> str:
        choice = find(self._prompt, name, self._offered)
        if choice is None:
            raise not_there(self._prompt, [name], self._offered, all_seen=True)
        return choice.id

    def _constant(self, value: Value, operand: Operand) -> Operand:
        """Write a constant; whole numbers are Int64 beside metrics only (section 5.2)."""
        match value:
            case bool():
                self._refuse(value)
            case int():
                whole = operand["type"] == "metric" and abs(value) < 2**63
                return _constant("Int64" if whole else "BigDecimal", str(value))
            case float() | Decimal():
                number = Decimal(repr(value)) if isinstance(value, float) else value
                return _constant("BigDecimal", format(number, "f"))
            case str():
                return _constant("Char", value)
            case datetime() | time() if value.tzinfo is not None:
                raise UsageError(
                    f"the prompt {self._prompt.name!r} is answered with {value.isoformat()!r}, a moment in a zone.",
                    hint="The server compares by its own clock: give the moment as that shows it, without a zone.",
                )
            case datetime():
                return _constant("TimeStamp", f"{_day(value)} {_clock(value)}")
            case date():
                return _constant("Date", _day(value))
        return _constant("Time", _clock(value))

    def _refuse(self, what: object) -> NoReturn:
        raise UsageError(
            f"the prompt {self._prompt.name!r} cannot be answered with {what!r}.",
            hint=naming(
                "Compare with numbers, texts and dates, lists of one kind of them; "
                "{prompts.expression()} sends the server's own grammar."
            ),
        )


def _rank(ranking: str, amount: float) -> Operand:
    return _constant("Int64" if ranking in {"top", "bottom"} else "Char", f"{amount:g}" + _percent(ranking))


def _percent(ranking: str) -> str:
    return "%" if ranking.endswith("percent") else ""


def _form(attribute_id: str, form_id: str) -> Operand:
    return {"type": "form", "attribute": {"id": attribute_id}, "form": {"id": form_id}}


def _constant(data_type: str, text: str) -> Operand:
    return {"type": "constant", "dataType": data_type, "value": text}


def _node(operator: str, *operands: Operand) -> dict[str, Any]:
    return {"operator": operator, "operands": list(operands)}


def _day(value: date) -> str:
    """Write a date as the locale en_us does, which the log-in pins."""
    return f"{value.month}/{value.day}/{value.year:04}"


def _clock(value: datetime | time) -> str:
    return f"{value.hour % 12 or 12}:{value.minute:02}:{value.second:02} {'AM' if value.hour < 12 else 'PM'}"
