"""How often an upload begins again. Pure."""

from __future__ import annotations

TRIES = 3


class Tries:
    """Counts the tries of an upload: three that get no further than any before them are the last."""

    def __init__(self) -> None:
        self._furthest = -1
        self._in_vain = 0

    def another(self, rows: int) -> bool:
        """Say whether to try once more after a try that got so far.

        >>> tries = Tries()
        >>> [tries.another(rows) for rows in (0, 40, 40, 40)]
        [True, True, True, False]
        """
        if rows > self._furthest:
            self._furthest, self._in_vain = rows, 0
        self._in_vain += 1
        return self._in_vain < TRIES
