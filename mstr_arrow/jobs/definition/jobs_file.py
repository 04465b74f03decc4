"""Read a file of jobs, and tell all that is wrong with it, each with its line."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import InsecureWarning, UsageError
from mstr_arrow.jobs.definition.file_wording import in_words_of_the_file
from mstr_arrow.jobs.definition.problems import Problem, combine_problems, problems_of
from mstr_arrow.jobs.definition.targets import target_of
from mstr_arrow.jobs.definition.templates import Values, names_in
from mstr_arrow.jobs.increments import reads_again
from mstr_arrow.jobs.records.history import beside
from mstr_arrow.names import suggestion
from mstr_arrow.paths import read_path
from mstr_arrow.query.since import read_overlap
from mstr_arrow.query.sql_conditions import from_sql
from mstr_arrow.session.login_modes import SECRETS
from mstr_arrow.toml.line_numbers import line_of, lines_of
from mstr_arrow.toml.reader import read_toml

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from mstr_arrow.jobs.definition.file_model import File, Job, Place
    from mstr_arrow.toml.line_numbers import Path as Way

_FILLED = ("destination", "where", "having", "prompts", "pages", "parameters")
"""Keys of a job in whose texts braces are filled in."""


@dataclass(frozen=True, slots=True)
class JobsFile:
    """A file of jobs that is right in itself; ``jobs`` have their defaults in them, in the order of the file."""

    path: Path
    content: File
    jobs: Mapping[str, Job]

    @property
    def records(self) -> Path:
        """The folder of the records."""
        given = self.content.run.records
        return beside(self.path) if given is None else self.path.parent / given


def read_jobs(path: str | os.PathLike[str]) -> JobsFile:
    """Read a file of jobs; errors: UsageError with all that is wrong in it, FileError."""
    file = read_path(path)
    if not file.is_file():
        raise UsageError(f"there is no file of jobs {str(file)!r}.", hint=f"Give the path of one. {_WRITTEN}")
    text, content = read_toml(file, _WRITTEN)
    checked, jobs = _check(file, text, content)
    _warn_of_secrets(file, text, checked)
    return JobsFile(file, checked, jobs)


def schema() -> dict[str, Any]:
    """Return the JSON schema of a file of jobs, as editors take it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_model().model_json_schema()}


def _model() -> type[File]:
    try:
        from mstr_arrow.jobs.definition.file_model import File  # noqa: PLC0415 - an extra, for those who have jobs
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pydantic":
            raise
        raise UsageError(
            "a file of jobs is checked by the package pydantic, which is not here.",
            hint="Run: pip install 'mstr-arrow[jobs]'",
        ) from None
    return File


def _check(file: Path, text: str, content: dict[str, Any]) -> tuple[File, dict[str, Job]]:
    model = _model()
    from pydantic import ValidationError  # noqa: PLC0415 - as above

    servers = {
        name: {key.replace("-", "_"): value for key, value in table.items()} if isinstance(table, dict) else table
        for name, table in _table(content, "servers").items()
    }
    defaults = _table(content, "defaults")
    merged = {
        name: defaults | table if isinstance(table, dict) else table
        for name, table in _table(content, "jobs").items()
    }
    filled_in = content | ({"servers": servers} if servers else {}) | ({"jobs": merged} if merged else {})
    try:
        checked = model.model_validate(filled_in)
    except ValidationError as error:
        problems = problems_of(error, content)
    else:
        problems = [problem for name, job in checked.jobs.items() for problem in _of_job(name, job, checked)]
    if problems:
        lines = lines_of(text)
        raise combine_problems(file, [(line_of(lines, problem.way), problem) for problem in problems])
    return checked, dict(checked.jobs)


def _table(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _of_job(name: str, job: Job, file: File) -> Iterator[Problem]:
    """Find what no key says by itself."""
    way: Way = ("jobs", name)
    yield from _of_object(way, name, job)
    yield from _of_server(way, name, job, file)
    yield from _of_destination(way, name, job)
    yield from _of_texts(way, job)
    for key, words in _texts_of(job):
        try:
            names_in(words)
        except UsageError as error:
            yield Problem((*way, *key), error.message.rstrip("."), error.hint or "")


def _of_object(way: Way, name: str, job: Job) -> Iterator[Problem]:
    if (job.object is None) == (not job.include):
        said = "both object and include" if job.include else "neither object nor include"
        yield Problem(way, f"the job {name!r} has {said}", 'Write object = "Sales Cube", or include = "*sales*".')
    if job.exclude and not job.include:
        yield Problem((*way, "exclude"), f"the job {name!r} has exclude without include", "Drop it.")


def _of_server(way: Way, name: str, job: Job, file: File) -> Iterator[Problem]:
    if job.server is not None and job.server not in file.servers:
        yield Problem(
            (*way, "server"),
            f"the job {name!r} names the server {job.server!r}, and there is no [servers.{job.server}]",
            suggestion(job.server, list(file.servers)),
        )
    elif job.server is None and len(file.servers) > 1:
        yield Problem(way, f"the job {name!r} says none of {len(file.servers)} servers", 'Write server = "…".')
    if job.polite and job.concurrency is not None:
        yield Problem((*way, "polite"), f"polite and concurrency of {name!r} exclude each other", "Drop one.")


def _of_destination(way: Way, name: str, job: Job) -> Iterator[Problem]:
    if job.destination is None:
        yield Problem(way, f"the job {name!r} has no destination", 'Write destination = "sales/", for one.')
    elif not isinstance(job.destination, str):
        yield from _of_place((*way, "destination"), job.destination)
    if job.mode == "merge" and isinstance(job.destination, str):
        yield Problem(
            (*way, "mode"),
            f"the job {name!r} merges, and its destination is no table",
            'Write to a table, as in destination = {delta = "lake/sales"}.',
        )
    if job.mode == "append" and _is_file(job):
        yield Problem(
            (*way, "mode"),
            f"the job {name!r} appends, and its destination is a file",
            'Write a folder as destination, as in "sales/", or a table.',
        )
    if job.mode == "replace_partitions" and not (job.partition_by and isinstance(job.destination, str)):
        yield Problem(
            (*way, "mode"),
            f"the job {name!r} replaces partitions, and its destination is no folder that has some",
            'Write partition_by = "Year", for one, and a folder as destination.',
        )
    if job.mode == "merge" and not job.keys:
        yield Problem(
            (*way, "mode"), f"the job {name!r} merges, and has no keys", 'Write keys = ["Order"], for one.'
        )
    yield from _of_increments(way, name, job)
    if job.keep is not None and not _is_dated(job.destination):
        yield Problem(
            (*way, "keep"),
            f"the job {name!r} keeps former results, and its destination has no date in it or is not a path here",
            'Write destination = "sales/{today}/", for one.',
        )


def _of_texts(way: Way, job: Job) -> Iterator[Problem]:
    """Find conditions and paths that no run can use, as far as nothing is filled in to them."""
    for key in ("where", "having"):
        for at, condition in enumerate(getattr(job, key)):
            if "{" not in condition:
                yield from _find_refusal((*way, key, at), partial(from_sql, condition))
    if isinstance(job.destination, str) and "{" not in job.destination:
        values = Values(datetime.now(UTC))
        yield from _find_refusal((*way, "destination"), partial(target_of, job, values, Path()))


def _find_refusal(way: Way, read: Callable[[], object]) -> Iterator[Problem]:
    try:
        read()
    except UsageError as error:
        yield Problem(way, error.message.rstrip("."), error.hint or "")


def _is_file(job: Job) -> bool:
    given = job.destination
    is_path = isinstance(given, str) and not given.endswith(("/", "\\")) and not job.partition_by
    return is_path and bool(PurePath(str(given)).suffix)


def _of_increments(way: Way, name: str, job: Job) -> Iterator[Problem]:
    if job.since is None:
        if job.overlap is not None:
            yield Problem(
                (*way, "overlap"),
                f"the job {name!r} has an overlap, and nothing says of which column only new values are read",
                'Write since = "Day", for one.',
            )
        return
    if job.head is not None:
        yield Problem(
            (*way, "head"),
            f"the job {name!r} reads the first rows only of what is new, so the others would never come",
            "Drop head or since.",
        )
    try:
        read_overlap(job.overlap)
        reads_again(job.since, job.mode, job.partition_by, job.overlap)
    except UsageError as error:
        in_words_of_the_file(error)
        yield Problem((*way, "since"), f"of the job {name!r}, {error.message.rstrip('.')}", error.hint or "")


def _of_place(way: Way, place: Place) -> Iterator[Problem]:
    kinds = [kind for kind in ("delta", "iceberg", "duckdb", "adbc") if getattr(place, kind) is not None]
    if len(kinds) != 1:
        yield Problem(way, f"a destination that is a table names {' and '.join(kinds) or 'no tool'}", _PLACE)
    elif kinds[0] in {"duckdb", "adbc"} and place.table is None:
        yield Problem(
            way,
            f"a table of {kinds[0]} has a name, and none is said",
            f'Write {{{kinds[0]} = "…", table = "sales"}}.',
        )


_PLACE = 'Write {delta = "…"}, {iceberg = "…"}, {duckdb = "…", table = "…"} or {adbc = "…", table = "…"}.'


def _texts_of(job: Job) -> Iterator[tuple[Way, str]]:
    """Give the texts of a job in which braces are filled in, each with its way."""

    def walk(value: object, way: Way) -> Iterator[tuple[Way, str]]:
        if isinstance(value, str):
            yield way, value
        elif isinstance(value, dict):
            for key, each in value.items():
                yield from walk(each, (*way, key))
        elif isinstance(value, list):
            for at, each in enumerate(value):
                yield from walk(each, (*way, at))

    for key in _FILLED:
        value = getattr(job, key)
        yield from walk(value.model_dump() if hasattr(value, "model_dump") else value, (key,))


def _is_dated(destination: object) -> bool:
    is_here = isinstance(destination, str) and "://" not in destination
    return is_here and re.search(r"\{(today|yesterday|now)\b", str(destination)) is not None


def _warn_of_secrets(file: Path, text: str, content: File) -> None:
    for name, server in content.servers.items():
        for key in SECRETS:
            if isinstance(getattr(server, key), str):
                line = line_of(lines_of(text), ("servers", name, key))
                warnings.warn(
                    f"{file}, line {line} holds a secret ({key}) as it is, and such files are copied about: "
                    f'keep it elsewhere, as in {key} = {{env = "MSTR_{key.upper()}"}}.',
                    InsecureWarning,
                    stacklevel=4,
                )


_WRITTEN = 'A job is written like this:\n[jobs.sales]\nobject = "Sales Cube"\ndestination = "sales/"'
