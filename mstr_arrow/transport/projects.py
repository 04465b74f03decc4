"""Which project requests belong to."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from mstr_arrow.errors import NotFound, UsageError

OBJECT_ID = re.compile(r"[0-9A-Fa-f]{32}")
SHOWN = 20
"""Names an error lists before it only counts."""


class Project(NamedTuple):
    """A project of the server."""

    id: str
    name: str


def choose(projects: list[Project], wanted: str | None) -> Project:
    """Return the project of that id or exact name; without one, the only project there is.

    A name or id that matches nothing raises NotFound, which lists what is near and what there is; None
    where there are several raises UsageError.
    """
    listed = listing([project.name for project in projects])
    if wanted is None:
        if len(projects) == 1:
            return projects[0]
        if not projects:
            raise NotFound("this login may use no project.", hint="Ask the administrator for access.")
        raise UsageError("no project was chosen.", hint=f"Give project= one of: {listed}.")
    for project in projects:
        if wanted.casefold() == project.id.casefold() or wanted == project.name:
            return project
    near = near_names(wanted, [project.name for project in projects])
    question = f"Did you mean {listing(near)}? " if near else ""
    raise NotFound(f"no project {wanted!r}.", hint=f"{question}This login may use: {listed or 'no project'}.")


def near_names(wanted: str, names: list[str]) -> list[str]:
    """Return up to five names that are spelled like ``wanted`` or contain it, the nearest first.

    >>> near_names("sales cub", ["Sales Cube", "Stock"])
    ['Sales Cube']
    """
    folded = {name.casefold(): name for name in reversed(names)}
    near = get_close_matches(wanted.casefold(), folded, n=5, cutoff=0.6)
    near += [name for name in folded if wanted.casefold() in name and name not in near]
    return [folded[name] for name in near[:5]]


def listing(names: list[str]) -> str:
    """Return names in quotes, as many as a person reads.

    >>> listing(["a", "b"])
    "'a', 'b'"
    """
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(repr(name) for name in names[:SHOWN]) + more
