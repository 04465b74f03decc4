"""Simulated servers: their settings, and a connection to one."""

import mstr_arrow

IDLE = {"gzip": False, "encode_once": True, "async_polls": 0, "publish_polls": 0}
"""Packs nothing, is never still busy, and renders a page once: for tests in which nothing is published anew."""


def connect_to(server, **options):
    """Connect to a simulated server as its user; the options are those of `mstr_arrow.connect`."""
    return mstr_arrow.connect(server.url, username=server.username, password=server.password, **options)
