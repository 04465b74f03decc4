"""Where a job's rows go, read from what its file says. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from mstr_arrow.errors import UsageError
from mstr_arrow.files.formats import SUFFIXES, Format
from mstr_arrow.files.object_names import safe_name
from mstr_arrow.jobs.definition.templates import fill_in, names_in
from mstr_arrow.masked import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.jobs.definition.file_model import Job, Place
    from mstr_arrow.jobs.definition.templates import Values

Way = Literal["extract", "parts", Format, "delta", "iceberg", "duckdb", "adbc"]

_TOOLS: tuple[Way, ...] = ("delta", "iceberg", "duckdb", "adbc")


@dataclass(frozen=True, slots=True)
class Target:
    """A place, and how it is written: a folder by an extraction that goes on or in parts, a file, or a table.

    ``place`` is a path on this machine, or a URI; ``table`` the name of a table in a database, ``options`` are
    those of its driver, or of the storage of a table of a lake.
    """

    way: Way
    place: str
    table: str | None = None
    driver: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        shown = without_secrets(self.place)
        return f"{shown}, table {self.table}" if self.table else shown

    @property
    def path(self) -> Path | None:
        """The path on this machine; None where it is elsewhere, or is a name of a catalogue."""
        elsewhere = self.way in {"iceberg", "adbc"} or _is_uri(self.place)
        return None if elsewhere else Path(self.place)


def target_of(job: Job, values: Values, folder: Path) -> Target:
    """Read the destination of a job for one object; relative paths begin at ``folder``. Errors: UsageError.

    A folder that does not name the object gets a folder for each of several.
    """
    named = values if values.object is None else with_safe_name(values)
    given = job.destination
    if given is None:
        raise UsageError("there is no destination.")
    if not isinstance(given, str):
        return _table(given, named, folder)
    text = fill_in(given, named)
    in_parts = given.endswith(("/", "\\")) or not Path(urlsplit(text).path).suffix
    if job.include and "object" not in names_in(given):
        if not in_parts:
            raise UsageError(
                f"all objects of the job would be written to {text!r}.",
                hint='Name the object in it, as in "sales/{object}.parquet", or give a folder.',
            )
        text = f"{text.rstrip('/')}/{named.object}/"
    place = text if _is_uri(text) else _local(text, folder)
    if in_parts or job.partition_by:
        return Target("extract" if _can_go_on(job) else "parts", place.rstrip("/") if _is_uri(place) else place)
    way: Way | None = job.format or SUFFIXES.get(Path(urlsplit(text).path).suffix.lower())
    if way is None:
        raise UsageError(
            f"the name {text!r} does not say which format is wanted.",
            hint=f'End it in {", ".join(SUFFIXES)}, or in / for a folder of Parquet parts, or add format = "csv".',
        )
    return Target(way, place)


def _can_go_on(job: Job) -> bool:
    """Tell whether rows are read in a total order, part by part, so that another run goes on."""
    plain = job.layout == "tidy" and job.subtotals == "drop" and not (job.all_pages or job.sort or job.head)
    return job.resume and plain and not job.partition_by and job.mode == "overwrite"


def _table(place: Place, values: Values, folder: Path) -> Target:
    way = next(tool for tool in _TOOLS if getattr(place, tool) is not None)
    text = fill_in(getattr(place, way), values)
    if way in {"delta", "duckdb"} and not _is_uri(text):
        text = _local(text, folder)
    given = (place.driver_options if way == "adbc" else place.storage_options) or {}
    options = {key: fill_in(value, values) for key, value in given.items()}
    return Target(way, text, fill_in(place.table, values) if place.table else None, place.driver, options)


def with_safe_name(values: Values) -> Values:
    """Return values whose object is named as a file can be."""
    return replace(values, object=safe_name(values.object or ""))


def _is_uri(text: str) -> bool:
    return re.match(r"(?!file:)[a-z][a-z0-9+.-]+://", text, re.IGNORECASE) is not None


def _local(text: str, folder: Path) -> str:
    """Give the path that a text leads to from a folder on."""
    if text.lower().startswith("file:"):
        return text
    return str(folder / Path(text).expanduser())
