"""Cubes that mstrio-py publishes anew, and caches that it lists and changes, beside mstr_arrow's own."""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mstrio.project_objects import OlapCube
from mstrio.project_objects.datasets.cube_cache import list_cube_caches

import mstr_arrow as ma
from benchmarks.peers.compare import SAME
from benchmarks.peers.verdicts import MSTRIO, OURS, Checks

if TYPE_CHECKING:
    from mstrio.connection import Connection

    from mstr_arrow.simulator import Simulator

CUBE = "Customers"
WAIT_SECONDS = 10.0


def main(checks: Checks, sim: Simulator, connection: Connection) -> None:
    """Run the checks of publications and caches."""
    with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as ours:
        cube = ours.cube(CUBE)

        def job() -> int | None:
            return ours.caches(CUBE)[0].last_update_job

        def published() -> str:
            before, theirs = job(), OlapCube(connection, id=cube.id)
            theirs.publish()
            deadline = time.monotonic() + WAIT_SECONDS
            while job() == before and time.monotonic() < deadline:
                time.sleep(0.05)
            theirs.refresh_status()
            return SAME if job() != before and theirs.status == cube.status else f"differs: {theirs.status}"

        def listed() -> str:
            theirs = list_cube_caches(connection, nodes=sim.settings.nodes[0])
            told = {(each.id, each.size, each.row_count, each.hit_count) for each in theirs}
            own = {(each.id, each.size_bytes, each.rows, each.hits) for each in ours.caches()}
            return SAME if told == own else f"differs: {len(told ^ own)} caches"

        def changed() -> str:
            node = sim.settings.nodes[0]
            theirs = next(each for each in list_cube_caches(connection, nodes=node) if each.id == own_id)
            states = []
            for change in (theirs.unload, theirs.load, theirs.deactivate, theirs.activate):
                change()
                states.append(_settled(ours))
            return SAME if states == CHANGES else f"differs: {states}"

        own_id = ours.caches(CUBE)[0].id
        checks.run("OlapCube.publish", MSTRIO, published)
        checks.run("list_cube_caches", MSTRIO, listed)
        checks.run("CubeCache.unload, load, deactivate, activate", MSTRIO, changed)
        checks.run("Cube.refresh", OURS, lambda: SAME if cube.refresh().proof == "data time" else "differs")


CHANGES = [(False, True), (True, True), (True, False), (True, True)]
"""Whether the cache is loaded and active after each change."""


def _settled(ours: ma.Connection) -> tuple[bool, bool]:
    cache = ours.caches(CUBE)[0]
    return cache.loaded, cache.active
