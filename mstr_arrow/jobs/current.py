"""Which run and which job a task belongs to, for the lines that it writes to a log."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN: ContextVar[str | None] = ContextVar("run", default=None)
JOB: ContextVar[str | None] = ContextVar("job", default=None)


@contextmanager
def during(*, run: str | None = None, job: str | None = None) -> Iterator[None]:
    """Say which run or job it is, to this task and those that it begins.

    >>> with during(run="20261129T015729-3f9a1c"), during(job="sales"):
    ...     RUN.get(), JOB.get()
    ('20261129T015729-3f9a1c', 'sales')
    """
    tokens = [(variable, variable.set(value)) for variable, value in ((RUN, run), (JOB, job)) if value is not None]
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)
