"""Simulated servers: their settings, and a connection to one."""

import asyncio

import mstr_arrow

IDLE = {"gzip": False, "encode_once": True, "async_polls": 0, "publish_polls": 0}
"""Packs nothing, is never still busy, and renders a page once: for tests in which nothing is published anew."""


def connect_to(server, **options):
    """Connect to a simulated server as its user; the options are those of `mstr_arrow.connect`."""
    return mstr_arrow.connect(server.url, username=server.username, password=server.password, **options)


def settle(server):
    """Have a simulated server respond to all that has reached it, so that none of it is recorded later.

    A test may have given up requests; a slow machine reads them when the next test counts its own.
    """

    async def read_on():
        for _ in range(20):
            await asyncio.sleep(0)

    asyncio.run_coroutine_threadsafe(read_on(), server._loop).result(60)
