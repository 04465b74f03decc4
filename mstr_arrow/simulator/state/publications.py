"""Publications of cubes: jobs at whose end a cube shows other data (Wire reference, section 7.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.simulator.model.cubes import Cube
from mstr_arrow.simulator.responses import BEING_PUBLISHED, Refusal
from mstr_arrow.simulator.samples.project import sample_cubes

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.simulator.model.catalogue import Catalogue
    from mstr_arrow.simulator.model.encoded_cube import EncodedCube
    from mstr_arrow.simulator.settings.server_settings import ServerSettings

    from .jobs import Job, Jobs

FIRST_JOB = 1001
"""The number of the job that published a cube before the server was started."""


class Publications:
    """Publications, which change cubes of the catalogue; ``changed`` is told the id of each that changes."""

    def __init__(
        self, catalogue: Catalogue, jobs: Jobs, settings: ServerSettings, changed: Callable[[str], object]
    ) -> None:
        self._catalogue = catalogue
        self._jobs = jobs
        self._settings = settings
        self._changed = changed
        self._next: dict[str, Cube] = {}
        self._numbers: dict[str, int] = {}
        self.started = 0

    def change(self, cube_id: str, *, rows: int | None, seed: int | None, moved: bool = False) -> None:
        """Set the data that the next publication of a cube brings; raise KeyError for an encoded cube."""
        old = self._catalogue.cubes[cube_id]
        if not isinstance(old, Cube):
            raise KeyError(f"{old.name} is encoded: its pages are what they are")
        if moved or rows is not None or seed is not None:
            rows = self._settings.rows if rows is None else rows
            seed = self._settings.seed if seed is None else seed
            made = sample_cubes(rows, seed, moved=moved)
            self._next[cube_id] = next((cube for cube in made if cube.id == cube_id), old)

    def take_effect(self, cube_id: str, job: Job | None = None) -> None:
        """Let a cube have the data of its next publication, by this job or by one that nobody saw."""
        old = self._catalogue.cubes[cube_id]
        if isinstance(old, Cube):
            new = self._next.pop(cube_id, old)
            self._catalogue.cubes[cube_id] = replace(new, edition=old.edition + 1, published=True)
        else:
            old.published = True
        self._numbers.pop(cube_id, None)
        if job is not None:
            self._numbers[cube_id] = job.number
        self._changed(cube_id)

    def last_job(self, cube: Cube | EncodedCube) -> int:
        """Give the number of the job that published a cube last."""
        edition = cube.edition if isinstance(cube, Cube) else 0
        return self._numbers.get(cube.id, FIRST_JOB + edition)

    def find_running(self, cube_id: str) -> Job | None:
        """Give the job that publishes a cube now; None where there is none."""
        return next(
            (job for job in self._jobs.running.values() if job.publishes and job.object_id == cube_id), None
        )

    def shows(self, cube_id: str) -> bool:
        """Tell whether the status of a cube says that it is being published."""
        job = self.find_running(cube_id)
        return job is not None and job.elapsed >= self._settings.status_lag

    def start(
        self,
        cube: Cube | EncodedCube,
        *,
        session: str,
        user: str,
        seconds: float | None = None,
        failure: Refusal | None = None,
        forgotten: bool = False,
        done: Callable[[Job], object] = lambda _: None,
    ) -> Job:
        """Start to publish a cube; raise the server's 500 where that is under way.

        A ``failure`` is what it ends with; one that is ``forgotten`` ends as if all was well, and changes nothing.
        """
        if (other := self.find_running(cube.id)) is not None:
            message = f"(The cube '{cube.name}' is being published by job {other.number}.)"
            raise Refusal(500, "ERR001", message, iserver_code=BEING_PUBLISHED)

        self.started += 1

        def end(job: Job) -> None:
            if not forgotten:
                self.take_effect(cube.id, job)
            done(job)

        return self._jobs.start(
            (cube.id, cube.name),
            session=session,
            user=user,
            seconds=self._settings.publication_seconds if seconds is None else seconds,
            failure=failure,
            publishes=True,
            done=end,
        )
