"""The project's folders and objects: look-up by id, folder listings and search by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.responses import OBJECT_NOT_FOUND, Refusal

from .cubes import object_id
from .data_models import EXT_TYPE, VIEW_MEDIA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .cubes import Cube
    from .data_models import DataModel
    from .encoded_cube import EncodedCube
    from .reports import Report

REPORT_TYPE, FOLDER_TYPE, SHORTCUT_TYPE, PROJECT_TYPE, DASHBOARD_TYPE = 3, 8, 18, 32, 55
_FOLDER_SUBTYPE, _PROJECT_SUBTYPE = 2048, 8192
_DATE = "2026-01-15T08:30:00.000+0000"
_OWNER = {"id": object_id("user", "Administrator"), "name": "Administrator"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A cube, a report, a shortcut or a folder as listings show it.

    ``path`` are the names of the folders above; ``certifier`` is the user who certified the object, None without
    one.
    """

    id: str
    name: str
    type: int
    subtype: int
    path: tuple[str, ...]
    description: str = ""
    certifier: str | None = None
    ext_type: int = 0
    view_media: int = 0


class Catalogue:
    """Everything in one project."""

    def __init__(
        self,
        project: str,
        cubes: Sequence[Cube | EncodedCube],
        reports: Sequence[Report] = (),
        data_models: Sequence[DataModel] = (),
    ) -> None:
        self.project = project
        self.project_id = object_id("project", project)
        self.data_models = {model.id: model for model in data_models}
        cubes = [*cubes, *(model.cube for model in data_models)]
        self.cubes = {cube.id: cube for cube in cubes}
        self.reports = {report.id: report for report in reports}
        found = [*cubes, *reports]
        folders = {item.folder[:depth] for item in found for depth in range(1, len(item.folder) + 1)}
        self._entries = {
            entry.id: entry
            for entry in [
                Entry(self._folder_id(()), project, FOLDER_TYPE, _FOLDER_SUBTYPE, ()),
                *(
                    Entry(self._folder_id(path), path[-1], FOLDER_TYPE, _FOLDER_SUBTYPE, path[:-1])
                    for path in folders
                ),
                *(Entry(item.id, item.name, REPORT_TYPE, item.subtype, item.folder) for item in found),
            ]
        }
        for model in data_models:
            marked = replace(self._entries[model.id], ext_type=EXT_TYPE, view_media=VIEW_MEDIA[model.serve_mode])
            self._entries[model.id] = marked
        self._indexed = frozenset(self._entries)
        self._found: dict[object, list[Entry]] = {}

    def add(self, entries: Sequence[Entry]) -> None:
        """Add objects that are listed and cannot be read, and their folders; the search index knows them."""
        for path in {entry.path for entry in entries}:
            self.add_folder(path)
        self._entries.update((entry.id, entry) for entry in entries)
        self._indexed = frozenset(self._entries)
        self._found.clear()

    @property
    def root_id(self) -> str:
        """The id of the project's root folder."""
        return self._folder_id(())

    @property
    def entries(self) -> list[Entry]:
        """All objects and folders, by name."""
        return self._sort(list(self._entries.values()))

    def names(self) -> dict[str, str]:
        """Map the name of each cube to its id; further cubes of one name come as ``folder/name``."""
        names: dict[str, str] = {}
        for cube in list(self.cubes.values()):
            key = cube.name if cube.name not in names else f"{cube.folder[-1]}/{cube.name}"
            names[key] = cube.id
        return names

    def cube(self, cube_id: str) -> Cube | EncodedCube:
        """Find a cube; raise the server's 404 where there is none."""
        cube = self.cubes.get(cube_id.upper())
        if cube is None:
            raise _not_found(cube_id, REPORT_TYPE)
        return cube

    def data_model(self, model_id: str) -> DataModel:
        """Find a data model; raise the server's 404 where there is none."""
        model = self.data_models.get(model_id.upper())
        if model is None:
            raise _not_found(model_id, REPORT_TYPE)
        return model

    def report(self, report_id: str) -> Report:
        """Find a report; raise the server's 404 where there is none."""
        report = self.reports.get(report_id.upper())
        if report is None:
            raise _not_found(report_id, REPORT_TYPE)
        return report

    def entry(self, entry_id: str, type_: int) -> Entry:
        """Find an object of a type by its id; raise the server's 404 where there is none."""
        entry = self._entries.get(entry_id.upper())
        if entry is None or entry.type != type_:
            raise _not_found(entry_id, type_)
        return entry

    def those(self, ids: Iterable[str]) -> list[Entry]:
        """Return the objects of these ids, in their order, as far as they are still there."""
        return [self._entries[each] for each in ids if each in self._entries]

    def path(self, folder_id: str) -> tuple[str, ...]:
        """Give the names that lead to a folder, itself included; raise the server's 404 where there is none."""
        folder = self.entry(folder_id, FOLDER_TYPE)
        return () if folder.id == self.root_id else (*folder.path, folder.name)

    def find_named(self, name: str, path: tuple[str, ...]) -> Entry | None:
        """Find what has a name in a folder."""
        return next((e for e in self._entries.values() if (e.path, e.name) == (path, name)), None)

    def personal(self, user: str) -> tuple[str, ...]:
        """Give the path of a user's own folder; it comes to be when it is first asked for."""
        path = ("Profiles", user)
        self.add_folder((*path, "My Reports"))
        return path

    def add_folder(self, path: tuple[str, ...]) -> Entry:
        """Add a folder and those above it, where they are not there yet."""
        for depth in range(1, len(path) + 1):
            entry = Entry(
                self._folder_id(path[:depth]), path[depth - 1], FOLDER_TYPE, _FOLDER_SUBTYPE, path[: depth - 1]
            )
            self._entries.setdefault(entry.id, entry)
            self._found.clear()
        return self._entries[self._folder_id(path)]

    def put(self, cube: Cube, *, description: str | None = None) -> None:
        """Add a cube, or replace the one of its id, which keeps its description where none is given."""
        old = self._entries.get(cube.id)
        kept = old.description if old else ""
        entry = Entry(
            cube.id,
            cube.name,
            REPORT_TYPE,
            cube.subtype,
            cube.folder,
            kept if description is None else description,
            old.certifier if old else None,
        )
        self.cubes[cube.id] = cube
        self._entries[cube.id] = entry
        self._found.clear()

    def remove(self, cube_id: str) -> None:
        """Forget a cube."""
        del self.cubes[cube_id], self._entries[cube_id]
        self._found.clear()

    def certify(self, entry: Entry, certifier: str | None) -> Entry:
        """Certify an object in a user's name; None takes it back."""
        self._entries[entry.id] = replace(entry, certifier=certifier)
        self._found.clear()
        return self._entries[entry.id]

    def children(self, path: tuple[str, ...]) -> list[Entry]:
        """List what lies directly in a folder."""
        return self._sort(e for e in self._entries.values() if e.path == path and e.id != self.root_id)

    def indexed(self, entry: Entry) -> bool:
        """Tell whether the search index knows an object that it is slow to hear of: it was there from the start."""
        return entry.id in self._indexed

    def search(
        self, name: str, *, pattern: int, types: Iterable[int], root: str | None, certified: bool | None = None
    ) -> list[Entry]:
        """Search by name without regard to case (Wire reference, section 9.2); no types means all."""
        wanted = frozenset(types)
        key = (name, pattern, wanted, root, certified)
        if key not in self._found:
            self._found = {key: self._search(name, pattern, wanted, root, certified)}
        return self._found[key]

    def _search(
        self, name: str, pattern: int, wanted: frozenset[int], root: str | None, certified: bool | None
    ) -> list[Entry]:
        within = self._within(root)
        return self._sort(
            entry
            for entry in self._entries.values()
            if (not wanted or {entry.type, entry.subtype} & wanted)
            and (certified is None or certified is (entry.certifier is not None))
            and entry.path[: len(within)] == within
            and _matches(entry.name.casefold(), name.casefold(), pattern)
        )

    def info(self, entry: Entry, *, ancestors: bool) -> dict[str, Any]:
        """Describe an object; ``ancestors`` adds the folders above it, the root first."""
        described: dict[str, Any] = {
            "name": entry.name,
            "id": entry.id,
            "type": entry.type,
            "subtype": entry.subtype,
            "extType": entry.ext_type,
            "description": entry.description,
            "dateCreated": _DATE,
            "dateModified": _DATE,
            "version": object_id("version", entry.id),
            "acg": 255,
            "viewMedia": entry.view_media,
            "owner": _OWNER,
            "certifiedInfo": _describe_certification(entry.certifier),
            "hidden": False,
        }
        if ancestors:
            described["ancestors"] = self._ancestors(entry)
        return described

    def project_info(self) -> dict[str, Any]:
        """Describe the project as an object."""
        entry = Entry(self.project_id, self.project, PROJECT_TYPE, _PROJECT_SUBTYPE, ())
        return self.info(entry, ancestors=False) | {"status": 0}

    def _ancestors(self, entry: Entry) -> list[dict[str, Any]]:
        paths = [entry.path[:depth] for depth in range(len(entry.path) + 1)]
        return [
            {"name": path[-1] if path else self.project, "id": self._folder_id(path), "level": len(paths) - depth}
            for depth, path in enumerate(paths)
        ]

    def _within(self, root: str | None) -> tuple[str, ...]:
        return () if root is None else self.path(root)

    def _folder_id(self, path: tuple[str, ...]) -> str:
        return object_id("folder", self.project, *path)

    @staticmethod
    def _sort(entries: Iterable[Entry]) -> list[Entry]:
        return sorted(entries, key=lambda entry: (entry.name, entry.id))


def _not_found(wanted: str, type_: int) -> Refusal:
    message = f"(The object with id '{wanted}' and type {type_} is not in the metadata.)"
    return Refusal(404, "ERR004", message, iserver_code=OBJECT_NOT_FOUND)


def _describe_certification(certifier: str | None) -> dict[str, Any]:
    if certifier is None:
        return {"certified": False}
    return {
        "certified": True,
        "dateCertified": _DATE,
        "certifier": {"id": object_id("user", certifier), "name": certifier},
    }


def _matches(name: str, sought: str, pattern: int) -> bool:
    if not sought:
        return True
    words = name.split()
    match pattern:
        case 0:
            return any(word in words for word in sought.split())
        case 1:
            return any(word.startswith(sought) for word in words) or name.startswith(sought)
        case 2:
            return name == sought
        case 3:
            return name.startswith(sought)
        case 5:
            return name.endswith(sought)
        case _:
            return sought in name
