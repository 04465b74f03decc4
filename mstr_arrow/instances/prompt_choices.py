"""The choices that the server offers as answers to a prompt: elements and objects (Wire reference, section 4.3)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from mstr_arrow.http.subject import Subject
from mstr_arrow.prompts.choosing import by_id, find, not_there, spellings
from mstr_arrow.prompts.listed import read_choices
from mstr_arrow.responses import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.http.response import Response
    from mstr_arrow.prompts.model import Choice, Prompt
    from mstr_arrow.prompts.values import Plain
    from mstr_arrow.session.project_http import ProjectHttp

PAGE = 200
"""Choices asked for at a time, the most that the server gives."""

MOST_SEARCHES = 20
"""Names that are searched for one by one; for more of them all choices are read."""

LOOKED_THROUGH = 10_000
"""Choices that are read at most to find what searching did not."""

_LEAST_PAGE = 100
"""A page shorter than this is the last: the server's own default is longer."""


class Offer:
    """The choices of one prompt of an instance; ``place`` is the path of the instance."""

    def __init__(self, http: ProjectHttp, place: str, prompt: Prompt) -> None:
        what = "elements" if prompt.type == "ELEMENTS" else "objects"
        self._http = http
        self._prompt = prompt
        self._path = f"{place}/prompts/{quote(prompt.key, safe='@')}/{what}"

    async def all(
        self, search: str | None = None, *, at_most: int | None = None
    ) -> tuple[list[Choice], int | None]:
        """Return the choices, or those that contain ``search``, and how many there are.

        With ``at_most`` about so many are read, and their number is None where there are more that the server does
        not count.
        """
        found: dict[str, Choice] = {}
        total: int | None = None
        while total is None or len(found) < total:
            page, total = await self._page(len(found), PAGE, search)
            before = len(found)
            found |= {choice.id: choice for choice in page}
            if len(found) == before or (total is None and len(page) < _LEAST_PAGE):
                break
            if at_most is not None and len(found) >= at_most:
                return list(found.values()), total
        return list(found.values()), len(found)

    async def find_named(self, items: Sequence[Plain]) -> list[Choice]:
        """Find the choices that items name, by text or id.

        Ids of elements are taken as they are. Where not all choices fit one page, names are searched for, each to
        the last that is found, since several may be called the same. Errors: UsageError with ids for a name of
        several, with near names for one of none.
        """
        known = {item: by_id(self._prompt, item) for item in items}
        names = [item for item, choice in known.items() if choice is None]
        if names:
            known |= await self._look_up(names)
        return [choice for item in items if (choice := known[item]) is not None]

    async def _look_up(self, names: Sequence[Plain]) -> dict[Plain, Choice | None]:
        choices, count = await self.all(at_most=PAGE)
        whole = count == len(choices)
        if not whole and len(names) <= MOST_SEARCHES:
            texts = [text for name in names for text in spellings(name)]
            for found, _ in await asyncio.gather(*(self.all(text) for text in texts)):
                choices += found
        known = {name: find(self._prompt, name, choices) for name in names}
        if not whole and None in known.values():
            bound = LOOKED_THROUGH if len(names) <= MOST_SEARCHES else None
            more, count = await self.all(at_most=bound)
            whole = count == len(more)
            choices = list({choice.id: choice for choice in [*more, *choices]}.values())
            known = {name: find(self._prompt, name, choices) for name in names}
        missing = [name for name, choice in known.items() if choice is None]
        if missing:
            raise not_there(self._prompt, missing, choices, all_seen=whole)
        return known

    async def _page(self, offset: int, limit: int, search: str | None) -> tuple[list[Choice], int | None]:
        params: dict[str, object] = {"offset": offset, "limit": limit}
        if search is not None:
            params["searchPattern"] = search
        return await self._http.read("GET", self._path, _choices, params=params, subject=Subject.INSTANCE)


def _choices(response: Response) -> tuple[list[Choice], int | None]:
    """Read a page of choices, and how many there are in all, where that is told."""
    return read_choices(response.json()), whole_number(response.headers.get("x-mstr-total-count"))
