"""What a call says at its end of the values that were lost in it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mstr_arrow.errors import DataLossWarning
from mstr_arrow.fetch.bad_values import said_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.fetch.bad_values import BadValues


def warn_of(found: Mapping[str, BadValues], name: str | None, *, stacklevel: int) -> None:
    """Warn once of all bad values of a call, so many frames up; says nothing where there were none."""
    if found:
        head = "" if name is None else f"{name}: "
        warnings.warn(f"{head}{said_of(found)}.", DataLossWarning, stacklevel=stacklevel + 1)
