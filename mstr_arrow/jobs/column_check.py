"""Whether a job may go on with the columns that its object has now. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.grid.shape import changes_of, check_shape

if TYPE_CHECKING:
    import pyarrow as pa

    from mstr_arrow.grid.shape import ColumnChange, SchemaMode
    from mstr_arrow.jobs.records.record import JobRecord

HINTS: dict[SchemaMode, str] = {
    "add": 'Take new columns by schema_mode = "add" in the job.',
    "replace": 'Look whether that is meant. Then run it once with schema_mode = "replace" in the job, if the '
    "destination can hold these columns, or give it a new destination.",
}


def check_columns(
    last: JobRecord | None, now: pa.Schema, mode: SchemaMode, *, asked: str | None = None, adds: bool = True
) -> tuple[ColumnChange, ...]:
    """Return how columns changed since a job was done last, none where it never was or they are not known.

    ``asked`` is that of `JobRecord`: where the job itself was changed, nothing is refused. ``adds`` says whether
    the destination takes new columns. Errors: SchemaChanged, before anything is written.
    """
    if last is None or last.schema is None:
        return ()
    if None not in {asked, last.asked} and asked != last.asked:
        return changes_of(last.schema, now)
    name = last.object or last.job
    return check_shape(last.schema, now, mode, of=f"the columns of {name!r}", hints=HINTS, adds=adds)
