"""What the simulated server knows and is set to: the state that its handlers share."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .catalogue import Catalogue
from .cubes import Cube, object_id
from .faults import FaultPlan
from .samples import sample_cubes
from .sessions import Instance, Sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from .encoded import EncodedCube

CONTEXT = "/MicroStrategyLibrary"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How the server is set up.

    ``rows`` of the Sales Cube; ``seed`` of all data and tokens; ``gzip`` answers compressed to whoever
    accepts it, ``chunked`` without ``Content-Length``; ``cells_per_page`` the governor that shortens pages,
    in cells; ``shuffle_keys`` gives JSON objects another order of members in every page;
    ``session_timeout`` in seconds; ``working_set`` the instances of a session when log-in names no number;
    ``balancer_cookie`` demands a load balancer's cookie back byte for byte; ``encode_once`` keeps rendered
    pages, ``page_cache_bytes`` of them at most.
    """

    rows: int = 1_000_000
    seed: int = 0
    gzip: bool = True
    chunked: bool = False
    cells_per_page: int | None = None
    shuffle_keys: bool = False
    session_timeout: float = 1800
    max_sessions_per_user: int = 20
    working_set: int = 10
    balancer_cookie: bool = True
    encode_once: bool = False
    page_cache_bytes: int = 512 * 2**20
    username: str = "demo"
    password: str = field(default="demo", repr=False)
    project: str = "Simulated Retail"
    iserver_version: str = "11.5.0900.00123"
    web_version: str = "11.5.0900.00123J"

    @property
    def api_token(self) -> str:
        """The token that log-in mode 4096 accepts in place of name and password."""
        return f"{self.username}-api-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request that was answered; ``path`` is without the context path, header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class IServer:
    """The server's state; used by one thread, its event loop's, where nothing else is said."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        encoded: Sequence[EncodedCube] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.catalogue = Catalogue(settings.project, [*sample_cubes(settings.rows, settings.seed), *encoded])
        self.sessions = Sessions(
            timeout=settings.session_timeout,
            max_per_user=settings.max_sessions_per_user,
            balancer=settings.balancer_cookie,
            clock=clock,
            seed=settings.seed,
        )
        self.faults = FaultPlan()
        self.requests: list[RecordedRequest] = []
        self.arrived = 0
        self.instances_created = 0
        self.pages = PageCache(settings.page_cache_bytes)
        self._bounds: dict[str, pl.DataFrame] = {}

    def create_instance(self, cube: Cube | EncodedCube) -> Instance:
        """Count and name a new instance; the caller gives it to a session."""
        self.instances_created += 1
        if isinstance(cube, Cube):
            return Instance(object_id("instance", str(self.settings.seed), str(self.instances_created)), cube)
        return Instance(cube.instance_id, cube)

    def bounds(self, cube: Cube) -> pl.DataFrame:
        """Give the bounds of a cube's metrics, computed once for each cube; any thread."""
        whole = self.catalogue.cubes[cube.id]
        if cube.id not in self._bounds and isinstance(whole, Cube):
            self._bounds[cube.id] = whole.bounds()
        return self._bounds[cube.id]


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
