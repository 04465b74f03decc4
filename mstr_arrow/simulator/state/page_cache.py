"""Pages that are kept once they are rendered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any


class PageCache:
    """Rendered pages, the oldest of which go when they pass a number of bytes; any thread."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._bytes = 0
        self._pages: OrderedDict[Any, bytes] = OrderedDict()

    def get(self, key: Any) -> bytes | None:
        """Give a page, None where it is not kept."""
        return self._pages.get(key)

    def put(self, key: Any, page: bytes) -> None:
        """Keep a page."""
        with self._lock:
            self._bytes += len(page) - len(self._pages.pop(key, b""))
            self._pages[key] = page
            while self._bytes > self._limit:
                self._bytes -= len(self._pages.popitem(last=False)[1])
