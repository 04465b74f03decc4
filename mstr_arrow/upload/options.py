"""How tables are uploaded: what may be chosen, and what the project allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mstr_arrow.errors import MstrError, UsageError
from mstr_arrow.given import check_type
from mstr_arrow.upload.slices import EncodeOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.upload.slices import Orientation
    from mstr_arrow.upload.write_result import Resume

CHUNK_BYTES = 16 * 2**20
"""Bytes of a request body where nothing else is known: fewer than the 50 to 200 MB that are documented to work
well, since two bodies are held, at the same processor time as of bodies twice as large."""

Policy = Literal["add", "update", "upsert", "replace"]
"""The treatment of the rows that a table has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions:
    """How tables are uploaded.

    ``policies`` names the update policy of each table. ``orientation`` None is COLUMN, and ROW where the server
    does not take that. ``time_zone`` is that of timestamps that have one. ``chunk_bytes`` bounds a request body,
    ``chunk_rows`` its rows. ``keep_session`` leaves a failed upload's session to be resumed.
    """

    policies: Mapping[str, Policy]
    orientation: Orientation | None = None
    time_zone: str = "UTC"
    chunk_bytes: int | None = None
    chunk_rows: int | None = None
    verify: bool = False
    keep_session: bool = False
    resume: Resume | None = None

    def __post_init__(self) -> None:
        self.encoding(self.orientation or "COLUMN")
        for name in ("chunk_bytes", "chunk_rows"):
            value = getattr(self, name)
            check_type(name, value, (int, type(None)), "a whole number from 1 on")
            if value is not None and value < 1:
                raise UsageError(f"{name} is {value}; it is at least 1.")

    def encoding(self, orientation: Orientation) -> EncodeOptions:
        """Return how values are written; errors: UsageError."""
        return EncodeOptions(orientation, self.time_zone)


async def project_limit(http: ProjectHttp) -> int:
    """Return the bytes that the project takes at once, where the user may see that; CHUNK_BYTES elsewhere.

    GET /api/v2/projects/{id}/settings (wire reference, section 10.3).
    """
    project = await http.require_project()
    try:
        settings = (await http.request("GET", f"v2/projects/{project.id}/settings", safe=False)).json()
        setting = settings["maxDataUploadSize"]
        limit = int(setting["value"] if isinstance(setting, dict) else setting)
    except (MstrError, KeyError, TypeError, ValueError):
        return CHUNK_BYTES
    return limit if limit > 0 else CHUNK_BYTES
