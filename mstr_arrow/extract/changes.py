"""Whether the rest of an extraction is still the rest of the same data. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import DataChanged
from mstr_arrow.extract.order import attribute_names
from mstr_arrow.grid.misfits import misfits_in
from mstr_arrow.grid.shape import check_shape
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from mstr_arrow.extract.manifest import Manifest
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.shape import ColumnChange, SchemaMode
    from mstr_arrow.instances.freshness import Published
    from mstr_arrow.instances.known import Known

_TO_TAKE_THEM: dict[SchemaMode, str] = {
    "add": naming('Take new columns by {Scan.extract.schema_mode="add"}.'),
    "replace": naming('Where that is meant, take all changes by {Scan.extract.schema_mode="replace"}.'),
}
_HINT = naming('Start again: {Scan.extract.on_change="restart"} does so by itself.')


def check_time(begun: Manifest, time: Published) -> None:
    """Compare when the data were published; errors: DataChanged."""
    if begun.data_time is not None and time.moment is not None and begun.data_time != time.moment:
        raise _refuse(f"the data were published at {time.moment}, and those extracted so far at {begun.data_time}")


def check_known(begun: Manifest, known: Known) -> None:
    """Compare all that is known of the data as a whole; errors: DataChanged."""
    if (difference := begun.known.difference(known)) is not None:
        raise _refuse(difference)


def check_proof(begun: Manifest, known: Known) -> None:
    """Check that the data are certainly the same; errors: DataChanged."""
    if not begun.known.proves(known):
        raise DataChanged(
            "the extraction cannot go on: that nothing was published since it began is likely, but not certain.",
            hint=naming(
                'Start again with {Scan.extract.on_change="restart"}, have this login monitor the caches of cubes, '
                'or go on without proof: {Scan.with_options.consistency="likely"}.'
            ),
        )


def check_sample(written: pa.Table, fetched: pa.Table, first: int) -> None:
    """Compare rows somewhere among those that were written with the same rows now; errors: DataChanged."""
    if not _same(written, fetched):
        raise _refuse(f"rows from row {first} on are not those that were extracted")


def check_columns_of(begun: Manifest, schema: pa.Schema) -> None:
    """Compare the columns; errors: DataChanged."""
    if not schema.equals(begun.schema, check_metadata=True):
        raise _refuse("there are other columns than there were")


def compare_columns(before: Manifest | None, schema: pa.Schema, mode: SchemaMode) -> tuple[ColumnChange, ...]:
    """Return how columns changed since the extraction that is replaced; errors: SchemaChanged."""
    if before is None:
        return ()
    of = f"the columns of {before.asked.name or before.asked.id!r}"
    return check_shape(before.schema, schema, mode, of=of, hints=_TO_TAKE_THEM)


def check_overlap(written: pa.Table, fetched: pa.Table) -> None:
    """Compare the last rows that were written with the same rows as they are now; errors: DataChanged."""
    if written.num_rows != fetched.num_rows or not _same(written, fetched):
        raise _refuse(f"the last {written.num_rows} rows that were extracted are others now")


def check_bad_values(begun: Manifest, start: int, misfits: Sequence[Misfit]) -> None:
    """Compare the bad values of the last rows, which were written as null, as they came; errors: DataChanged."""
    rows = range(start, begun.offset)
    if misfits_in(rows, misfits) != begun.last_bad(rows):
        raise _refuse(f"values of the last {len(rows)} rows that fit no column are others now")


def check_border(written: pa.Table, fetched: pa.Table) -> None:
    """Check that the rows on both sides of where an extraction goes on do not look alike; errors: DataChanged.

    A sort may put such rows in another order in the next instance.
    """
    names = attribute_names(fetched.schema)
    if names and written.num_rows and fetched.num_rows:
        last, first = ([_fold(row[name]) for name in names] for row in (_row(written, -1), _row(fetched, 0)))
        if last == first:
            raise _refuse("the rows where it stopped have the same attributes, so their order is not certain")


def _same(written: pa.Table, fetched: pa.Table) -> bool:
    plain = fetched.cast(written.schema)
    return (
        all(
            mine.combine_chunks().equals(theirs.combine_chunks())
            for mine, theirs in zip(written.columns, plain.columns, strict=True)
        )
        or written.to_pylist() == plain.to_pylist()
    )


def _row(table: pa.Table, at: int) -> dict[str, object]:
    row: dict[str, object] = table.slice(at % table.num_rows, 1).to_pylist()[0]
    return row


def _fold(value: object) -> object:
    """Return a value as a server's collation may fold it."""
    return value.casefold().strip() if isinstance(value, str) else value


def _refuse(why: str) -> DataChanged:
    return DataChanged(f"the extraction cannot go on: {why}.", hint=_HINT)
