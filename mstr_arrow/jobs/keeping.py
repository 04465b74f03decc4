"""Former results of a job, of which only some are kept: those of other days at the same destination."""

from __future__ import annotations

import os
import shutil
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from mstr_arrow.files.disk import disk_errors
from mstr_arrow.files.folders import MANIFEST, first_foreign
from mstr_arrow.jobs.definition.templates import date_pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from mstr_arrow.jobs.tasks import Task


def drop_former(task: Task, folder: Path) -> list[Path]:
    """Remove all but the last results of a job, as many as it keeps, and return what was removed.

    The last ones are those that were written last. Nothing is removed but files, and folders that hold parts and a
    manifest alone, whose names are what the destination is on other days. Errors: FileError.
    """
    given, path = task.job.destination, task.target.path
    if task.job.keep is None or path is None or not isinstance(given, str):
        return []
    pattern = date_pattern(os.fspath(folder / given.rstrip("/")), task.safe_values)
    if pattern is None:
        return []
    with disk_errors(path.parent, "be tidied"):
        found = sorted(_results(pattern, folder / given), key=_time_written, reverse=True)
        former = [each for each in found if each != path][max(0, task.job.keep - 1) :]
        for each in former:
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()
    return former


def _results(pattern: re.Pattern[str], template: Path) -> Iterator[Path]:
    """Give the files and folders that a destination named on other days, and names now."""
    fixed = list(takewhile(lambda part: "{" not in part, template.parts))
    for path in Path(*fixed).glob("/".join("*" for _ in template.parts[len(fixed) :])):
        if pattern.fullmatch(os.fspath(path)) and not path.is_symlink() and (path.is_file() or _holds_parts(path)):
            yield path


def _holds_parts(folder: Path) -> bool:
    return folder.is_dir() and (folder / MANIFEST).is_file() and first_foreign(folder) is None


def _time_written(path: Path) -> float:
    return (path / MANIFEST if path.is_dir() else path).stat().st_mtime
