"""The counts and times of an upload so far."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from mstr_arrow.upload.write_result import TableResult, UploadProgress, WriteResult

if TYPE_CHECKING:
    from mstr_arrow.upload.chunks import Chunk
    from mstr_arrow.upload.table_summary import TableSummary


@dataclass(slots=True)
class UploadStatistics:
    """The counts and times of an upload so far; seconds of encoding run beside the others."""

    total_rows: int | None
    idle: frozenset[str] = frozenset()
    tables: dict[str, TableResult] = field(default_factory=dict)
    retries: int = 0
    odd_answers: int = 0
    restarts: int = 0
    began: float = field(default_factory=time.monotonic)
    encoding: float = 0.0
    waiting: float = 0.0
    sending: float = 0.0
    publishing: float = 0.0
    nulled: dict[str, int] = field(default_factory=dict)
    shortened: dict[str, int] = field(default_factory=dict)
    ambiguous: dict[str, int] = field(default_factory=dict)
    summaries: dict[str, TableSummary] = field(default_factory=dict)
    verified: bool | None = None
    verification: str = "not asked for"

    @property
    def rows(self) -> int:
        """The rows that the server took, all tables together."""
        return sum(table.rows for table in self.tables.values())

    def begin_again(self) -> None:
        """Forget what was sent, of which nothing is left on the server."""
        self.restarts += 1
        for counted in (self.tables, self.nulled, self.shortened, self.ambiguous, self.summaries):
            counted.clear()

    def begin(self, table: str, chunks: int, rows: int) -> None:
        """Begin a table of which the server has so many chunks and rows already."""
        self.tables[table] = TableResult(name=table, chunks=chunks, rows=rows)

    @property
    def in_doubt(self) -> bool:
        """Whether the server may not have all chunks once: one was sent again, or another may have answered."""
        return self.retries > 0 or self.odd_answers > 0

    def add_chunk(self, chunk: Chunk, retries: int, *, odd: bool) -> None:
        """Count a chunk that the server took; ``odd`` is an answer that says something, where none is due."""
        self.odd_answers += odd
        done = self.tables[chunk.table]
        self.tables[chunk.table] = replace(
            done, rows=done.rows + chunk.rows, bytes=done.bytes + chunk.size, chunks=done.chunks + 1
        )
        self.retries += retries
        for mine, lost in (
            (self.nulled, chunk.losses.nulled),
            (self.shortened, chunk.losses.shortened),
            (self.ambiguous, chunk.losses.ambiguous),
        ):
            for column, count in lost.items():
                name = f"{chunk.table}.{column}"
                mine[name] = mine.get(name, 0) + count

    def add_summary(self, table: str, summary: TableSummary) -> None:
        """Note what a reader will see of a table."""
        self.summaries[table] = summary
        self.tables[table] = replace(
            self.tables[table], rows_shown=summary.grouping.shown, estimated=summary.grouping.estimated
        )

    @property
    def merged(self) -> dict[str, str]:
        """The remark on rows that attributes do not tell apart, by table."""
        return {table: summary.merged for table, summary in self.summaries.items() if summary.merged}

    def progress(self, phase: Literal["sending", "publishing"], table: str | None, message: str) -> UploadProgress:
        """Say how far it is."""
        return UploadProgress(
            phase=phase,
            table=table,
            rows=self.rows,
            total_rows=self.total_rows,
            bytes=sum(each.bytes for each in self.tables.values()),
            chunks=sum(each.chunks for each in self.tables.values()),
            server_says=message,
        )

    def result(self, cube_id: str, name: str, *, created: bool, published: bool) -> WriteResult:
        """Say what was done."""
        return WriteResult(
            cube_id=cube_id,
            name=name,
            created=created,
            published=published,
            tables=tuple(self.tables.values()),
            retries=self.retries,
            restarts=self.restarts,
            seconds=time.monotonic() - self.began,
            seconds_encoding=self.encoding,
            seconds_waiting=self.waiting,
            seconds_sending=self.sending,
            seconds_publishing=self.publishing,
            verified=self.verified,
            verification=self.verification,
            nulled=self.nulled,
            shortened=self.shortened,
            ambiguous=self.ambiguous,
            without_effect={
                name: table.rows for name, table in self.tables.items() if name in self.idle and table.rows
            },
            merged=self.merged,
        )
