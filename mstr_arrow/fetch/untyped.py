"""Types that are guessed in a result without rows: where there are rows, they may be others, so a warning tells."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mstr_arrow.errors import DataLossWarning
from mstr_arrow.grid.server_types import UNTOLD
from mstr_arrow.names import listing
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.grid.schema import Column, Columns
    from mstr_arrow.instances.source import Source


def find_untyped(columns: Columns, source: Source) -> list[str]:
    """Return the names of metrics whose type is a guess: neither server nor caller tells it."""
    told = {column.object_id for column in _select_typed(() if source.whole is None else source.whole.metrics)}
    told |= {column.object_id for column in _select_typed(columns.metrics)}
    return [
        column.name
        for column in columns.metrics
        if column.object_id not in told and column.part == "raw" and column.name not in columns.options.types
    ]


def _select_typed(metrics: Iterable[Column]) -> Iterable[Column]:
    return (column for column in metrics if column.data_type not in UNTOLD)


def warn_of_untyped(columns: Columns, source: Source) -> None:
    """Warn of metrics whose type is a guess, in a result that has no rows."""
    if names := find_untyped(columns, source):
        what = "the type of metric" if len(names) == 1 else "the types of metrics"
        message = naming(
            "{kind} {id} has no rows, and the server does not tell {what} {names}: double is taken for unknown, "
            "which may be otherwise when there are rows. {Scan.with_options.types} fixes types.",
            kind=source.kind,
            id=source.object_id,
            what=what,
            names=listing(names),
        )
        warnings.warn(message, DataLossWarning, stacklevel=2)
