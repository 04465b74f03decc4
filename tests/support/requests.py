"""Which requests a simulator was sent, from some moment on."""

from __future__ import annotations

from collections import Counter

LOGOUT = "/api/auth/logout"


def _session(request):
    return request.headers.get("x-mstr-authtoken")


class Requests:
    """The requests about instances that a simulator got since this was made, those for a status apart.

    Not those of a session that had logged out before: what another test gave up may be recorded late.
    """

    def __init__(self, server):
        self._server = server
        self._before = len(server.requests)
        self._ended = {_session(request) for request in server.requests if request.path == LOGOUT}

    @property
    def all(self):
        found = [request for request in self._server.requests[self._before :] if "/instances" in request.path]
        found = [request for request in found if _session(request) not in self._ended]
        return [request for request in found if not request.path.endswith("/status")]

    @property
    def methods(self):
        return Counter(request.method for request in self.all)

    @property
    def bodies(self):
        return [request.body for request in self.all if request.body]

    @property
    def limits(self):
        """Rows that each asks for, in order."""
        return [limit for _, _, limit in self.pages]

    @property
    def pages(self):
        """Method, offset and rows of each that asks for rows."""
        asked = [(request.method, request.query) for request in self.all if "limit" in request.query]
        return [(method, int(query.get("offset", 0)), int(query["limit"])) for method, query in asked]
