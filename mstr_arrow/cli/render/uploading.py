"""How far an upload is, and what it did: a bar on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from mstr_arrow.cli.render.progress import LINE_SECONDS, MB, show_progress
from mstr_arrow.cli.render.tables import count
from mstr_arrow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from rich.console import Console

    from mstr_arrow.upload.write_result import UploadProgress, WriteResult

_DONE = {
    "replace": "Replaced the rows of",
    "add": "Added rows to",
    "update": "Updated rows of",
    "upsert": "Updated and added rows of",
}


def upload_progress(
    console: Console, *, quiet: bool = False
) -> AbstractContextManager[Callable[[UploadProgress], None]]:
    """Give the function that shows how far an upload is on ``console``; quiet, it shows nothing."""
    return show_progress(console, _bar, _lines, quiet=quiet)


def _bar(console: Console) -> Iterator[Callable[[UploadProgress], None]]:
    columns = (BarColumn(bar_width=24), TaskProgressColumn(), TextColumn("{task.description}", markup=False))
    began = time.monotonic()
    with Progress(*columns, console=console, transient=True) as display:
        task = display.add_task("sending the first rows", total=None)

        def show(now: UploadProgress) -> None:
            line = describe(now, time.monotonic() - began)
            display.update(task, total=now.total_rows, completed=now.rows, description=line)

        yield show


def _lines(console: Console) -> Callable[[UploadProgress], None]:
    began = last = time.monotonic()

    def show(now: UploadProgress) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            console.print(describe(now, last - began), soft_wrap=True)

    return show


def describe(now: UploadProgress, seconds: float) -> str:
    """Say in a line how far an upload is after so many seconds, or what the server says of its publication."""
    if now.phase == "publishing":
        said = f": {printable(now.server_says)}" if now.server_says else ""
        return f"publishing {now.rows:,} rows{said}"
    total = f" of {now.total_rows:,}" if now.total_rows is not None else ""
    parts = [
        f"{now.rows:,}{total} rows",
        f"{_rate(now.rows, seconds):,.0f} rows/s",
        f"{_rate(now.bytes / MB, seconds):,.1f} MB/s",
        count(now.chunks, "chunk"),
    ]
    return " · ".join([*parts, f"table {now.table}"] if now.table else parts)


def summarise(result: WriteResult, mode: str, *, asked: bool) -> list[str]:
    """Say in a few lines what an upload did by this mode, and how fast.

    ``asked`` to verify it, say also why it was not.
    """
    done = f"Created {result.name!r}" if result.created else f"{_DONE[mode]} {result.name!r}"
    rows, size = (round(_rate(amount, result.seconds)) for amount in (result.rows, result.bytes))
    speed = f"{rows:,} rows/s, {decimal(size)}/s of JSON"
    lines = [f"{done}: {count(result.rows)} sent in {result.seconds:.1f} s: {speed}"]
    if len(result.tables) > 1:
        lines += [f"  {table.name}: {count(table.rows)}, {decimal(table.bytes)}" for table in result.tables]
    if asked or result.verified:
        lines.append(f"{'Verified' if result.verified else 'Not verified'}: {result.verification}")
    return lines


def detail(result: WriteResult) -> str:
    """Say in a line where the time of an upload went."""
    steps = {
        "waiting for data": result.seconds_waiting,
        "sending": result.seconds_sending,
        "publishing": result.seconds_publishing,
    }
    shares = (f"{step} {took:.1f} s ({_rate(took, result.seconds):.0%})" for step, took in steps.items())
    return (
        f"{decimal(result.bytes)} in {count(result.chunks, 'chunk')}, {result.retries:,} of them repeated; "
        f"{', '.join(shares)}; encoding took {result.seconds_encoding:.1f} s beside them"
    )


def _rate(amount: float, seconds: float) -> float:
    return amount / seconds if seconds else 0.0
