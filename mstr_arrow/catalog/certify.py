"""Certify objects, and take certificates back. Wire reference, section 6.7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.catalog.objects import REPORT_DEFINITION, is_certified
from mstr_arrow.errors import ServerError

if TYPE_CHECKING:
    from mstr_arrow.http.response import Answer
    from mstr_arrow.session.project_http import ProjectHttp


async def certify(
    http: ProjectHttp, object_id: str, object_type: int = REPORT_DEFINITION, *, certified: bool = True
) -> None:
    """Certify an object in the user's name, or take its certificate; one that is as wanted stays so.

    PUT /api/objects/{id}/certify. Errors: NotFound, PermissionDenied where the user lacks the privilege;
    ServerError where the server answers as if it had, and shows the object as before.
    """
    shown = await http.read(
        "PUT",
        f"objects/{object_id}/certify",
        _read,
        params={"type": object_type, "certify": "true" if certified else "false"},
        safe=True,
    )
    if shown is not None and shown is not certified:
        now = "certified" if shown else "not certified"
        raise ServerError(
            f"the server shows {object_id} as {now} in its answer to the request that changes it.",
            hint="Look at the object: objects of this type may not be certified here, or the answer is of before.",
        )


def _read(answer: Answer) -> bool | None:
    """Read whether the object is certified now; None where the answer does not tell, or is empty."""
    return is_certified(answer.json()) if answer.body.strip() else None
