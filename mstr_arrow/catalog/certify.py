"""Certify objects, and take certificates back. Wire reference, section 6.7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.catalog.object_info import REPORT_DEFINITION, is_certified
from mstr_arrow.errors import ServerError

if TYPE_CHECKING:
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp


async def certify(
    http: ProjectHttp, object_id: str, object_type: int = REPORT_DEFINITION, *, certified: bool = True
) -> None:
    """Certify an object in the user's name, or take the certificate away; an object in the wanted state stays so.

    A response that shows the object as before may be older than the change, so that a further request looks again.
    PUT /api/objects/{id}/certify, GET /api/objects/{id}. Errors: NotFound; PermissionDenied where the user lacks
    the privilege; ServerError where the server confirms the change, and goes on showing the object as before.
    """
    path, kind = f"objects/{object_id}", {"type": object_type}
    wish = {**kind, "certify": "true" if certified else "false"}
    shown = await http.read("PUT", f"{path}/certify", _read, params=wish, safe=True)
    if shown is (not certified):
        shown = await http.read("GET", path, _read, params=kind)
    if shown is (not certified):
        now = "certified" if shown else "not certified"
        raise ServerError(
            f"the server answers the request that changes it, but shows {object_id} as {now} all the same.",
            hint="Objects of this type may not be certified here. An administrator sees in the object's properties "
            "whether it is.",
        )


def _read(response: Response) -> bool | None:
    """Read whether the object is certified now; None where the answer does not tell, or is empty."""
    return is_certified(response.json()) if response.body.strip() else None
