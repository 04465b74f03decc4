"""The list of sample cubes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sales import sales_cube

if TYPE_CHECKING:
    from .cubes import Cube


def sample_cubes(rows: int, seed: int) -> list[Cube]:
    """Make every sample cube; only the Sales Cube depends on the arguments."""
    return [sales_cube(rows, seed)]
