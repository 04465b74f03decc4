"""Standard output and error as a shell hands them over: in any encoding, left by their reader, full, closed."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.segment import Segment

from mstr_arrow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, BinaryIO, TextIO

    from _typeshed import ReadableBuffer
    from rich.console import ConsoleOptions, RenderableType
    from rich.text import Text

READER_LEFT = 141
"""The exit code of a command whose reader has left, as ``head`` does."""

_FAILED = 1


class Terminal(Console):
    """A console on which texts are just texts, however they were made: none steers it, or is read as markup.

    Its reader may leave: that is a BrokenPipeError, in any thread, and does not end the process.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text of a string, before rich takes characters out of it."""
        return super().render_str(printable(text, lines=True), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Escape what is in any text; the control sequences of rich itself pass."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text, lines=True), segment.style)

    def on_broken_pipe(self) -> NoReturn:
        """Raise again what is being handled."""
        self.quiet = True
        raise  # noqa: PLE0704 - rich calls this where it handles a BrokenPipeError


class PrintableStream(io.RawIOBase):
    """A stream of UTF-8 to a terminal, whose texts do not steer it."""

    def __init__(self, terminal: BinaryIO) -> None:
        self._terminal = terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        """Say that it takes bytes."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Write bytes, of which a letter may come in two pieces."""
        piece = bytes(data)
        self._terminal.write(printable(self._decoder.decode(piece), lines=True).encode())
        return len(piece)


class ClosedStream(io.TextIOWrapper):
    """Stands for a stream that the shell has closed, as ``>&-`` does: what is written is dropped."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull).open("wb"))  # noqa: SIM115 - closed with this


@contextmanager
def standard_streams() -> Iterator[None]:
    """Have standard output take any text; end the command as a shell expects it where nobody takes the text.

    What an encoding lacks is written as an escape. The exit code is 141, without a word, where the reader has left;
    1, with a line on standard error, where the output cannot be written, as on a full disk.
    """
    streams = _take_any_text()
    try:
        yield
    except SystemExit as ended:
        # Who prints the help and wrong usage, which is not us, ends the process where it meets a broken pipe.
        left = isinstance(ended.__context__, BrokenPipeError)
        unwritten = _flush(streams)
        if left or (unwritten and not ended.code):
            raise SystemExit(READER_LEFT if left else _code(unwritten)) from None
        raise
    except OSError as error:
        _flush(streams)
        if error.filename is not None:  # no stream's
            raise
        raise SystemExit(_code(error)) from None


def _take_any_text() -> tuple[TextIO, TextIO]:
    # Python has None in place of a stream that the shell has closed.
    sys.stdout, sys.stderr = (stream or ClosedStream() for stream in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return sys.stdout, sys.stderr


def _flush(streams: Iterable[TextIO]) -> OSError | None:
    """Write what waits, and drop what nobody takes, or Python would complain at its end; return the first error."""
    first = None
    for stream in streams:
        try:
            stream.flush()
        except OSError as error:
            first = first or error
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return first


def _code(error: OSError | None) -> int:
    """Give the exit code of an output that was not written, and say why."""
    if error is None or isinstance(error, BrokenPipeError):
        return READER_LEFT
    sys.stderr.write(f"mstr-arrow: standard output cannot be written: {error.strerror or error}\n")
    return _FAILED
