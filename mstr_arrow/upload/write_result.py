"""The plan and the result of an upload."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.upload.slices import Orientation


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
    """How far an upload is; what ``on_progress`` receives after each chunk and each look at the publish status.

    ``rows`` of ``total_rows`` (None where the data do not tell) were taken by the server, in ``chunks`` requests
    of ``bytes``, all tables together; ``table`` is the one under way, None while publishing. ``server_says`` is
    the message of the publish status.
    """

    phase: Literal["sending", "publishing"]
    table: str | None
    rows: int
    total_rows: int | None
    bytes: int
    chunks: int
    server_says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableResult:
    """The part of an upload that was one table: ``rows``, in ``bytes`` of request bodies.

    ``rows_shown`` are those that a reader sees of them, for rows with equal attributes are added up; None where the
    dataset's attributes were not known. It is ``estimated`` for more than 20 million rows.
    """

    name: str
    rows: int = 0
    bytes: int = 0
    chunks: int = 0
    rows_shown: int | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """The result of an upload.

    ``created`` says whether the dataset is new, ``published`` whether its cube shows the data. ``bytes`` are
    those of request bodies; ``retries`` chunks were sent again, and ``restarts`` is how often all of them were, as
    the upload session was lost. ``seconds`` is the whole time;
    ``seconds_encoding`` runs beside ``seconds_sending``, and ``seconds_waiting`` is what the sender waited for
    it. ``verified`` says whether what the cube shows was read back and is right: row counts, and with ``verify``
    the rows of a cube of one table and the sums of metrics; None where it was not read, or cannot be known;
    ``verification`` says what was compared, or why not.
    ``nulled`` counts NaN and infinities that became null, ``shortened`` times and timestamps that lost digits
    below the millisecond, ``ambiguous`` timestamps in an hour that occurs twice in the time zone of the upload,
    when clocks are put back, each by ``table.column``; ``without_effect`` counts the rows, by table, that could
    change nothing, since ``"update"`` changes metrics and their table has none.
    """

    cube_id: str
    name: str
    created: bool
    published: bool
    tables: tuple[TableResult, ...]
    retries: int
    seconds: float
    seconds_encoding: float
    seconds_waiting: float
    seconds_sending: float
    seconds_publishing: float
    verified: bool | None
    verification: str
    restarts: int = 0
    nulled: Mapping[str, int] = field(default_factory=dict)
    shortened: Mapping[str, int] = field(default_factory=dict)
    ambiguous: Mapping[str, int] = field(default_factory=dict)
    without_effect: Mapping[str, int] = field(default_factory=dict)
    merged: Mapping[str, str] = field(default_factory=dict)

    @property
    def losses(self) -> str:
        """Say what was not written as it is, and how much of it; "" where all was."""
        said = []
        if self.nulled:
            said.append(f"{_count_values(self.nulled)}: NaN or infinite, written as null")
        if self.shortened:
            said.append(f"{_count_values(self.shortened)} lost digits below the millisecond")
        if self.ambiguous:
            said.append(
                f"{_count_values(self.ambiguous)}: in an hour that occurs twice in the time zone of the upload, "
                "when clocks are put back, so that different moments became one time, as they do not in UTC"
            )
        said += [
            f"no row of table {table!r} ({rows:,} sent) can change anything, as 'update' changes metrics only, "
            "and it has none"
            for table, rows in self.without_effect.items()
        ]
        said += self.merged.values()
        return "; ".join(said)

    @property
    def rows(self) -> int:
        """Rows sent, all tables together."""
        return sum(table.rows for table in self.tables)

    @property
    def rows_shown(self) -> int | None:
        """Rows that a reader sees of those sent, all tables together; None where one is not known."""
        shown = [table.rows_shown for table in self.tables]
        return None if None in shown else sum(rows or 0 for rows in shown)

    @property
    def bytes(self) -> int:
        """Bytes of request bodies, all tables together."""
        return sum(table.bytes for table in self.tables)

    @property
    def chunks(self) -> int:
        """Chunks sent, all tables together."""
        return sum(table.chunks for table in self.tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Where an upload stopped whose session was kept: what `SuperCube.create` and `update` take to go on.

    ``taken`` says of each table how many chunks, and how many rows in them, the server has. The session lives no
    longer than the log-in that opened it. ``new`` says whether the dataset was made for this upload: it waits
    without data, and is deleted when the upload fails for good.
    """

    dataset_id: str
    session_id: str
    orientation: Orientation
    taken: Mapping[str, tuple[int, int]]
    new: bool = False


def _count_values(columns: Mapping[str, int]) -> str:
    count = sum(columns.values())
    return f"{count:,} value{'' if count == 1 else 's'} of {', '.join(columns)}"
