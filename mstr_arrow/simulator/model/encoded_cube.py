"""Cubes whose pages are encoded already, so that a benchmark does not measure the simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from .cubes import OLAP_CUBE, object_id

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True, kw_only=True, eq=False)
class EncodedCube:
    """A cube of ``total`` rows whose page bodies are given.

    ``Simulator(encoded=[EncodedCube(...)])`` serves the cube. In another process, which shares no interpreter with
    the client, ``python -m mstr_arrow.simulator --encoded package.module:function`` does, where the function
    returns the list of cubes.

    ``definition`` is the ``definition`` member of ``GET /api/v2/cubes/{id}``: ``{"availableObjects": {"attributes":
    [...], "metrics": [...]}}``. ``page(offset, limit)`` returns the bytes of a whole page document *without*
    ``id``, ``name`` and ``instanceId``, which the server adds in front. The server calls ``page`` once for each
    range, keeps the bytes for ever, and never compresses them; a range that passes the end is cut before the call.
    The server ignores projections, ``fields`` and date flags. All instances of the cube have the same id, and so
    share the kept bytes.
    """

    name: str
    definition: dict[str, Any]
    total: int
    page: Callable[[int, int], bytes]
    folder: tuple[str, ...] = ("Public Objects", "Reports")
    subtype: int = OLAP_CUBE
    published: bool = True
    tables: tuple[str, ...] = ()
    id: str = ""
    instance_id: str = ""
    _kept: dict[tuple[int, int], bytes] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.id = self.id or object_id("cube", *self.folder, self.name)
        self.instance_id = self.instance_id or object_id("instance", self.id)

    def body(self, offset: int, limit: int) -> bytes:
        """Return the body of a page, which the first call makes."""
        wanted = self.total if limit < 0 else limit
        rows = max(0, min(wanted, self.total - offset))
        if (offset, rows) not in self._kept:
            self._kept[offset, rows] = self._head() + self.page(offset, rows)[1:]
        return self._kept[offset, rows]

    def _head(self) -> bytes:
        head = {"id": self.id, "name": self.name, "instanceId": self.instance_id, "status": 1}
        return orjson.dumps(head)[:-1] + b","
