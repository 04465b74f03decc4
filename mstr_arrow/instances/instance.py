"""An instance on the server: created once, then read page by page (wire reference, sections 3.5 and 3.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mstr_arrow.grid.expansion import Expansion
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.instances.known import Known


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance nothing was read from yet but its columns and the number of its rows.

    ``id`` is empty where the server made none, because there are no data; it is not read from.
    Where all pages of a report are wanted, it shows one of them, and ``expansion`` says which there are. ``known``
    is what was known before it was made, and what its first page tells.
    """

    id: str
    columns: Columns
    total: int
    expansion: Expansion | None = None
    known: Known | None = None
