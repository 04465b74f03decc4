"""Which allocator Arrow takes its memory from while rows are read or sent."""

from __future__ import annotations

import os
from functools import cache

import pyarrow as pa

CHOSEN_BY = "ARROW_DEFAULT_MEMORY_POOL"
"""The environment variable by which Arrow is told an allocator; where it is set, that stays."""


@cache
def prefer_jemalloc() -> None:
    """Have this process's Arrow arrays made with jemalloc where they would be with mimalloc; once.

    mimalloc keeps what was freed for a second, in huge pages, of which a few bytes keep two megabytes: 30 to 60 MB
    more for a read or an upload, at the same speed. Arrays that are there keep their allocator. Where `CHOSEN_BY`
    is set, or another allocator than mimalloc is in use, nothing is changed. mimalloc set by
    ``pyarrow.set_memory_pool`` before the first read or upload cannot be told from the default and is replaced,
    too: `CHOSEN_BY` keeps it.
    """
    if CHOSEN_BY in os.environ or pa.default_memory_pool().backend_name != "mimalloc":
        return
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
