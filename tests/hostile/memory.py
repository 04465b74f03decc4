"""The memory of this process, as Linux counts it."""

from __future__ import annotations

import ctypes
import gc
import re
from pathlib import Path

import pyarrow as pa

_MIB = 1024
"""kB."""


def forget_peak() -> float:
    """Begin to measure the peak anew; return the MB resident now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _told("VmRSS")


def peak() -> float:
    """Return the MB that were resident at most since `forget_peak`."""
    return _told("VmHWM")


def held() -> float:
    """Return the MB resident now, without what is free: garbage, and what allocators keep for later."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return _told("VmRSS")


def _told(name: str) -> float:
    [kilobytes] = re.findall(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) / _MIB
