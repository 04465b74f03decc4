"""Objects, one after the other: what fails of one of several is told, and the others come all the same."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from mstr_arrow.cli.fetching.fetch_outcome import FetchOutcome
from mstr_arrow.cli.options.prompt_answers import prompts_as_options
from mstr_arrow.cli.options.resuming import Resuming
from mstr_arrow.cli.render.errors import FAILED, exit_code, show_error
from mstr_arrow.errors import FileError, MstrError
from mstr_arrow.files.object_names import names_apart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.cli.fetching.object_choice import ObjectChoice
    from mstr_arrow.cli.fetching.object_fetcher import ObjectFetcher
    from mstr_arrow.cli.options.output import Output
    from mstr_arrow.cli.options.saving import Saving
    from mstr_arrow.connection import Connection


def fetch_one(
    connection: Connection, choice: ObjectChoice, target: Output | Resuming, fetcher: ObjectFetcher
) -> FetchOutcome:
    """Write the only object that was named."""
    (name,) = choice.names
    began = time.monotonic()
    found, written, failed = None, None, None
    try:
        with prompts_as_options(name), _note_session(connection, target):
            found = connection.find(name, choice.kind)
            written = fetcher.write(connection, found, target)
    except MstrError as error:
        failed = error
    return FetchOutcome(name=name, found=found, written=written, error=failed, seconds=time.monotonic() - began)


def fetch_several(
    connection: Connection, choice: ObjectChoice, saving: Saving, fetcher: ObjectFetcher
) -> list[FetchOutcome]:
    """Write each object under its name into a folder; errors: UsageError for what no folder can be written as."""
    found = choice.find_all(connection)
    objects = [each for each in found if not isinstance(each, FetchOutcome)]
    names = names_apart([(each.name, each.id) for each in objects])
    targets = dict(zip([each.id for each in objects], saving.targets(names), strict=True))
    fetched = []
    for each in found:
        done = each if isinstance(each, FetchOutcome) else _fetch(connection, each, targets[each.id], fetcher)
        if done.error is not None:
            fetcher.console.print(f"{done.name}: failed.", style="bold red", soft_wrap=True)
            show_error(fetcher.console, done.error)
        fetched.append(done)
    return fetched


def _fetch(
    connection: Connection, found: ObjectInfo, target: Output | Resuming, fetcher: ObjectFetcher
) -> FetchOutcome:
    began = time.monotonic()
    written, failed = None, None
    try:
        with prompts_as_options(found.name), _note_session(connection, target):
            written = fetcher.of(found.name).write(connection, found, target)
    except MstrError as error:
        failed = error
    except OSError as error:
        failed = FileError(
            f"{error}.",
            errno=error.errno,
            strerror=error.strerror or str(error),
            filename=error.filename,
            hint=None,
        )
    return FetchOutcome(
        name=found.name, found=found, written=written, error=failed, seconds=time.monotonic() - began
    )


def code_of(fetched: Sequence[FetchOutcome]) -> int:
    """Give the exit code: that of all that failed, if it is one, else the general one of failures."""
    codes = {exit_code(each.error) for each in fetched if each.error is not None}
    return FAILED if len(codes) > 1 else next(iter(codes), 0)


def _note_session(connection: Connection, target: Output | Resuming) -> AbstractContextManager[None]:
    """Note the session of an extraction where its next run finds it."""
    return target.over(connection) if isinstance(target, Resuming) else nullcontext()
