"""The frames of a traceback: an error that is kept must not keep the page that it came of."""

from __future__ import annotations

import inspect
import traceback
from contextlib import suppress

_MAY_GO_ON = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
"""Flags of what can be suspended."""


def empty_frames(error: BaseException) -> None:
    """Empty the functions that an error came through, and those of the errors before it, of their variables.

    Where they stand is told as before. What runs, generators and coroutines are left alone: they may go on.
    """
    each: BaseException | None = error
    while each is not None:
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if not frame.f_code.co_flags & _MAY_GO_ON:
                with suppress(RuntimeError):  # it runs
                    frame.clear()
        each = each.__cause__ or each.__context__
