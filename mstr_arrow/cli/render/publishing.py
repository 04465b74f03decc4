"""How far a publication is, and how it ended: a line on a terminal, one every few seconds in a log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn

from mstr_arrow.cli.render.progress import LINE_SECONDS, clock, show_progress
from mstr_arrow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from rich.console import Console

    from mstr_arrow.publishing.publication import Publication
    from mstr_arrow.publishing.publication_status import PublicationStatus


def publication_progress(
    console: Console, *, quiet: bool = False
) -> AbstractContextManager[Callable[[PublicationStatus], None]]:
    """Give the function that shows how far a publication is on ``console``; quiet, it shows nothing."""
    return show_progress(console, _bar, _lines, quiet=quiet)


def _bar(console: Console) -> Iterator[Callable[[PublicationStatus], None]]:
    began = time.monotonic()
    columns = (BarColumn(bar_width=24), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as display:
        task = display.add_task("asking the server to publish it", total=None)

        def show(status: PublicationStatus) -> None:
            display.update(task, description=describe(status, time.monotonic() - began))

        yield show


def _lines(console: Console) -> Callable[[PublicationStatus], None]:
    began = last = time.monotonic()

    def show(status: PublicationStatus) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_SECONDS:
            last = now
            console.print(describe(status, now - began), soft_wrap=True, markup=False)

    return show


def describe(status: PublicationStatus, seconds: float) -> str:
    """Say in a line how far a publication is after so many seconds."""
    return f"{printable(status.message) or status.state} · {clock(seconds)}"


def summarise(publication: Publication, seconds: float) -> str:
    """Say in a line that a publication is done, by which job, and what proves it."""
    job = "" if publication.job_id is None else f" by job {publication.job_id}"
    whose = "" if publication.started else ", which somebody else had started"
    proof = "nothing proves it" if publication.proof is None else f"proof: {publication.proof}"
    return f"Refreshed {printable(publication.what)}{job}{whose} in {seconds:.1f} s; {proof}."
