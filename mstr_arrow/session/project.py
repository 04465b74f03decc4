"""The project that requests belong to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.names import find_named, listing, near_names, only
from mstr_arrow.responses import identity, items, optional_text, reading, text, whole_number
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.http.client import Http

PROJECT = "X-MSTR-ProjectID"
"""The header that names the project of a request."""

OBJECT_ID = re.compile(r"[0-9A-Fa-f]{32}")


class Project(NamedTuple):
    """A project of the server; only a ``loaded`` project answers requests."""

    id: str
    name: str
    description: str = ""
    loaded: bool = True


async def fetch_projects(http: Http) -> list[Project]:
    """Return the projects this login may use. GET /api/projects; wire reference, section 9.1."""
    return await http.read("GET", "projects", lambda response: read_projects(response.json()))


def read_projects(body: Any) -> list[Project]:
    """Read the answer of GET /api/projects. Errors: ProtocolError.

    >>> read_projects([{"id": "A1", "name": "Retail", "description": "Shops", "status": 0}])
    [Project(id='A1', name='Retail', description='Shops', loaded=True)]
    """
    with reading(body, "a list of projects"):
        listed = body["projects"] if isinstance(body, dict) and "projects" in body else body
        return [
            Project(
                identity(item, "id"),
                text(item, "name"),
                optional_text(item, "description") or "",
                not whole_number(item.get("status")),
            )
            for item in items(listed)
        ]


def choose(projects: list[Project], wanted: str | None) -> Project:
    """Choose the project of that id or name; None is the only project of the login.

    A name counts as given; where no project has that name, in any case, and with any blanks. Errors: NotFound,
    which lists near names and all projects; UsageError where several projects match, and for None where there are
    several.
    """
    listed = listing([project.name for project in projects])
    if wanted is None:
        if len(projects) == 1:
            return projects[0]
        if not projects:
            raise NotFound("this login may use no project.", hint="Ask the administrator for access.")
        raise UsageError(
            "no project was chosen.", hint=naming("Give {connect.project} one of: {listed}.", listed=listed)
        )
    if not isinstance(wanted, str):
        raise UsageError(f"the project is given as {wanted!r}, which is no text.", hint="Give its name or id.")
    found = [project for project in projects if wanted.strip().casefold() == project.id.casefold()]
    found = found or find_named(wanted, projects, lambda project: project.name)
    chosen = only(found, "projects", wanted, lambda project: f"{project.id} {project.name!r}")
    if chosen is not None:
        return chosen
    near = near_names(wanted, [project.name for project in projects])
    question = f"Did you mean {listing(near)}? " if near else ""
    raise NotFound(f"no project {wanted!r}.", hint=f"{question}This login may use: {listed or 'no project'}.")
