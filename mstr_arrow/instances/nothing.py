"""Results without rows, however the server tells them: as an error, or as a page that lacks its columns."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from mstr_arrow.errors import MstrError, ProtocolError, ServerError
from mstr_arrow.grid.blank import blank_page
from mstr_arrow.grid.completion import lacks_columns
from mstr_arrow.http.body import loads
from mstr_arrow.http.response import Response

if TYPE_CHECKING:
    from mstr_arrow.grid.rows import Range
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.project_http import ProjectHttp

NO_DATA = -2147213784
"""The Intelligence Server's code where a result has no rows."""

_LONGEST = 2**16
"""Bytes of a page beyond which it has rows, or names its columns."""

_NO_ROWS = re.compile(rb'"total"\s*:\s*"?0\b')


def has_no_data(error: MstrError) -> bool:
    """Tell the error that says that a result has no rows."""
    return isinstance(error, ServerError) and error.iserver_code == NO_DATA


def has_no_rows(response: Response) -> bool:
    """Tell a short page that counts no rows."""
    if len(response.body) > _LONGEST:
        return False
    text = response.text()
    return len(text) <= _LONGEST and _NO_ROWS.search(text) is not None


async def with_columns(http: ProjectHttp, source: Source, response: Response, instance_id: str | None) -> Response:
    """Return the first page of an instance; where it has no rows and does not name its columns, one that does."""
    try:
        if not has_no_rows(response):
            return response
        page = loads(response.text())
        lacking = lacks_columns(page)
    except (ProtocolError, ValueError, TypeError, AttributeError):
        return response  # decoding says so
    return await blank_response(http, source, page.get("instanceId") or instance_id) if lacking else response


async def blank_response(http: ProjectHttp, source: Source, instance_id: str | None) -> Response:
    """Return the page of a result without rows, with the columns that the object's definition tells.

    GET /api/v2/cubes/{id} or /api/v2/reports/{id}. Errors: ProtocolError where that does not tell them.
    """

    def read(response: Response) -> Response:
        page = blank_page(response.json(), source.body, source.whole, instance_id=instance_id)
        return replace(response, headers={}, body=page, encoding="")

    return await http.read("GET", f"v2/{source.object_path}", read)


def page_of_nothing(wanted: Range) -> Response:
    """Return the page that stands for an error which says that there are no rows where some were asked for."""
    paging = {"total": 0, "current": 0, "offset": wanted.offset}
    return Response(200, {}, orjson.dumps({"status": 1, "data": {"paging": paging}}))
