"""The list of sample cubes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .awkward import awkward_cube
from .sales import sales_cube
from .small import small_cubes

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.cubes import Cube


def sample_cubes(rows: int, seed: int) -> list[Cube]:
    """Make every sample cube; only the Sales Cube depends on the arguments."""
    return [sales_cube(rows, seed), awkward_cube(), *small_cubes()]
