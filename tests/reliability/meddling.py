"""Faults that no server makes: connections that cannot be opened, and cubes that somebody publishes meanwhile.

They happen right before a request gets its connection, in this process.
"""

import re
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from unittest.mock import patch

from aiohttp.connector import BaseConnector

CUBE = "Sales Cube"
NOBODY = 9  # the port where nobody listens
SEEDS = count(1)


@dataclass(frozen=True)
class Meddling:
    """What is done with requests that are aimed at: ``times`` of them after the first ``skip``."""

    act: Callable[[Any, Any], None]
    method: str = ""
    path: str = ""
    skip: int = 0
    times: int | None = 1

    def on(self, method, path, *, skip=0, times=1):
        return replace(self, method=method, path=path, skip=skip, times=times)

    @contextmanager
    def done(self, sim):
        """Meddle with all connections until the end of the block."""
        plain, seen = BaseConnector.connect, count(-self.skip)

        async def connect(connector, request, *more, **options):
            if request.method == self.method and re.search(self.path, request.url.path):
                number = next(seen)
                if number >= 0 and (self.times is None or number < self.times):
                    self.act(sim, request)
            return await plain(connector, request, *more, **options)

        with patch.object(BaseConnector, "connect", connect):
            yield

    @classmethod
    def refused(cls):
        return cls(lambda _, request: _lead(request, request.url.with_port(NOBODY)))

    @classmethod
    def not_found(cls):
        return cls(lambda _, request: _lead(request, request.url.with_host("nowhere.invalid")))

    @classmethod
    def untrusted(cls):
        """Begin TLS with a server that does not know it."""
        return cls(lambda _, request: _lead(request, request.url.with_scheme("https")))

    @classmethod
    def published(cls, *, drop=False):
        """Publish the cube with other data; ``drop`` its instances, which are of the old data, or not."""

        def publish(sim, _):
            sim.republish(CUBE, seed=next(SEEDS))
            if drop:
                sim.drop_instances()

        return cls(publish)


def _lead(request, url):
    request.url = url
