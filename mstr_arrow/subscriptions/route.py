"""Routes that a server may not have. Pure; wire reference, section 2.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.http.error_map import infer_status

if TYPE_CHECKING:
    from mstr_arrow.errors import ServerError

_NO_ROUTE = frozenset({404, 405, 501})


def is_unknown_route(error: ServerError) -> bool:
    """Say whether a server tells that it has no such route, rather than no such object."""
    return error.iserver_code is None and infer_status(error) in _NO_ROUTE and _names_no_object(error)


def _names_no_object(error: ServerError) -> bool:
    return error.code is None or error.message.startswith("HTTP ")
