"""Instances that may be there although the answer that named them was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mstr_arrow.session.working_set import Place


class Lost:
    """Counts the instances of one page that were lost, ``most`` at most; asked for each, it says whether to go on.

    Each stays in the session's working set until it is pushed out, and so counts there beside the one in ``place``.
    """

    def __init__(self, place: Place, most: int) -> None:
        self._place = place
        self._left = most

    async def __call__(self) -> bool:
        """Count one more, and say whether another may be made."""
        self._left -= 1
        if self._left > 0:
            await self._place.lose()
        return self._left > 0
