"""Which route a request takes: found by its method and the segments of its path, in a table made once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mstr_arrow.simulator.responses import Refusal
from mstr_arrow.simulator.settings.server_settings import CONTEXT

from .routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .call import Route


class Table:
    """Routes by the number of segments of their paths; of several that fit, the one with more words in its path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_length: dict[int, list[tuple[list[str], Route]]] = defaultdict(list)
        for route in routes:
            segments = (CONTEXT + route.path).split("/")
            self._by_length[len(segments)].append((segments, route))
        for same in self._by_length.values():
            same.sort(key=lambda each: sum(map(_is_place, each[0])))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Find the route of a path, which is percent-encoded, and what stands in its places.

        Raises the server's 404 where there is none, its 405 where none has the method.
        """
        asked = [unquote(segment) for segment in path.removesuffix("/").split("/")]  # some clients send the slash
        known = False
        for segments, route in self._by_length.get(len(asked), ()):
            pairs = list(zip(segments, asked, strict=True))
            if all(value if _is_place(segment) else segment == value for segment, value in pairs):
                if route.method == method:
                    return route, {segment[1:-1]: value for segment, value in pairs if _is_place(segment)}
                known = True
        if known:
            raise Refusal(405, "ERR001", "HTTP 405 Method Not Allowed")
        raise Refusal(404, "ERR004", "HTTP 404 Not Found")


def _is_place(segment: str) -> bool:
    return segment.startswith("{")


TABLE = Table(ROUTES)
