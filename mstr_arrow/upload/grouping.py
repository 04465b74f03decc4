"""The rows that a reader sees of those that are sent: grouped by attributes, with their metrics added up. Pure.

Rows are told apart by a hash of their attributes' values of 8 bytes, as the values are written: with no more digits
than the server has, in its time zone. Two of 20 million rows have the same hash by chance about once in 100,000
uploads. Beyond `MOST_HASHES` only the rows of every second hash are kept, then of every fourth, and so on, and what
is true of them is said of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.upload.row_hashes import RowHashes
from mstr_arrow.upload.values import comparable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from mstr_arrow.upload.options import Policy
    from mstr_arrow.upload.source import Source

MOST_HASHES = 20_000_000
"""Hashes that are kept, 8 bytes each."""

_FEW, _PARTS = 2**20, 8
"""More than a few hashes are compared in so many parts, one after the other, each of which takes less memory."""
_SHOWN_COLUMNS, _SHOWN_LETTERS = 4, 40


@dataclass(frozen=True, slots=True)
class Grouping:
    """A table's ``rows`` as readers see them: they are ``shown`` as so many, which may be ``estimated``.

    ``example`` says of two rows which attributes they have in common; "" where no two have, or none is at hand.
    """

    rows: int
    shown: int
    estimated: bool = False
    example: str = ""

    def describe(self, table: str, policy: Policy, *, with_keys: bool, with_metrics: bool) -> str:
        """Say how rows that attributes do not tell apart become fewer; "" where there are none."""
        if self.shown >= self.rows:
            return ""
        shown = f"{'about ' if self.estimated else ''}{self.shown:,}"
        example = f", {self.example}" if self.example else ""
        if not with_keys:
            return f"{self.rows:,} rows of table {table!r} are added up to one, as it has no attributes"
        if policy in {"update", "upsert"}:
            return (
                f"{self.rows:,} rows of table {table!r} have {shown} different combinations of attributes, and of "
                f"rows with the same only one counts{example}"
            )
        how = "are added up" if with_metrics else "are one"
        shown = f"{self.rows:,} rows of table {table!r} show as {shown}"
        return f"{shown}, as those with equal attributes {how}{example}"


class Grouper:
    """Looks at the rows of a table as they are encoded; ``keys`` are the columns that tell them apart."""

    def __init__(self, source: Source, keys: Sequence[str], time_zone: str) -> None:
        self._source = source
        self._keys = tuple(keys)
        self._time_zone = time_zone
        self._rows = 0
        self._hashes = RowHashes()
        self._every = 1
        self._example = ""

    def add(self, rows: pa.Table) -> None:
        """Take the next rows."""
        for batch in rows.to_batches():
            self._add(batch)

    def _add(self, batch: pa.RecordBatch) -> None:
        first, self._rows = self._rows, self._rows + batch.num_rows
        if not self._keys or not batch.num_rows:
            return
        hashes = self._hash_rows(batch)
        if not self._example and (self._source.once or self._every > 1):
            self._look_for_an_example(batch, hashes, first)
        if self._every > 1:
            hashes = hashes.filter(hashes % self._every == 0)
        self._hashes.append(hashes)
        while len(self._hashes) > MOST_HASHES:
            self._every *= 2
            self._hashes = self._hashes.thin(self._every)

    def close(self) -> None:
        """Forget the rows."""
        self._hashes.close()

    def result(self) -> Grouping:
        """Count what is different; reads the source again for an example, if it can and has to."""
        if not self._keys:
            return Grouping(self._rows, min(self._rows, 1))
        distinct, repeated = 0, None
        for part in _parts(self._hashes):
            different = part.n_unique()
            distinct += different
            if repeated is None and different < len(part):
                repeated = part.filter(part.is_duplicated()).unique()
        if repeated is None:
            return Grouping(self._rows, self._rows, estimated=self._every > 1)
        example = self._example or (self._find_example(repeated) if self._every == 1 else "")
        if self._every == 1:
            return Grouping(self._rows, distinct, example=example)
        shown = round(self._rows * distinct / max(len(self._hashes), 1))
        return Grouping(self._rows, shown, estimated=True, example=example)

    def _hash_rows(self, batch: pa.RecordBatch) -> pl.Series:
        return pl.DataFrame(
            [comparable(batch.column(key), time_zone=self._time_zone).alias(key) for key in self._keys]
        ).hash_rows()

    def _look_for_an_example(self, batch: pa.RecordBatch, hashes: pl.Series, first: int) -> None:
        if hashes.n_unique() < len(hashes):
            one = hashes.filter(hashes.is_duplicated())[0]
            a, b = (hashes == one).arg_true()[:2]
            self._example = self._describe_example(batch.slice(a, 1), first + a, first + b)

    def _find_example(self, repeated: pl.Series) -> str:
        """Say where the first of these hashes occurs first and again, and what the attributes are there."""
        places, first = [], 0
        one = None
        for hashes in self._hashes:
            if one is None and (found := hashes.is_in(repeated.implode())).any():
                one = hashes.filter(found)[0]
            if one is not None:
                places += [first + at for at in (hashes == one).arg_true()[:2]]
                if len(places) > 1:
                    break
            first += len(hashes)
        row = None if self._source.once else _row(self._source, places[0])
        return self._describe_example(row, places[0], places[1])

    def _describe_example(self, row: pa.RecordBatch | None, first: int, second: int) -> str:
        if row is None:
            return f"such as rows {first:,} and {second:,}"
        values = [f"{key!r} = {_short(row.column(key)[0].as_py())}" for key in self._keys[:_SHOWN_COLUMNS]]
        more = ["…"] if len(self._keys) > _SHOWN_COLUMNS else []
        return f"such as rows {first:,} and {second:,}, with {', '.join(values + more)}"


def _parts(hashes: RowHashes) -> Iterable[pl.Series]:
    """Give hashes in parts that have none in common."""
    if len(hashes) < _FEW:
        yield pl.concat([pl.Series(dtype=pl.UInt64), *hashes])
        return
    width = 2**64 // _PARTS
    for part in range(_PARTS):
        yield pl.concat([each.filter(each // width == part) for each in hashes])


def _row(source: Source, number: int) -> pa.RecordBatch | None:
    """Read one row of a source again; None where that cannot be done."""
    first = 0
    try:
        with source.open() as batches:
            for batch in batches:
                if number < first + batch.num_rows:
                    return batch.slice(number - first, 1)
                first += batch.num_rows
    except Exception:  # noqa: BLE001 - an example is not worth an error
        return None
    return None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…"
