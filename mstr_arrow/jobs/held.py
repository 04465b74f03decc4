"""Up to where a destination has rows, as it tells itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.lazy import pl
from mstr_arrow.query.sql_conditions import quote

if TYPE_CHECKING:
    from mstr_arrow.jobs.definition.targets import Target
    from mstr_arrow.query.since import Grown


def highest_in(target: Target, column: str) -> Grown | None:
    """Return the highest value of a column in a destination; None where there is nothing yet.

    Errors: UsageError for a destination that is not looked into, or has no such column.
    """
    if target.path is not None and not target.path.exists():
        return None
    looks = {"parts": _of_parts, "delta": _of_delta, "duckdb": _of_duckdb}
    if target.way not in looks or (target.way == "parts" and target.path is None):
        raise UsageError(
            f"up to which {column!r} there are rows in {target} cannot be told: folders on this machine, Delta and "
            "DuckDB tables are looked into.",
            hint='A job keeps it on record where it merges rows by keys, or replaces partitions: mode = "merge".',
        )
    try:
        return looks[target.way](target, column)
    except (UsageError, MemoryError):
        raise
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        raise UsageError(
            f"up to which {column!r} there are rows in {target} cannot be told: {said}",
            hint="Was it written by something else? Give another destination, or remove the one that is there.",
        ) from error


def _of_parts(target: Target, column: str) -> Grown | None:
    folder = target.path
    if folder is None or not any(folder.rglob("*.parquet")):
        return None
    files = pl.scan_parquet(folder / "**/*.parquet", hive_partitioning=True)
    return _value(files.select(pl.col(column).max()).collect())


def _of_delta(target: Target, column: str) -> Grown | None:
    import deltalake

    options = dict(target.options) or None
    if not deltalake.DeltaTable.is_deltatable(target.place, options):
        return None
    table = deltalake.DeltaTable(target.place, storage_options=options)
    query = deltalake.QueryBuilder().register("held", table)
    statement = f"select max({quote(column)}) from held"  # noqa: S608 - quoted
    return _value(pl.DataFrame(query.execute(statement)))


def _of_duckdb(target: Target, column: str) -> Grown | None:
    import duckdb

    with duckdb.connect(target.place, read_only=True) as database:
        try:
            held = database.table(str(target.table))
        except duckdb.CatalogException:
            return None
        ((value,),) = held.aggregate(f"max({quote(column)})").fetchall()
        return value  # type: ignore[no-any-return]  # what the column holds


def _value(frame: pl.DataFrame) -> Grown | None:
    value: Grown | None = frame.item()
    return value
