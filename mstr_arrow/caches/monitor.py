"""Lists of caches, as the monitor gives them: a node at a time, a thousand at once. Wire reference, section 9.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import PermissionDenied, ServerBusy
from mstr_arrow.responses import items, reading, text, whole_number

if TYPE_CHECKING:
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

CACHES = 1000
"""Caches asked for at once, the most that the server lists."""

PATH = "monitors/caches/cubes"
_TOTAL = "x-mstr-total-count"
_PRIVILEGE = "Ask the administrator for the privilege to monitor the caches of cubes."


def explain(error: PermissionDenied) -> PermissionDenied:
    """Say which privilege is missing."""
    error.hint = _PRIVILEGE
    return error


async def fetch_nodes(http: ProjectHttp) -> list[str]:
    """Return the names of the nodes. GET /api/monitors/iServer/nodes. Errors: PermissionDenied."""

    def read(response: Response) -> list[str]:
        body = response.json()
        with reading(body, "a list of nodes"):
            listed = items(body["nodes"] if isinstance(body, dict) else body)
            return list(dict.fromkeys(text(node, "name") for node in listed))

    try:
        return await http.read("GET", "monitors/iServer/nodes", read)
    except PermissionDenied as error:
        raise explain(error) from None


async def fetch_listed(http: ProjectHttp, node: str) -> list[dict[str, Any]]:
    """Return the caches of a node in the project, as they come. GET /api/monitors/caches/cubes, for each thousand.

    Errors: PermissionDenied; ServerBusy for a node that does not answer.
    """
    project = http.project
    params = {"clusterNode": node, "limit": CACHES, **({"projectIds": project.id} if project else {})}
    caches: list[dict[str, Any]] = []
    while True:
        try:
            more, total = await http.read("GET", PATH, read_page, params={**params, "offset": len(caches)})
        except PermissionDenied as error:
            raise explain(error) from None
        except ServerBusy as error:
            error.add_hint(f"It is the node {node!r} that does not answer.")
            raise
        if more and more[0] in caches[:1]:  # the first ones again: a server that does not page
            return caches
        caches += more
        if not more or (total is not None and len(caches) >= total) or (total is None and len(more) < CACHES):
            return caches


def read_page(response: Response) -> tuple[list[dict[str, Any]], int | None]:
    """Read a page of caches, and how many there are; some servers say that in a header only."""
    body = response.json()
    with reading(body, "a list of caches"):
        listed = items(body["cubeCaches"] if isinstance(body, dict) else body)
        total = whole_number(body.get("total")) if isinstance(body, dict) else None
    return listed, whole_number(response.headers.get(_TOTAL)) if total is None else total
