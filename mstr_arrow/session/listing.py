"""Lists that come a part at a time, with their number in a header. Wire reference, section 8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.responses import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

T = TypeVar("T")

PAGE = 1000
"""Entries that are asked for at a time."""

TOTAL = "x-mstr-total-count"


async def fetch_all(
    http: ProjectHttp,
    path: str,
    read: Callable[[Any], list[T]],
    key: Callable[[T], str],
    *,
    method: str = "GET",
    params: Mapping[str, object] | None = None,
    json: object = None,
) -> list[T]:
    """Return the entries of a list, each ``key`` once, part after part until no further entries come.

    A server that tells no total is asked until a part is not full. A server without parts returns all entries at
    once.
    """
    found: dict[str, T] = {}
    offset = 0
    while True:
        asked = {**(params or {}), "offset": offset, "limit": PAGE}
        part, total = await http.read(
            method, path, lambda response: _part(response, read), params=asked, json=json, safe=True
        )
        before = len(found)
        found |= {key(each): each for each in part}
        offset += len(part)
        over = len(part) < PAGE if total is None else offset >= total
        if over or len(found) == before:
            return list(found.values())


def _part(response: Response, read: Callable[[Any], list[T]]) -> tuple[list[T], int | None]:
    told = whole_number(response.headers.get(TOTAL))
    return read(response.json()), None if told is None or told < 0 else told
