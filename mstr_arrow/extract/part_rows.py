"""Rows of parts that are there, read row group by row group."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from mstr_arrow.errors import FileError
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from mstr_arrow.extract.manifest import Manifest, Part

    Open = Callable[[Part], AbstractContextManager[pq.ParquetFile]]


def last_rows(opened: Open, manifest: Manifest, rows: int) -> pa.Table:
    """Return the last rows of the parts, at most ``rows``; errors: FileError."""
    found: list[pa.Table] = []
    for part in reversed(manifest.parts):
        with opened(part) as file:
            for group in reversed(range(file.num_row_groups)):
                table = file.read_row_group(group)
                found.insert(0, table.slice(max(0, len(table) - rows)))
                rows -= len(found[0])
                if not rows:
                    return pa.concat_tables(found)
    return pa.concat_tables(found)


def rows_of(opened: Open, part: Part, offset: int, rows: int) -> pa.Table:
    """Return some rows of a part; errors: FileError."""
    found, begin = [], 0
    with opened(part) as file:
        for group in range(file.num_row_groups):
            end = begin + file.metadata.row_group(group).num_rows
            if end > offset and begin < offset + rows:
                found.append(file.read_row_group(group).slice(max(0, offset - begin), offset + rows - begin))
            begin = end
    return pa.concat_tables(found).slice(0, rows)


@contextmanager
def readable(shown: str) -> Iterator[None]:
    """Tell that a part cannot be read, of which only the size was looked at; errors: FileError."""
    try:
        yield
    except FileError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise FileError(
            f"{shown!r} cannot be read: {error}.",
            filename=shown,
            hint=naming('It is looked for, and fetched again, with {Scan.extract.verify="checksums"}.'),
        ) from error
