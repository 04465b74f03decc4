"""Which allocator Arrow takes its memory from while rows are read or sent."""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

CHOSEN_BY = "ARROW_DEFAULT_MEMORY_POOL"
"""The environment variable by which Arrow is told an allocator; where it is set, that stays."""


def set_jemalloc_for_arrow() -> None:
    """Have Arrow take all memory from jemalloc once it is imported, that of its Parquet writer, too: 25 MB less.

    For a program's first lines: sets `CHOSEN_BY`, which the program's children inherit. Does nothing where that is
    set, where pyarrow is imported already, and where its headers do not tell of jemalloc: it would warn.
    """
    if CHOSEN_BY in os.environ or "pyarrow" in sys.modules:
        return
    found = find_spec("pyarrow")
    headers = Path(found.origin).parent / "include" if found is not None and found.origin else Path()
    try:
        options = (headers / "arrow" / "util" / "config.h").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    if "#define ARROW_JEMALLOC" in options:
        os.environ[CHOSEN_BY] = "jemalloc"


@cache
def prefer_jemalloc() -> None:
    """Have this process's Arrow arrays made with jemalloc where they would be with mimalloc; once.

    mimalloc keeps what was freed for a second, in huge pages, of which a few bytes keep two megabytes: 30 to 60 MB
    more for a read or an upload, at the same speed. Arrays that are there keep their allocator. Where `CHOSEN_BY`
    is set, or another allocator than mimalloc is in use, nothing is changed. mimalloc set by
    ``pyarrow.set_memory_pool`` before the first read or upload cannot be told from the default and is replaced,
    too: `CHOSEN_BY` keeps it.
    """
    import pyarrow as pa  # noqa: PLC0415 - the command line sets what is read when it is imported

    if CHOSEN_BY in os.environ or pa.default_memory_pool().backend_name != "mimalloc":
        return
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
