"""How a grid becomes a table: what the caller chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from mstr_arrow.errors import UsageError

Layout = Literal["tidy", "grid"]
"""``tidy``: a column per metric, a row per combination of attributes that has data; ``grid``: as on the server."""

Subtotals = Literal["drop", "keep", "only"]
"""The treatment of rows that total others."""

Values = Literal["raw", "formatted", "both"]
"""Metrics as values, as the texts a person sees, or both."""

Forms = Literal["shown", "all"]
"""Of attributes the forms that the object shows, or all of their definition."""
OnBadValue = Literal["raise", "null"]
"""The treatment of a value that does not fit its column: an error, or null, which is counted."""

Like = Mapping[tuple[str, str | None, str], tuple[str, pa.DataType | None]]
"""The names, and where not None the types, that columns have elsewhere: by object id, form id and part."""

_CHOICES = {
    "layout": ("tidy", "grid"),
    "subtotals": ("drop", "keep", "only"),
    "values": ("raw", "formatted", "both"),
    "forms": ("shown", "all"),
}
_ON_BAD_VALUE = ("raise", "null")


@dataclass(frozen=True, slots=True, kw_only=True)
class GridOptions:
    """``types`` sets the types of columns by name; the rest is explained with its type.

    ``on_bad_value`` is for all columns, or by name; "null" for all is not for forms that tell elements apart.

    ``like`` makes columns of a part of an object look as in the whole. Without ``whole`` the options may name
    columns that are not there.

    >>> GridOptions(layout="wide")
    Traceback (most recent call last):
    ...
    mstr_arrow.errors.UsageError: UsageError: layout='wide' is not known. Choose 'tidy' or 'grid'.
    """

    types: Mapping[str, pa.DataType] = field(default_factory=dict)
    layout: Layout = "tidy"
    subtotals: Subtotals = "drop"
    values: Values = "raw"
    forms: Forms = "shown"
    on_bad_value: OnBadValue | Mapping[str, OnBadValue] = "raise"
    like: Like = field(default_factory=dict)
    whole: bool = True

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                hint = f"Choose {' or '.join(map(repr, known))}."
                raise UsageError(f"{name}={getattr(self, name)!r} is not known.", hint=hint)
        if not isinstance(self.types, Mapping):
            raise UsageError(f"types={self.types!r} names no columns.", hint='Give {"Cost": pyarrow.float64()}.')
        for name, given_type in self.types.items():
            if not isinstance(given_type, pa.DataType):
                raise UsageError(
                    f"the type of {name!r} is given as {given_type!r}, which is no type of Arrow.",
                    hint="Give one such as pyarrow.string() or pyarrow.decimal128(18, 2).",
                )
        given = self.on_bad_value
        if not (given in _ON_BAD_VALUE if isinstance(given, str) else _is_by_name(given)):
            raise UsageError(
                f"on_bad_value={given!r} is not known.",
                hint="Choose 'raise' or 'null', for all columns or by name: {'Day': 'null'}.",
            )

    @property
    def named_bad(self) -> Mapping[str, OnBadValue]:
        """The choices for bad values of columns by name."""
        return {} if isinstance(self.on_bad_value, str) else self.on_bad_value

    @property
    def parts(self) -> tuple[str, ...]:
        """The members of ``metricValues`` that are read."""
        return ("raw", "formatted") if self.values == "both" else (self.values,)


def _is_by_name(given: object) -> bool:
    return isinstance(given, Mapping) and all(choice in _ON_BAD_VALUE for choice in given.values())


DEFAULTS = GridOptions()
