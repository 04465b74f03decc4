"""The SQL behind a cube or report."""

from __future__ import annotations

from mstr_arrow.instances.sql_view import sql_view
from mstr_arrow.scan.scan import Scan


class Sql(Scan):
    """A scan of what the server makes SQL for."""

    def sql_view(self) -> str:
        """Return the SQL that the server runs for the object, without running it.

        It is the object's own: what `Scan.aggregate` and `Scan.filter` ask for is done afterwards. A report's
        prompts have to be answered. Raises PermissionDenied where the user may not see SQL. Of a cube GET
        …/sqlView; of a report POST …/instances with ``executionStage=resolve_prompts``, then GET
        …/instances/{id}/sqlView.

        ::

            print(conn.report("Daily Sales").sql_view())
        """
        return self._client.run(sql_view(self._resolver.session, self._resolver.source))

    async def sql_view_async(self) -> str:
        """Do what `sql_view` does."""
        return await self._client.bridge(sql_view(self._resolver.session, self._resolver.source))
