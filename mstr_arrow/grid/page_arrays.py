"""A page's arrays before they are laid out: what heads its rows and columns, and its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.arrays import make_scalar
from mstr_arrow.grid.server_types import TEXT, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mstr_arrow.grid.schema import Column


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements of one place of a header, decoded: an array per form, in the types of its columns.

    ``name`` is the unit's; ``read_ids()`` gives what tells elements apart, also between pages, which few layouts
    need; ``subtotal`` says which of them total others, None where none does.
    """

    name: str
    columns: Sequence[Column]
    forms: Sequence[pa.Array]
    read_ids: Callable[[], pa.StringArray]
    subtotal: pa.BooleanArray | None

    def gather(self, indices: pa.Array) -> list[pa.Array]:
        """Return a column per form: the element of each index, null for a null index."""
        return [
            gather_texts(form, indices) if is_text(column.type) else form.take(indices)
            for column, form in zip(self.columns, self.forms, strict=True)
        ]

    def totals(self, indices: pa.Array) -> pa.BooleanArray | None:
        """Say for each index whether its element totals others; None where no element does."""
        if self.subtotal is None:
            return None
        return pc.fill_null(self.subtotal.take(indices), make_scalar(value=False, to=pa.bool_()))


@dataclass(frozen=True, slots=True)
class PageArrays:
    """One page: ``count`` rows of the grid, their headers, the headers of the data columns, the values.

    ``rows`` pairs each place of a row's header with an index per row; ``metric_rows`` says which metric a row is
    of, where metrics are on the rows. ``columns`` pairs each place of a data column's header, but for the metrics,
    with an index per data column. ``values`` has, for "raw" and "formatted", an array per data column.
    """

    count: int
    rows: Sequence[tuple[Elements, pa.Array]]
    metric_rows: pa.Array | None
    columns: Sequence[tuple[Elements, pa.Array]]
    values: Mapping[str, Sequence[pa.Array]]


def gather_texts(texts: pa.Array, indices: pa.Array) -> pa.DictionaryArray:
    """Gather texts by element, as a dictionary in which each text stands once."""
    texts.validate(full=True)  # those of pages may be no UTF-8
    encoded = texts.dictionary_encode()
    if len(encoded.dictionary) < len(texts):
        indices = encoded.indices.take(indices)
    return pa.DictionaryArray.from_arrays(indices, encoded.dictionary).cast(TEXT)
