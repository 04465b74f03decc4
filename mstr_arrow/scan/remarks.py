"""Remarks of a call at its end: values that were lost in it, and doubts."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mstr_arrow.errors import ConsistencyWarning, DataLossWarning
from mstr_arrow.fetch.bad_values import describe_bad_values
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.fetch.bad_values import BadValues
    from mstr_arrow.instances.known import Consistency
    from mstr_arrow.query.since import Grown, Since


def warn_of(
    found: Mapping[str, BadValues],
    name: str | None,
    *,
    consistent: Consistency = "one instance",
    stacklevel: int,
) -> None:
    """Warn of all bad values of a call, and of rows that are only likely of the same data, so many frames up."""
    head = "" if name is None else f"{name}: "
    if found:
        warnings.warn(f"{head}{describe_bad_values(found)}.", DataLossWarning, stacklevel=stacklevel + 1)
    if consistent == "likely":
        told = naming(
            "{head}the rows come from several instances, and are likely, but not certainly, of the same data. "
            '{Scan.with_options.consistency="proven"} takes nothing less.',
            head=head,
        )
        warnings.warn(told, ConsistencyWarning, stacklevel=stacklevel + 1)


def warn_of_less(since: Since, highest: Grown | None, name: str | None, *, stacklevel: int) -> None:
    """Warn where the highest value of a column is below the one that was read before, so many frames up."""
    if since.has_shrunk(highest):
        head = "" if name is None else f"{name}: "
        now = "no row has one from there on" if highest is None else f"it is {highest} now"
        warnings.warn(
            f"{head}the highest value of {since.column!r} was {since.value}, and {now}: the object was loaded with "
            "less. What is gone from it is not seen, and stays where it was written.",
            ConsistencyWarning,
            stacklevel=stacklevel + 1,
        )
