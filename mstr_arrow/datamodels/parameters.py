"""The parameters of a data model, and which values each takes (wire reference, section 7.4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.arrays import make_table
from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.names import find_named, listing, only, suggestion
from mstr_arrow.responses import fields, identity, items, optional_text, reading, text
from mstr_arrow.session.project import OBJECT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIXED_LIST, RANGE, USER_INPUT = "fixed_list", "range", "user_input"

_SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "name": pa.string(),
        "data_type": pa.string(),
        "allowed": pa.string(),
        "values": pa.list_(pa.string()),
        "minimum": pa.string(),
        "maximum": pa.string(),
        "interval": pa.string(),
        "default": pa.string(),
    }
)


@dataclass(frozen=True, slots=True)
class ModelParameter:
    """A parameter of a data model.

    ``allowed`` says in the server's word which values a parameter takes: ``user_input`` (any), ``fixed_list`` (one
    of ``values``), or ``range``: numbers from ``minimum`` to ``maximum``, in steps of ``interval``. All fields are
    texts, as the server has them, or None.
    """

    id: str
    name: str
    data_type: str | None = None
    allowed: str = USER_INPUT
    values: tuple[str, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    interval: str | None = None
    default: str | None = None

    @property
    def takes(self) -> str:
        """The values that the parameter takes, in words.

        >>> ModelParameter("A1", "Growth", allowed="range", minimum="0", maximum="100", interval="5").takes
        'from 0 to 100 in steps of 5'
        >>> ModelParameter("A1", "Currency", allowed="fixed_list", values=("EUR", "USD")).takes
        "one of 'EUR', 'USD'"
        """
        if self.allowed == FIXED_LIST:
            return f"one of {listing(self.values)}"
        if self.allowed == RANGE:
            bounds = [("from", self.minimum), ("to", self.maximum), ("in steps of", self.interval)]
            return (
                " ".join(f"{word} {value}" for word, value in bounds if value is not None) or "a range of numbers"
            )
        return "any value"

    def text_of(self, value: object) -> str:
        """Return a value as the server takes it; errors: UsageError for one that is not allowed."""
        given = _text(self.name, value)
        if self.allowed == FIXED_LIST and self.values:
            found = find_named(given, self.values, str)
            if len(found) != 1:
                raise UsageError(
                    f"the parameter {self.name!r} takes {self.takes}, not {given!r}.",
                    hint=suggestion(given, self.values),
                )
            return found[0]
        if self.allowed == RANGE:
            self._check_range(given)
        return given

    def _check_range(self, given: str) -> None:
        number, least, greatest, step = map(_number, (given, self.minimum, self.maximum, self.interval))
        if least is None and greatest is None:
            return  # a range of something else than numbers, which the server checks
        why = None
        if number is None:
            why = "that is no number"
        elif (least is not None and number < least) or (greatest is not None and number > greatest):
            why = "that is outside"
        elif step and least is not None and (number - least) % step:
            below = number - (number - least) % step
            why = f"the steps near it are {below} and {below + step}"
        if why is not None:
            raise UsageError(
                f"the parameter {self.name!r} takes numbers {self.takes}, not {given!r}: {why}.",
                hint="Give a number of that range.",
            )


class ModelParameters(list[ModelParameter]):
    """The parameters of a data model."""

    def table(self) -> pa.Table:
        """Return a row for each parameter, with a column for each of its fields.

        >>> ModelParameters([ModelParameter("A1", "City")]).table()["allowed"].to_pylist()
        ['user_input']
        """
        rows = [{name: getattr(each, name) for name in _SCHEMA.names} for each in self]
        return make_table(rows, _SCHEMA)


def read_parameters(body: Any) -> ModelParameters:
    """Read the definitions of parameters; errors: ProtocolError.

    >>> restriction = {"allowedValueType": "range", "min": 0, "max": 9}
    >>> read_parameters([{"id": "A1", "name": "Growth", "restriction": restriction}])[0].takes
    'from 0 to 9'
    """
    with reading(body, "a list of parameters"):
        listed = body if isinstance(body, list) else items(fields(body)["parameters"])
        return ModelParameters(_parameter(fields(item)) for item in listed)


def _parameter(item: dict[str, Any]) -> ModelParameter:
    told = item["information"] if isinstance(item.get("information"), dict) else item
    restriction = item.get("restriction") or {}
    allowed = (optional_text(restriction, "allowedValueType") or USER_INPUT).lower()
    # What belongs to a kind of restriction may stand in it, or in a member of the kind's name.
    inner = next((restriction[key] for key in (allowed, _camel(allowed)) if restriction.get(key) is not None), None)
    if isinstance(inner, list):
        inner = {"values": inner}
    rules = {**restriction, **(inner or {})}
    return ModelParameter(
        identity(told, "objectId", "id"),
        text(told, "name"),
        optional_text(item, "dataType", "type") or optional_text(told, "dataType"),
        allowed,
        tuple(_read_value(value) for value in items(rules.get("values"))),
        _read_bound(rules, "min", "minimum"),
        _read_bound(rules, "max", "maximum"),
        _read_bound(rules, "interval", "step"),
        _default(item),
    )


def _default(item: Mapping[str, Any]) -> str | None:
    value = next((item[name] for name in ("defaultValue", "default", "value") if item.get(name) is not None), None)
    return None if value is None else _read_value(value)


def _read_bound(rules: Mapping[str, Any], *names: str) -> str | None:
    value = next((rules[name] for name in names if rules.get(name) is not None), None)
    return None if value is None else _read_value(value)


def _read_value(value: Any) -> str:
    """Read a value, which may stand by itself or as the ``value`` of an object."""
    held = value["value"] if isinstance(value, dict) else value
    if isinstance(held, bool):
        return str(held).lower()
    return str(int(held)) if isinstance(held, float) and held.is_integer() else str(held)


def _camel(words: str) -> str:
    first, *others = words.split("_")
    return first + "".join(word.capitalize() for word in others)


def values_to_send(
    known: Sequence[ModelParameter], wanted: Mapping[str, object], model: str
) -> tuple[dict[str, str], ...]:
    """Return the values as a request for an instance holds them; None leaves a parameter at its default.

    Errors: NotFound with near names, UsageError for values that are not allowed, and for a parameter given twice.

    >>> values_to_send([ModelParameter("A1", "City")], {"city": "Rome"}, "Retail")
    ({'id': 'A1', 'value': 'Rome'},)
    """
    found: dict[str, str | None] = {}
    for name, value in wanted.items():
        parameter = _find_parameter(known, name, model)
        if parameter.id in found:
            raise UsageError(f"the parameter {parameter.name!r} is given twice.", hint="Leave one of them away.")
        found[parameter.id] = None if value is None else parameter.text_of(value)
    return tuple({"id": key, "value": value} for key, value in found.items() if value is not None)


def check_given(wanted: object) -> None:
    """Refuse what is no mapping of names to values; errors: UsageError."""
    if not isinstance(wanted, dict) or not all(isinstance(name, str) for name in wanted):
        raise UsageError(
            f"the parameters are given as {type(wanted).__name__}, not as values by name.",
            hint="Give a dict, such as {'Currency': 'EUR'}.",
        )


def _find_parameter(known: Sequence[ModelParameter], name: str, model: str) -> ModelParameter:
    found = find_named(name, known, lambda each: each.name)
    if not found and OBJECT_ID.fullmatch(name.strip()):
        found = [each for each in known if each.id == name.strip().upper()]
    chosen = only(found, "parameters", name, lambda each: each.id, hint="Give the id of one.")
    if chosen is None:
        hint = suggestion(name, [each.name for each in known]) if known else "It is read without any."
        raise NotFound(f"no parameter {name!r} in the data model {model!r}.", hint=hint)
    return chosen


def _text(name: str, value: object) -> str:
    """Write a value as a text; errors: UsageError for what is no single value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise UsageError(
        f"the parameter {name!r} is given as {value!r}, which is no single value.",
        hint="Give a text, a number or a date; None leaves it at its default.",
    )


def _number(text: str | None) -> Decimal | None:
    try:
        number = None if text is None else Decimal(text)
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
