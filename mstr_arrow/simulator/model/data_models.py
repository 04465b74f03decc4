"""Simulated data models: tables that are loaded, parameters, and the cube that they make.

A data model is read as a cube of its id; each load of a table makes other data (Wire reference, sections 7.3, 7.4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.responses import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .cubes import Cube

EXT_TYPE = 448
"""The mark of data models among the objects of their type."""

VIEW_MEDIA = {"in_memory": 0, "connect_live": 0x10000, "off_memory": 0x40000}
"""The bits that tell how a model serves its data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalTable:
    """A table of a data model."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter: any value, one of ``values``, or a number from ``least`` to ``greatest`` in steps.

    ``default`` holds where no value is set.
    """

    id: str
    name: str
    data_type: str
    default: str | None = None
    values: tuple[str, ...] = ()
    limits: tuple[float, float, float] | None = None

    def check(self, value: Any) -> str:
        """Take a value; raise the server's 400, which names the parameter, where it is not allowed."""
        text = str(value)
        allowed = text in self.values if self.values else self.limits is None or self._within(text)
        if isinstance(value, (dict, list, bool)) or not allowed:
            raise bad_request(f"The value '{text}' is not allowed for the parameter '{self.name}' ({self.id}).")
        return text

    def _within(self, text: str) -> bool:
        least, greatest, interval = self.limits or (0, 0, 1)
        try:
            number = float(text)
        except ValueError:
            return False
        return least <= number <= greatest and (number - least) % interval == 0

    def describe(self) -> dict[str, Any]:
        """Describe the parameter as its definition does."""
        restriction: dict[str, Any] = {"allowedValueType": "user_input"}
        if self.values:
            restriction = {"allowedValueType": "fixed_list", "values": list(self.values)}
        elif self.limits is not None:
            least, greatest, interval = self.limits
            restriction = {"allowedValueType": "range", "min": least, "max": greatest, "interval": interval}
        return {
            "information": {"objectId": self.id, "name": self.name, "subType": "parameter"},
            "dataType": self.data_type,
            "defaultValue": self.default,
            "restriction": restriction,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DataModel:
    """A data model.

    ``made`` gives the cube after so many loads of each table, by id; ``applied`` what it shows with values of the
    parameters, by id.
    """

    tables: tuple[LogicalTable, ...]
    made: Callable[[Mapping[str, int]], Cube]
    parameters: tuple[Parameter, ...] = ()
    applied: Callable[[Cube, Mapping[str, str]], Cube] = lambda cube, _: cube
    serve_mode: str = "in_memory"

    @property
    def cube(self) -> Cube:
        """The cube before any load but the first."""
        return self.made({})

    @property
    def id(self) -> str:
        """The id, which is that of the cube."""
        return self.cube.id

    def table(self, table_id: Any) -> LogicalTable:
        """Find a table; raise the server's 400 where there is none."""
        found = next((table for table in self.tables if table.id == str(table_id).upper()), None)
        if found is None:
            raise bad_request(f"The table '{table_id}' is not part of the data model.")
        return found

    def values(self, listed: Any, before: Mapping[str, str] | None = None) -> dict[str, str]:
        """Read the values of parameters that a request sets, all or nothing; null unsets."""
        values = dict(before or {})
        for item in map(json_object, listed if isinstance(listed, list) else []):
            parameter = self._parameter(item.get("id"))
            if item.get("value") is None:
                values.pop(parameter.id, None)
            else:
                values[parameter.id] = parameter.check(item["value"])
        return values

    def apply(self, cube: Cube, values: Mapping[str, str]) -> Cube:
        """Return what the model's cube shows with values of parameters, and the defaults of the others."""
        defaults = {each.id: each.default for each in self.parameters if each.default is not None}
        named = {each.name: {**defaults, **values}.get(each.id) for each in self.parameters}
        made = self.applied(cube, {name: value for name, value in named.items() if value is not None})
        return made if made is cube else replace(made, extremes=replace(made, extremes=None).bounds())

    def _parameter(self, parameter_id: Any) -> Parameter:
        found = next((each for each in self.parameters if each.id == str(parameter_id).upper()), None)
        if found is None:
            raise Refusal(400, "ERR006", f"The parameter '{parameter_id}' is not part of the data model.")
        return found
