"""Encoding under pytest-benchmark: ``pytest benchmarks/test_bodies.py``, for comparing two commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import polars as pl
import pytest

from benchmarks.encode import encode, sales
from mstr_arrow.upload.slices import Orientation

if TYPE_CHECKING:
    import pyarrow as pa
    from pytest_benchmark.fixture import BenchmarkFixture

ROWS = 100_000
SELECTIONS = {
    "all columns": pl.all(),
    "texts that repeat": pl.col("region", "street"),
    "texts that do not": pl.col("customer"),
    "date and timestamp": pl.col("day", "sold_at"),
    "doubles": pl.col("revenue", "cost"),
    "integers": pl.col("quantity"),
}


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Make the rows that are encoded."""
    return sales(ROWS)


@pytest.mark.parametrize("orientation", get_args(Orientation))
@pytest.mark.parametrize("selection", SELECTIONS)
def test_bodies(benchmark: BenchmarkFixture, frame: pl.DataFrame, selection: str, orientation: Orientation) -> None:
    benchmark.group = f"{selection}, {ROWS:,} rows"
    data: pa.Table = frame.select(SELECTIONS[selection]).to_arrow()
    bodies = benchmark(lambda: list(encode(data, orientation)))
    assert sum(chunk.rows for chunk in bodies) == ROWS
