"""Hashes of rows, in the order of the rows: the last ones in memory, those before them in a temporary file."""

from __future__ import annotations

import tempfile
from typing import IO, TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 2**18
"""Hashes that are in memory at once, 8 bytes each."""


class RowHashes:
    """Hashes of 8 bytes; all of them stay in memory where no temporary file can be written."""

    def __init__(self) -> None:
        self._recent: list[pl.Series] = []
        self._in_memory = 0
        self._file: IO[bytes] | None = None
        self._in_file = 0
        self._can_write = True

    def __len__(self) -> int:
        return self._in_file + self._in_memory

    def append(self, hashes: pl.Series) -> None:
        """Take the hashes of the next rows."""
        self._recent.append(hashes)
        self._in_memory += len(hashes)
        if self._in_memory >= BLOCK and self._can_write:
            self._move_to_file()

    def __iter__(self) -> Iterator[pl.Series]:
        """Give all hashes, some at a time."""
        for start in range(0, self._in_file, BLOCK):
            yield self._read(start, min(BLOCK, self._in_file - start))
        yield from self._recent

    def thin(self, every: int) -> RowHashes:
        """Return those that ``every`` divides, and close these."""
        kept = RowHashes()
        for hashes in self:
            kept.append(hashes.filter(hashes % every == 0))
        self.close()
        return kept

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()

    def _move_to_file(self) -> None:
        """Append what is in memory to the file; what a failed attempt wrote there does not count."""
        data = pl.concat(self._recent).to_numpy().data.cast("B")
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by close
            self._file.seek(8 * self._in_file)
            self._can_write = self._file.write(data) == len(data)
        except OSError:
            self._can_write = False
        if self._can_write:
            self._in_file += self._in_memory
            self._recent, self._in_memory = [], 0

    def _read(self, start: int, count: int) -> pl.Series:
        if self._file is None:
            return pl.Series(dtype=pl.UInt64)
        self._file.seek(8 * start)
        return pl.Series(np.frombuffer(self._file.read(8 * count), np.uint64))
