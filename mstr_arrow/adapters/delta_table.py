"""Delta tables as sinks, by deltalake; an extra."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.adapters.table_columns import Holding
from mstr_arrow.adapters.table_sink import TableSink
from mstr_arrow.errors import UsageError
from mstr_arrow.names import listing, suggestion
from mstr_arrow.paths import is_remote, path_to_write
from mstr_arrow.query.expressions import Expression, column_names
from mstr_arrow.query.sql_conditions import from_sql, quote, to_sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.adapters.table_sink import Choice

ROW_GROUP_ROWS = 131_072
"""Rows of a row group, which deltalake holds until it is full: as in files, and not the million of its own."""


class DeltaTableSink(TableSink):
    """A Delta table, given by its folder, a URI or as a `deltalake.DeltaTable`.

    ``replace_where`` is the condition on the rows that an overwrite replaces. Parquet files of a write that did
    not come to its commit stay in the folder, unseen, until the table is vacuumed.
    """

    holding = Holding("Delta tables", times=False, letter_case=False)

    def __init__(
        self,
        table: Any,
        chosen: Choice,
        replace_where: Expression | str | None,
        storage_options: Mapping[str, str] | None,
    ) -> None:
        self._tool = _deltalake()
        self._given = table if isinstance(table, self._tool.DeltaTable) else None
        self._uri = table.table_uri if self._given is not None else _uri(table)
        super().__init__(chosen, f"the Delta table {self._uri}")
        self._options = dict(storage_options or {})
        self._table: Any = None
        self._condition = from_sql(replace_where) if isinstance(replace_where, str) else replace_where
        if self._condition is not None:
            if chosen.mode != "overwrite":
                raise UsageError("replace_where says which rows are overwritten.", hint='Give mode="overwrite".')
            if not isinstance(self._condition, Expression):
                raise UsageError(
                    f"replace_where is {replace_where!r}, which is no condition.",
                    hint="Give one of mstr_arrow.col, or as SQL writes it after WHERE.",
                )
            self._predicate: str | None = to_sql(self._condition)
        else:
            self._predicate = None

    def _look(self) -> pa.Schema | None:
        if self._given is not None:
            self._given.update_incremental()
            self._table = self._given
        else:
            _refuse_other_things(self._uri)
            self._table = None
            if not self._tool.DeltaTable.is_deltatable(self._uri, self._options or None):
                return None
            self._table = self._tool.DeltaTable(self._uri, storage_options=self._options or None)
        return pa.schema(self._table.schema().to_arrow())

    def _prepare(self) -> None:
        names = self._fit.schema.names if self._fit else []
        if self._condition is not None:
            for name in column_names(self._condition):
                if name not in names:
                    raise UsageError(
                        f"replace_where names {name!r}, which is no column of {self._where}.",
                        hint=suggestion(name, names),
                    )
        if self._table is None or not self._choice.partition_by:
            return
        found = list(self._table.metadata().partition_columns)
        if found != list(self._choice.partition_by):
            raise UsageError(
                f"{self._where} is partitioned by {listing(found) or 'nothing'}, not by "
                f"{listing(self._choice.partition_by)}.",
                hint="Leave partition_by out: a table keeps the partitions it has.",
            )

    def _load(self, reader: pa.RecordBatchReader) -> None:
        if self._choice.mode == "merge" and self._table is not None:
            self._merge(reader)
            return
        there = self._table is not None
        overwrites = there and self._choice.mode == "overwrite"
        self._tool.write_deltalake(
            self._table if there else self._uri,
            reader,
            mode="overwrite" if overwrites else "append" if there else "error",
            partition_by=None if there else list(self._choice.partition_by) or None,
            schema_mode="merge" if self._fit and self._fit.added else None,
            storage_options=None if there else self._options or None,
            writer_properties=self._tool.WriterProperties(compression="ZSTD", max_row_group_size=ROW_GROUP_ROWS),
            **({"predicate": self._predicate} if overwrites and self._predicate else {}),
        )

    def _merge(self, reader: pa.RecordBatchReader) -> None:
        same = " AND ".join(f"kept.{quote(key)} = come.{quote(key)}" for key in self._choice.keys)
        merger = self._table.merge(
            reader,
            predicate=same,
            source_alias="come",
            target_alias="kept",
            merge_schema=bool(self._fit and self._fit.added),
        )
        merger.when_matched_update_all().when_not_matched_insert_all().execute()

    def _hint(self, error: Exception) -> str | None:
        if isinstance(error, self._tool.exceptions.CommitFailedError):
            return "Another has written to it meanwhile; it is as that left it. Run again."
        return super()._hint(error)

    def _secrets(self) -> Mapping[str, str]:
        return self._options


def _deltalake() -> Any:
    try:
        import deltalake
        import deltalake.exceptions
    except ImportError as error:
        raise UsageError("deltalake is not installed.", hint="pip install 'mstr-arrow[delta]'") from error
    return deltalake


def _uri(table: str | os.PathLike[str]) -> str:
    """Return where a table is, for the tool."""
    return str(table) if is_remote(table) else str(path_to_write(table).absolute())


def _refuse_other_things(uri: str) -> None:
    """Refuse a path that holds something else than a Delta table; what is in a store is not looked at."""
    if is_remote(uri) or not os.path.lexists(uri):
        return
    if not Path(uri).is_dir():
        raise UsageError(f"{uri!r} is a file, and a Delta table is a folder.", hint="Give another path.")
    found = sorted(each.name for each in Path(uri).iterdir())
    if found and "_delta_log" not in found:
        raise UsageError(
            f"the folder {uri!r} holds {listing(found[:3])}, and is no Delta table: there is no _delta_log in it.",
            hint="Give a new folder, or an empty one.",
        )
