"""Changing a cache, which the server does in its own time: asked for, and followed to its end (section 9.5)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mstr_arrow.caches.monitor import PATH, explain
from mstr_arrow.errors import NotFound, PermissionDenied, ServerError, TimeoutExceeded
from mstr_arrow.responses import fields, optional_text, reading
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two looks at a change, longer and longer."""

_FAILED = {"error", "requesthandlingfailed", "failed"}


async def fetch_one(http: ProjectHttp, cache_id: str) -> Any:
    """Return a cache as it is now. GET /api/monitors/caches/cubes/{id}."""
    return await http.read("GET", _path(cache_id), _cache)


async def alter(
    http: ProjectHttp, cache_id: str, state: Mapping[str, object], reached: Callable[[Any], bool]
) -> Any:
    """Have a cache changed, and return it when it is as was wanted, as ``reached`` tells of what the server says.

    The request may be repeated: it says how the cache is to be. Errors: PermissionDenied, ServerError where the
    server fails, TimeoutExceeded after ``Timeouts.execute``.
    """
    seconds = http.settings.timeouts.execute
    try:
        async with asyncio.timeout(seconds):
            return await _alter(http, cache_id, state, reached)
    except PermissionDenied as error:
        raise explain(error) from None
    except TimeoutError:
        raise TimeoutExceeded(
            f"the cache was not changed within {seconds:g} s; the server may do it yet.",
            hint=naming("Raise {Timeouts.execute} if the server is only slow."),
        ) from None


async def _alter(
    http: ProjectHttp, cache_id: str, state: Mapping[str, object], reached: Callable[[Any], bool]
) -> Any:
    told = await http.read(
        "PATCH",
        _path(cache_id),
        _read_change,
        json={"state": dict(state)},
        headers={"Prefer": "respond-async"},
        safe=True,
    )
    manipulation = optional_text(told, "manipulationId", "id")
    pause = FIRST_PAUSE
    while True:
        _check(told)
        body = await fetch_one(http, cache_id)
        if reached(body):
            return body
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)
        if manipulation is not None:
            told = await _progress(http, manipulation)


async def _progress(http: ProjectHttp, manipulation: str) -> dict[str, Any]:
    """Ask how far a change is; nothing is told of one that the server has forgotten."""
    try:
        return await http.read("GET", f"{PATH}/manipulations/{quote(manipulation, safe='')}/status", _read_change)
    except NotFound:
        return {}


async def delete(http: ProjectHttp, cache_id: str) -> None:
    """Delete a cache; one that is gone is none to be deleted. DELETE /api/monitors/caches/cubes/{id}."""
    try:
        await http.request("DELETE", _path(cache_id), safe=True)
    except NotFound:
        return
    except PermissionDenied as error:
        raise explain(error) from None


def _path(cache_id: str) -> str:
    return f"{PATH}/{quote(cache_id, safe='')}"


def _cache(response: Response) -> Any:
    """Read a cache as the server tells it; errors: ProtocolError for what holds none."""
    body = response.json()
    with reading(body, "a cache of a cube"):
        return body if isinstance(body, list) else fields(body)


def _read_change(response: Response) -> dict[str, Any]:
    """Read the members of the response to a change; none where there is no body."""
    if not response.body.strip():
        return {}
    body = response.json()
    with reading(body, "a change of a cache"):
        return fields(body)


def _check(told: Mapping[str, Any]) -> None:
    status = str(told.get("status", ""))
    if status.replace("_", "").lower() in _FAILED:
        reason = optional_text(told, "message", "errorMessage")
        raise ServerError(f"the cache was not changed: {reason or f'the server says {status!r}, and no reason'}")
