"""The keys of rows that are merged into a table: each row has one, and no two the same."""

from __future__ import annotations

import pyarrow as pa

from mstr_arrow.errors import TableError
from mstr_arrow.lazy import pl
from mstr_arrow.wording import naming

_SHOWN = 3
"""Keys that an error shows."""


class MergeKeys:
    """The keys of all rows that came, as columns; nothing is held without names."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    def take(self, batch: pa.RecordBatch) -> None:
        """Keep the keys of some rows; errors: TableError for one that is empty."""
        if not self._names:
            return
        keys = batch.select(list(self._names))
        for name, column in zip(self._names, keys.columns, strict=True):
            if column.null_count:
                row = self._rows + column.is_null().index(True).as_py()
                raise TableError(
                    f"the key {name!r} is empty in row {row}: a row without a key is the same as no other, and "
                    "would come once more with each merge.",
                    hint=naming("Name other keys, or leave such rows out by {Scan.filter()}."),
                )
        self._rows += batch.num_rows
        self._batches.append(keys)

    def check(self) -> None:
        """Refuse keys that several rows have; errors: TableError that shows some."""
        if not self._batches:
            return
        frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches(self._batches)))
        several = frame.group_by(self._names, maintain_order=True).len().filter(pl.col("len") > 1).head(_SHOWN + 1)
        if several.height:
            shown = [", ".join(map(str, row[:-1])) for row in several.head(_SHOWN).iter_rows()]
            more = ", and others" if several.height > _SHOWN else ""
            named = ", ".join(self._names)
            raise TableError(
                f"several rows have the same key ({named}): {'; '.join(shown)}{more}. Which of them is to be "
                "kept is not known.",
                hint="Name as keys all the attributes that tell rows apart.",
            )
