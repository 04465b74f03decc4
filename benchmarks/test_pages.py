"""The reference pages under pytest-benchmark: ``pytest benchmarks/test_pages.py``, for comparing two commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from benchmarks.pages import ROWS, SHAPES, TEXTUAL, page
from mstr_arrow.grid.decode import decode_page, decode_plainly

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

WORKS: dict[str, Callable[..., Any]] = {
    "decode_page": decode_page,
    "decode_plainly": decode_plainly,
    "orjson.loads": orjson.loads,
}


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("shape", [*SHAPES, *TEXTUAL])
def test_page(benchmark: BenchmarkFixture, shape: str, work: str) -> None:
    benchmark.group = f"page {shape}, {ROWS:,} rows"
    text = page(shape)
    result = benchmark(WORKS[work], text)
    rows = len(result["data"]["headers"]["rows"]) if work == "orjson.loads" else result.batch.num_rows
    assert rows == ROWS
