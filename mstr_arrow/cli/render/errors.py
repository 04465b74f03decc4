"""Errors as a person and a script see them: one message on standard error, one exit code."""

from __future__ import annotations

import logging
import sys
import warnings
from contextlib import contextmanager, nullcontext
from traceback import format_exception
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from mstr_arrow.cli.render.logs import LogLines
from mstr_arrow.cli.render.streams import READER_LEFT, Terminal
from mstr_arrow.cli.render.trace import draw_trace, tell_to
from mstr_arrow.cli.render.wording import WORDS
from mstr_arrow.cli.signals import Terminated, hear_signals
from mstr_arrow.errors import (
    ConsistencyWarning,
    DataError,
    DataLossWarning,
    InsecureWarning,
    MstrError,
    UnprovenWarning,
    UsageError,
)
from mstr_arrow.wording import say_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from rich.console import Console

FAILED, USAGE, DATA, INTERRUPTED, TERMINATED = 1, 2, 3, 130, 143

NO_FILE = "No file was written, and no session left behind."


@contextmanager
def show_errors(console: Console, *, verbose: bool, interrupted: str = NO_FILE) -> Iterator[None]:
    """Show what goes wrong inside and end the command with its exit code.

    ``verbose`` shows the traceback, without local variables, and what happens on the network. ``interrupted`` says
    what Ctrl-C and SIGTERM leave behind.
    """
    with console.write_logs(verbose=verbose) if isinstance(console, LogLines) else nullcontext():
        try:
            with hear_signals(), _show_warnings(console), _listen(console) if verbose else nullcontext():
                yield
        except KeyboardInterrupt as interrupt:
            terminated = isinstance(interrupt, Terminated)
            said = f"{'Terminated' if terminated else 'Interrupted'}. {interrupted}"
            console.print(said, style="yellow", soft_wrap=True)
            raise typer.Exit(TERMINATED if terminated else INTERRUPTED) from None
        except MstrError as error:
            if verbose:
                show_traceback(console, error)
            show_error(console, error)
            raise typer.Exit(exit_code(error)) from None
        except BrokenPipeError:
            # The reader of our output has left, as `head` does.
            raise typer.Exit(READER_LEFT) from None
        except OSError as error:
            if verbose:
                show_traceback(console, error)
            console.print(Text.assemble((type(error).__name__, "bold red"), f": {error}"), soft_wrap=True)
            raise typer.Exit(FAILED) from None


def show_error(console: Console, error: MstrError) -> None:
    """Show an error to a person, or its parts to a program."""
    if isinstance(console, LogLines):
        console.error(error, exit_code(error))
    else:
        console.print(explain(error), soft_wrap=True)


def _listen(console: Console) -> AbstractContextManager[None]:
    """Show meanwhile what happens on the network."""
    return tell_to(console.event) if isinstance(console, LogLines) else draw_trace(console)


@contextmanager
def _show_warnings(console: Console) -> Iterator[None]:
    """Show a warning in one line, which says nothing of Python; variables and options of Python's silence it."""

    def show(warning: Warning | str, *_: object) -> None:
        text = say_in_words(warning.args[0] if isinstance(warning, Warning) else warning, WORDS)
        if isinstance(console, LogLines):
            console.write(logging.WARNING, text)
        else:
            console.print(Text(f"Warning: {text}", "yellow"), soft_wrap=True)

    with warnings.catch_warnings():
        if not sys.warnoptions:
            for kind in (InsecureWarning, DataLossWarning, ConsistencyWarning, UnprovenWarning):
                warnings.simplefilter("always", kind)
        warnings.showwarning = show  # type: ignore[assignment]  # all that it is called with is taken
        yield


def exit_code(error: MstrError) -> int:
    """Give the exit code that tells a script what kind of error it was.

    >>> exit_code(UsageError("no such column")), exit_code(MstrError("no answer"))
    (2, 1)
    """
    if isinstance(error, UsageError):
        return USAGE
    return DATA if isinstance(error, DataError) else FAILED


def explain(error: MstrError) -> Text:
    """Lay out class and codes, message, and below them what to do.

    >>> print(explain(MstrError("nothing came.", hint="Ask again.")))
    MstrError: nothing came.
    Ask again.
    """
    said = f": {say_in_words(error.message, WORDS)}{error.facts}"
    shown = Text.assemble((error.label, "bold red"), said)
    return Text.assemble(shown, "\n", say_in_words(error.hint, WORDS)) if error.hint else shown


@contextmanager
def show_crashes() -> Iterator[None]:
    """Show the traceback of what nobody expected, and end the process as Python would."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  whatever it is, its text may be a server's
        show_traceback(Terminal(stderr=True), error)
        raise SystemExit(FAILED) from None


def show_traceback(console: Console, error: BaseException) -> None:
    """Print a traceback without local variables, passwords among them."""
    console.print("".join(format_exception(error)).rstrip(), soft_wrap=True)
