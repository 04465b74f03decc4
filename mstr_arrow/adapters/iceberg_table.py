"""Iceberg tables as sinks, by pyiceberg; an extra."""

from __future__ import annotations

import itertools
import uuid
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.adapters.sql_names import name_parts
from mstr_arrow.adapters.table_columns import Holding
from mstr_arrow.adapters.table_sink import TableSink
from mstr_arrow.errors import TableError, UsageError
from mstr_arrow.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mstr_arrow.adapters.table_sink import Choice

CHUNK_BYTES = 64 * 10**6
"""Bytes of rows that become a file, or one for each partition: pyiceberg holds them several times meanwhile."""
_COMMITS = 4
"""Commits that are tried, each on what others have left."""


class IcebergTableSink(TableSink):
    """An Iceberg table: one of pyiceberg's, or ``catalog.namespace.table`` by pyiceberg's own configuration.

    Files are written chunk by chunk as rows come, and belong to the table from the one commit on. Holds a chunk
    several times.
    """

    holding = Holding("Iceberg tables")

    def __init__(self, table: Any, chosen: Choice, storage_options: Mapping[str, str] | None) -> None:
        _require_pyiceberg()
        from pyiceberg.table import Table

        if chosen.mode == "merge":
            raise UsageError("rows are not merged into Iceberg tables.", hint='Give mode="append" or "overwrite".')
        self._given = table if isinstance(table, Table) else None
        self._parts = (".".join(table.name()),) if self._given is not None else name_parts(table, 99)
        if self._given is None and len(self._parts) < 3:
            raise UsageError(
                f"{table!r} is no name of an Iceberg table.",
                hint="Give it as catalog.namespace.table, or the table.",
            )
        super().__init__(chosen, f"the Iceberg table {'.'.join(self._parts)}")
        self._options = dict(storage_options or {})
        self._catalog: Any = None
        self._table: Any = None
        self._begun: Any = None

    def _look(self) -> pa.Schema | None:
        from pyiceberg.catalog import load_catalog
        from pyiceberg.exceptions import NoSuchTableError

        if self._given is not None:
            self._table = self._given.refresh()
        else:
            self._catalog = load_catalog(self._parts[0], **self._options)
            try:
                self._table = self._catalog.load_table(self._parts[1:])
            except NoSuchTableError:
                self._table = None
                return None
        return self._table.schema().as_arrow()

    def _prepare(self) -> None:
        by = self._choice.partition_by
        if self._table is not None:
            found = [field.name for field in self._table.spec().fields]
            if by and found != list(by):
                raise UsageError(
                    f"{self._where} is partitioned by {listing(found) or 'nothing'}, not by {listing(by)}.",
                    hint="Leave partition_by out: a table keeps the partitions it has.",
                )
        self._begun = self._begin()

    def _begin(self) -> Any:
        """Begin a transaction in which the table has the columns that come."""
        if self._fit is None:
            raise RuntimeError("not started")
        if self._table is None:
            begun = self._catalog.create_table_transaction(self._parts[1:], schema=self._fit.schema)
            if self._choice.partition_by:
                with begun.update_spec() as spec:
                    for name in self._choice.partition_by:
                        spec.add_identity(name)
            return begun
        begun = self._table.transaction()
        if self._fit.added:
            with begun.update_schema() as columns:
                columns.union_by_name(self._fit.schema)
        return begun

    def _load(self, reader: pa.RecordBatchReader) -> None:
        from pyiceberg.exceptions import CommitFailedException
        from pyiceberg.io.pyarrow import _dataframe_to_data_files  # what its append() uses, too

        io, name, numbers = self._begun._table.io, uuid.uuid4(), itertools.count()  # noqa: SLF001 - of a new table, too
        metadata = self._begun.table_metadata
        files: list[Any] = []
        try:
            for rows in _chunks(reader):
                files += _dataframe_to_data_files(metadata, rows, io, name, numbers)
            self._commit(files)
        except BaseException as error:
            # Where nobody knows whether a commit came through, its files may be the table's.
            if isinstance(error, CommitFailedException) or not self._committing:
                for file in files:
                    with suppress(Exception):
                        io.delete(file.file_path)
            raise

    def _commit(self, files: list[Any]) -> None:
        from pyiceberg.exceptions import CommitFailedException
        from pyiceberg.expressions import AlwaysTrue

        columns = self._begun.table_metadata.schema()
        for left in reversed(range(_COMMITS)):
            self._committing = False
            if self._table is not None:
                self._table.refresh()
                self._begun = self._begin()
            if self._begun.table_metadata.schema().fields != columns.fields:
                raise TableError(f"{self._where} was given other columns meanwhile.", hint="Run again.")
            if self._table is not None and self._choice.mode == "overwrite":
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "Delete operation did not match any records")
                    self._begun.delete(AlwaysTrue())
            with self._begun.update_snapshot().fast_append() as append:
                for file in files:
                    append.append_data_file(file)
            self._committing = True
            try:
                self._begun.commit_transaction()
            except CommitFailedException:
                if not left:
                    raise
            else:
                return

    _committing = False

    def _secrets(self) -> Mapping[str, str]:
        return self._options


def _chunks(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Gather batches until they have `CHUNK_BYTES`."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in reader:
        held.append(batch)
        size += batch.nbytes
        if size >= CHUNK_BYTES:
            yield pa.Table.from_batches(held)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held)


def _require_pyiceberg() -> None:
    try:
        import pyiceberg.table  # noqa: F401 - an extra
    except ImportError as error:
        raise UsageError("pyiceberg is not installed.", hint="pip install 'mstr-arrow[iceberg]'") from error
