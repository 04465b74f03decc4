"""The dialects of servers of different versions (Wire reference, sections 0.3 and 3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

_SUBTOTALS_SINCE = (11, 2, 100)
_FIELDS_SINCE = (11, 2, 200)
_RESPONDS_ASYNC_SINCE = (11, 2, 200)
_OVERWRITES_SINCE = (11, 2, 300)
_NAMES_SINCE = (11, 2, 0)
_PYTHON_SINCE = (11, 5, 600)

_DATA_TYPES = {
    "reserved": 0,
    "integer": 1,
    "double": 6,
    "date": 14,
    "time": 15,
    "timestamp": 16,
    "bool": 24,
    "bigdecimal": 30,
    "nvarchar": 33,
    "int64": 34,
}
_FORM_TYPES = {"dateTime": 1, "number": 2, "text": 3, "date": 8, "time": 9, "bigDecimal": 12}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The features and words of a version of the server.

    ``fields`` leaves parts of a page out, ``subtotals`` can hide them, ``python`` log-ins name application type
    76, a pushed definition ``overwrites`` a dataset of its name; servers without ``names`` give types as numbers,
    and a metric's type as ``Metric``; only newer ones ``respond_async`` where they are asked to.
    """

    fields: bool = True
    subtotals: bool = True
    python: bool = True
    names: bool = True
    overwrites: bool = True
    respond_async: bool = True

    @classmethod
    def of(cls, version: str) -> Self:
        """Give the dialect of a version such as ``11.1.0400.00123``."""
        number = tuple(int(part) for part in version.split(".")[:3])
        return cls(
            fields=number >= _FIELDS_SINCE,
            subtotals=number >= _SUBTOTALS_SINCE,
            python=number >= _PYTHON_SINCE,
            names=number >= _NAMES_SINCE,
            overwrites=number >= _OVERWRITES_SINCE,
            respond_async=number >= _RESPONDS_ASYNC_SINCE,
        )

    @property
    def metric(self) -> str:
        """The ``type`` of metrics."""
        return "metric" if self.names else "Metric"

    def data_type(self, name: str) -> str | int:
        """Write a data type; an old server has no number for ``unknown``."""
        return name if self.names else _DATA_TYPES.get(name.lower(), name)

    def form_type(self, name: str) -> str | int:
        """Write a ``baseFormType``."""
        return name if self.names else _FORM_TYPES[name]
