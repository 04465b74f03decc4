"""The lines of ``--log-json``: standard error as JSON, an object in each, for those who collect logs."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.wording import WORDS
from mstr_arrow.jobs.current import JOB, RUN
from mstr_arrow.wording import say_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mstr_arrow import events
    from mstr_arrow.errors import MstrError

LogJson = Annotated[
    bool,
    typer.Option(
        "--log-json",
        help="Write standard error as JSON, an object in each line; requests, too, with --verbose.",
    ),
]

logger = logging.getLogger("mstr_arrow.cli")


class JsonLine(logging.Formatter):
    """Writes a record as JSON on one line, in ASCII, with the run and job that it is of, and its ``data``."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "run": RUN.get(),
            "job": JOB.get(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None}, default=str)


class LogLines(Terminal):
    """Standard error, on which all that is printed becomes the message of a record."""

    def __init__(self) -> None:
        super().__init__(stderr=True, force_terminal=False)

    def print(self, *objects: Any, **_: Any) -> None:
        """Write texts as a record of level INFO."""
        self.write(logging.INFO, " ".join(each.plain if isinstance(each, Text) else str(each) for each in objects))

    def write(self, level: int, message: str, **data: Any) -> None:
        """Write a record with ``data`` beside its message."""
        logger.log(level, "%s", message, extra={"data": data})

    def error(self, error: MstrError, exit_code: int) -> None:
        """Write what went wrong, in parts that a program can tell apart."""
        hint = say_in_words(error.hint, WORDS) if error.hint else None
        told = {"kind": type(error).__name__, "code": getattr(error, "code", None), "hint": hint}
        message = f"{say_in_words(error.message, WORDS)}{error.facts}"
        self.write(logging.ERROR, message, error=told, exit_code=exit_code)

    def event(self, event: events.Event) -> None:
        """Write what happens on the network."""
        self.write(logging.DEBUG, type(event).__name__, **asdict(event))

    @contextmanager
    def write_logs(self, *, verbose: bool) -> Iterator[None]:
        """Write meanwhile what the package logs; leave its logger as it was."""
        package, handler = logging.getLogger("mstr_arrow"), logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLine())
        handler.addFilter(lambda record: record.name != "mstr_arrow.requests")  # which events tell
        level = package.level
        package.addHandler(handler)
        package.setLevel(logging.DEBUG if verbose else logging.INFO)
        try:
            yield
        finally:
            package.removeHandler(handler)
            package.setLevel(level)


def standard_error(*, log_json: bool) -> Terminal:
    """Return standard error, for a person or for a program."""
    return LogLines() if log_json else Terminal(stderr=True)
