"""Settings of simulated servers."""

IDLE = {"gzip": False, "encode_once": True, "async_polls": 0, "publish_polls": 0}
"""Packs nothing, is never still busy, and renders a page once: for tests in which nothing is published anew."""
