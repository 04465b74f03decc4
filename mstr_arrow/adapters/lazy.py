"""A read as a lazy Polars frame: what a query asks for, and its frames one after the other."""

from __future__ import annotations

import asyncio
import inspect
import os
from typing import TYPE_CHECKING, Any, Protocol

from mstr_arrow import background
from mstr_arrow.adapters.polars import empty_frame
from mstr_arrow.errors import DataMismatch
from mstr_arrow.lazy import pl
from mstr_arrow.query.parse_polars import without_hints
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator

    import pyarrow as pa

    from mstr_arrow.session.session_client import Client

WAIT_SECONDS = 0.1
"""Seconds after which Polars gets a frame without rows: only between frames does it hear Ctrl-C."""


class FrameReader(Protocol):
    """An open read, on the background loop."""

    @property
    def schema(self) -> pa.Schema:
        """The schema of what is handed out, texts as dictionaries."""

    async def next(self) -> pl.DataFrame | None:
        """Return some rows; None after the last."""

    async def aclose(self) -> None:
        """Stop the requests."""


class Opener(Protocol):
    """Opens reads for queries."""

    def __call__(
        self, columns: list[str] | None, predicate: pl.Expr | None, rows: int | None
    ) -> Coroutine[Any, Any, FrameReader]:
        """Open a read of columns (None: all) of the first rows (None: all), at least of those a predicate keeps."""


def lazy_frame(
    client: Client,
    schema: Callable[[], pa.Schema],
    open_read: Opener,
    name: str,
    on_end: Callable[[], object] = lambda: None,
) -> pl.LazyFrame:
    """Make a lazy frame that opens a read each time it is collected; ``schema`` is asked for once, then.

    ``on_end`` is called after each read.

    Occurrences of the same frame in one query may be read once: Polars is told that they have the same rows.
    """
    known: list[pl.Schema] = []

    def fetch_schema() -> pl.Schema:
        if not known:
            known.append(empty_frame(schema(), "plain").schema)
        return known[0]

    def frames(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        asked = pl.Schema({column: fetch_schema()[column] for column in with_columns or fetch_schema()})
        predicate = without_hints(predicate)
        used = {*asked, *([] if predicate is None else predicate.meta.root_names())}
        needed = pl.Schema({column: dtype for column, dtype in fetch_schema().items() if column in used})

        def open_for() -> Coroutine[Any, Any, FrameReader]:
            columns = None if len(needed) == len(fetch_schema()) else list(needed)
            return open_read(columns, predicate, n_rows)

        if n_rows == 0:
            return
        for frame in _iterate_frames(client, open_for, needed):
            kept = frame if predicate is None else frame.filter(predicate)
            shown = pl.DataFrame([kept.get_column(column) for column in asked])
            yield from shown.iter_slices(batch_size) if batch_size and len(shown) > batch_size else (shown,)
        on_end()

    register = pl.io.plugins.register_io_source
    labels: dict[str, Any] = {}
    if "explain_name" in inspect.signature(register).parameters:  # not in every Polars that will do
        labels["explain_name"] = name
    return register(frames, schema=fetch_schema, is_pure=True, **labels)


def _iterate_frames(
    client: Client, open_read: Callable[[], Coroutine[Any, Any, FrameReader]], schema: pl.Schema
) -> Iterator[pl.DataFrame]:
    """Open a read and go through its frames, with an empty one whenever nothing came for a while.

    The read is closed at its end, and when the iterator is closed or dropped.
    """
    steps, nothing = _Steps(_read(open_read, schema)), pl.DataFrame(schema=schema)
    try:
        while True:
            came = client.run(steps.next())
            if came is None:
                yield nothing
            elif not came:
                return
            else:
                yield from came
    except BaseException:
        # A Ctrl-C that Polars heard, and raises itself, may come first thing here, too: inside suppress() already.
        try:  # noqa: SIM105 - as said
            steps.give_up()
        except KeyboardInterrupt:
            pass
        raise


async def _read(
    open_read: Callable[[], Coroutine[Any, Any, FrameReader]], schema: pl.Schema
) -> AsyncGenerator[pl.DataFrame, None]:
    reading = await open_read()
    try:
        if empty_frame(reading.schema, "plain").schema != schema:
            raise DataMismatch(
                "The columns are not those that the lazy frame was made with.",
                hint=naming("Call {Scan.lazy()} again."),
            )
        while (frame := await reading.next()) is not None:
            yield frame
    finally:
        await reading.aclose()


class _Steps:
    """An asynchronous generator of frames, asked for one at a time and not waited for longer than a while."""

    def __init__(self, frames: AsyncGenerator[pl.DataFrame, None]) -> None:
        self._frames = frames
        self._ended = False
        self._pid = os.getpid()
        self._step: asyncio.Future[pl.DataFrame | None] | None = None

    async def next(self) -> tuple[pl.DataFrame, ...] | None:
        """Return one frame, none after the last, or None where it is not there yet."""
        if self._step is None:
            self._step = asyncio.ensure_future(anext(self._frames, None))
        done, _ = await asyncio.wait([self._step], timeout=WAIT_SECONDS)
        if not done:
            return None
        step, self._step = self._step, None
        frame = step.result()
        self._ended = frame is None
        return () if frame is None else (frame,)

    def give_up(self) -> None:
        """End the generator wherever it is; in a forked child it is the parent's."""
        if not self._ended and os.getpid() == self._pid:
            background.spawn(_end(self._frames, self._step))
            self._ended = True

    def __del__(self) -> None:
        self.give_up()


async def _end(
    frames: AsyncGenerator[pl.DataFrame, None], step: asyncio.Future[pl.DataFrame | None] | None
) -> None:
    if step is not None:
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
    await frames.aclose()
