"""Instances that may be there although the answer that named them was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mstr_arrow.session.working_set import Place


class Lost:
    """Counts the instances of one page that were lost, ``most`` at most; asked for each, it says whether to go on.

    Each stays in the session's working set until it is pushed out, and so counts there beside the one in ``place``.
    Where an instance is a run, which is costly, another is made only if ``runs_nothing`` is certain.
    """

    def __init__(self, place: Place, most: int, runs_nothing: Callable[[], Awaitable[bool]] | None = None) -> None:
        self._place = place
        self._left = most
        self._runs_nothing = runs_nothing

    async def __call__(self) -> bool:
        """Count one more, and say whether another may be made."""
        self._left -= 1
        if self._left <= 0 or (self._runs_nothing is not None and not await self._runs_nothing()):
            return False
        await self._place.lose()
        return True
