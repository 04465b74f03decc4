"""The projects of the server: the first, which has everything, and further ones, to be listed and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.model.catalogue import Catalogue
from mstr_arrow.simulator.responses import PROJECT_NOT_LOADED, Refusal
from mstr_arrow.simulator.samples.sample_entries import sample_entries
from mstr_arrow.simulator.samples.small import small_cubes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.simulator.settings.server_settings import FurtherProject

_LOADED, _UNLOADED = 0, 1


class Projects:
    """All projects of the server; the ``first`` is the one whose data change."""

    def __init__(self, first: Catalogue, further: Iterable[FurtherProject]) -> None:
        self._first = first
        self._catalogues = {first.project_id: first}
        self._settings: dict[str, FurtherProject] = {}
        for each in further:
            made = Catalogue(each.name, small_cubes())
            made.add(sample_entries(each.objects))
            self._catalogues[made.project_id] = made
            self._settings[made.project_id] = each

    def enter(self, project_id: str, user: str) -> None:
        """Let a user in; raise the server's 404 where it is not loaded or not there, 403 where it is closed."""
        settings = self._settings.get(project_id.upper())
        if project_id.upper() not in self._catalogues or (settings is not None and not settings.loaded):
            message = f"(The project '{project_id}' is not loaded or does not exist.)"
            raise Refusal(404, "ERR004", message, iserver_code=PROJECT_NOT_LOADED)
        if settings is not None and not settings.open:
            message = f"(The user '{user}' does not have access to the project '{settings.name}'.)"
            raise Refusal(403, "ERR0017", message)

    def catalogue(self, project_id: str | None) -> Catalogue:
        """Give what is in a project; in the first, where none is named or none has that id."""
        return self._catalogues.get((project_id or "").upper(), self._first)

    def describe_all(self) -> list[dict[str, Any]]:
        """Describe all projects, loaded or not."""
        return [self._describe(each) for each in self._catalogues.values()]

    def describe_named(self, name: str) -> dict[str, Any]:
        """Describe a project; raise the server's 404 where none has the name."""
        for each in self._catalogues.values():
            if each.project == name:
                return self._describe(each)
        raise Refusal(404, "ERR004", f"(The project '{name}' was not found.)")

    def _describe(self, catalogue: Catalogue) -> dict[str, Any]:
        settings = self._settings.get(catalogue.project_id)
        status = _LOADED if settings is None or settings.loaded else _UNLOADED
        return {
            "id": catalogue.project_id,
            "name": catalogue.project,
            "alias": "",
            "description": "",
            "status": status,
        }
