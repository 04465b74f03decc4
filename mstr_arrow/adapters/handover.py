"""Batches that are put in on one side and pulled out, as a reader, on the other, by a tool in a thread of its own.

Tools take a reader and pull from it until it ends. An error that a reader raises reaches them as a text, and comes
back as an error of theirs. So what fails on our side is raised on our side: the tool is only told that there is no
more, in a way that keeps it from committing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


HANDED_ROWS = 16_384
"""Rows that are handed over at a time: tools let some batches wait in queues that count batches, and not bytes."""


class GivenUp(Exception):
    """Ends the reader of a tool whose rows will not come, so that it does not commit those that did."""


class Handover:
    """A tool at work in a thread on a reader of a schema; one batch waits for it at a time.

    ``load`` is the tool's work: it pulls from the reader it is given, and commits when that has ended.
    """

    def __init__(self, schema: pa.Schema, load: Callable[[pa.RecordBatchReader], object]) -> None:
        self._turn = threading.Condition()
        self._waiting: pa.RecordBatch | None = None
        self._whole = False
        self._given_up = False
        self._left = False
        self._error: BaseException | None = None
        reader = pa.RecordBatchReader.from_batches(schema, self._batches())
        self._thread = threading.Thread(target=self._run, args=(load, reader), name="table writer", daemon=True)
        self._thread.start()

    def put(self, batch: pa.RecordBatch) -> None:
        """Hand over one more batch, when the tool has taken what was before; raises the tool's error."""
        for start in range(0, batch.num_rows, HANDED_ROWS):
            self._put(batch.slice(start, HANDED_ROWS))

    def _put(self, batch: pa.RecordBatch) -> None:
        with self._turn:
            self._turn.wait_for(lambda: self._waiting is None or self._left)
            if self._left:
                raise self._error or RuntimeError("the rows were taken as whole before the last one had come")
            self._waiting = batch
            self._turn.notify_all()

    def end(self) -> None:
        """Say that all batches were handed over, and wait for the tool's commit; raises the tool's error."""
        with self._turn:
            self._whole = True
            self._turn.notify_all()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def give_up(self) -> None:
        """Let the tool's reader fail, and wait until the tool has undone what it did."""
        with self._turn:
            self._given_up, self._waiting = True, None
            self._turn.notify_all()
        self._thread.join()

    def _run(self, load: Callable[[pa.RecordBatchReader], object], reader: pa.RecordBatchReader) -> None:
        try:
            load(reader)
        except BaseException as error:  # noqa: BLE001 - it is raised where batches are put in
            self._error = error
        with self._turn:
            self._left = True
            self._turn.notify_all()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting is not None or self._whole or self._given_up)
                if self._given_up:
                    raise GivenUp("the rows that were to follow did not come")
                batch, self._waiting = self._waiting, None
                self._turn.notify_all()
            if batch is None:
                return
            yield batch
