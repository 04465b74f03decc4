"""The result of an extraction. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from mstr_arrow.extract.manifest import Manifest, Part
    from mstr_arrow.fetch.bad_values import BadValues
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.shape import ColumnChange
    from mstr_arrow.instances.freshness import Published
    from mstr_arrow.instances.known import Consistency


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractResult:
    """The result of an extraction.

    ``path`` is the folder, in a store its URI, with ``rows`` rows in ``parts`` files. ``resumed`` of these rows
    were there from former runs, and ``continued`` tells whether the instance of such a run was still alive.
    ``skipped``: the folder was whole, and nothing was read. ``restarted``: the data had changed, so it began again.
    ``damage`` says what was found that was not as former runs had written it, and has been fetched again; None in
    all other cases.
    ``data_time`` is when the data were last published; where it is None, ``why_no_data_time`` says why.
    ``bad_values`` counts the values that did not fit their columns and became null, in former runs, too.
    ``consistent`` says how certain it is that all rows are of the same data, as `ScanStats` does, over all runs.
    ``schema`` is that of the parts, and ``files`` are these: each with its name, rows, bytes and SHA-256.
    ``changes`` are those of the columns since the extraction whose place it took.
    ``stats`` are those of the read; None without one.
    """

    path: Path | str
    rows: int
    parts: int
    resumed: int = 0
    continued: bool = False
    skipped: bool = False
    restarted: bool = False
    damage: str | None = None
    data_time: str | None = None
    why_no_data_time: str | None = None
    consistent: Consistency = "one instance"
    bad_values: Mapping[str, BadValues] = field(default_factory=dict)
    schema: pa.Schema | None = None
    files: tuple[Part, ...] = ()
    changes: tuple[ColumnChange, ...] = ()
    stats: ScanStats | None = None


def result_of(path: Path | str, manifest: Manifest, time: Published) -> ExtractResult:
    """Make the result of a folder that is whole: what its manifest says of it, and nothing of the run."""
    return ExtractResult(
        path=path,
        rows=manifest.rows,
        parts=len(manifest.parts),
        data_time=manifest.data_time,
        why_no_data_time=None if manifest.data_time else time.why_not,
        bad_values=manifest.bad_values,
        consistent=manifest.consistent,
        schema=manifest.schema,
        files=manifest.parts,
    )
