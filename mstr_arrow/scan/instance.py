"""An instance on the server: created once, then read page by page (wire reference, sections 3.5 and 3.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.transport.version import at_least

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.transport.answers import Answer
    from mstr_arrow.transport.http import Http

_FIELDS_SINCE = "11.2.0200"


@dataclass(frozen=True, slots=True)
class Source:
    """What instances are made of: the endpoint, the request body, and the version of the server."""

    path: str
    body: Mapping[str, object]
    server_version: str | None

    async def create(self, http: Http, rows: int) -> Answer:
        """Create an instance and return its first page of at most ``rows`` rows. POST …/instances.

        The server may run a query for it. It is not repeated when its answer is lost, for then an instance
        may exist.
        """
        params = self._params(0, rows)
        return await http.request("POST", self.path, params=params, json=self.body, wait="execute")

    async def page(self, http: Http, instance_id: str, offset: int, rows: int) -> Answer:
        """Return a page of an instance. GET …/instances/{id}."""
        return await http.request("GET", f"{self.path}/{instance_id}", params=self._params(offset, rows))

    def _params(self, offset: int, rows: int) -> dict[str, object]:
        params: dict[str, object] = {
            "offset": offset,
            "limit": rows,
            "standardDateFormat": "true",
            "standardRawDateFormat": "true",
        }
        if at_least(self.server_version, _FIELDS_SINCE):
            params["fields"] = "-data.metricValues.formatted,-data.metricValues.extras"
        return params


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance nothing was read from yet but its columns and the number of its rows."""

    id: str
    columns: Columns
    total: int
