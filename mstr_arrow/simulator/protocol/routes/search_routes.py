"""Metadata searches: stored in the session, read in parts (Wire reference, section 9.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.simulator.model.cubes import object_id
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.responses import Refusal, Response, ok

from .object_routes import answer_part, find_objects

if TYPE_CHECKING:
    from collections.abc import Sequence


def search(call: Call) -> Response:
    """Search and keep the hits in the session, which keeps the latest searches, as many as its log-in asked for."""
    hits = [entry.id for entry in find_objects(call)]
    searches = call.user_session.searches
    search_id = object_id("search", call.user_session.token, str(call.server.arrived))
    searches[search_id] = hits
    while len(searches) > int(str(call.user_session.wishes["maxSearch"])):
        searches.popitem(last=False)
    return ok({"id": search_id, "totalItems": len(hits)})


def list_results(call: Call) -> Response:
    """List a part of the hits of a stored search."""
    hits: Sequence[str] | None = call.user_session.searches.get(call.query.get("searchId", ""))
    if hits is None:
        raise Refusal(404, "ERR004", "(The search was not found.)")
    return answer_part(call, call.catalogue.those(hits), ancestors=True)


ROUTES = (
    Route("POST", "/api/metadataSearches/results", search),
    Route("POST", "/api/v2/metadataSearches/results", search),
    Route("GET", "/api/metadataSearches/results", list_results),
)
