"""The requests that refresh a data model, one by one. Wire reference, section 7.3."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.datamodels.model_definition import too_old
from mstr_arrow.datamodels.refresh_rule import read_state, verdict
from mstr_arrow.datamodels.tables import REPEATABLE
from mstr_arrow.errors import InvalidRequest, MstrError, NotFound
from mstr_arrow.http.subject import Subject
from mstr_arrow.responses import fields, optional_text, protocol_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.datamodels.refresh_rule import Verdict
    from mstr_arrow.datamodels.tables import ModelTable
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.project_http import ProjectHttp

logger = logging.getLogger("mstr_arrow")

INSTANCE = "X-MSTR-DataModelInstanceId"
"""The header that names the instance of a data model."""


@dataclass(frozen=True, slots=True)
class Order:
    """Tables of a data model that are to be refreshed, by id, each by its policy."""

    source: Source
    name: str
    policies: Mapping[str, str]
    tables: Sequence[ModelTable]

    @property
    def repeatable(self) -> bool:
        """Whether it makes the same rows when it is done twice."""
        return REPEATABLE.issuperset(self.policies.values())

    @property
    def changes(self) -> bool:
        """Whether anything is loaded at all."""
        return any(policy != "ignore" for policy in self.policies.values())


class Steps:
    """The steps of one order, by the ``instance`` that the first of them makes: None where there is none."""

    def __init__(self, http: ProjectHttp, order: Order) -> None:
        self.instance: str | None = None
        self.path = f"dataModels/{order.source.object_id}"
        self._http = http
        self._order = order

    async def open(self) -> None:
        """Make an instance, unless there is one. POST /api/dataModels/{id}/instances.

        It is repeated where the answer is lost: an instance that nobody asks for is dropped by the server.
        """
        if self.instance is not None:
            return

        def read(response: Response) -> str:
            told = response.headers.get(INSTANCE)
            if told is None and response.body.strip():
                told = optional_text(fields(response.json()), "instanceId", "id")
            if not told:
                raise protocol_error(None, f"the instance of a data model, which the header {INSTANCE} names")
            return told

        try:
            self.instance = await self._http.read("POST", f"{self.path}/instances", read, safe=True)
        except NotFound as error:
            raise too_old(error, "how to refresh data models") from error

    async def publish(self) -> None:
        """Have the tables published; never repeated by itself. POST /api/dataModels/{id}/publish."""
        listed = [{"id": key, "refreshPolicy": policy} for key, policy in self._order.policies.items()]

        def read(response: Response) -> None:
            if response.body.strip():
                response.json()  # a gateway's page is no answer of the server

        try:
            await self._http.read(
                "POST",
                f"{self.path}/publish",
                read,
                json={"tables": listed},
                headers=self._headers,
                subject=Subject.INSTANCE,
                wait="execute",
            )
        except InvalidRequest as error:
            if "live" in error.message.casefold():
                error.hint = "A model that is connected live has no data of its own to refresh: read it as it is."
            raise

    async def ask(self) -> Verdict:
        """Ask how far the publication is. GET /api/dataModels/{id}/publishStatus."""
        state = await self._http.read(
            "GET",
            f"{self.path}/publishStatus",
            lambda response: read_state(response.json()),
            headers=self._headers,
            subject=Subject.INSTANCE,
        )
        names = {table.id: table.name for table in self._order.tables}
        return verdict(state, self._order.policies, names)

    async def close(self) -> None:
        """Delete the instance; what fails is logged. DELETE /api/dataModels/{id}/instances/{id}."""
        instance, self.instance = self.instance, None
        if instance is None or self._http.closed:
            return
        try:
            async with asyncio.timeout(self._http.settings.timeouts.logout):
                path = f"{self.path}/instances/{instance}"
                await self._http.request("DELETE", path, safe=True, subject=Subject.INSTANCE)
        except (MstrError, TimeoutError) as error:
            logger.debug("the instance of a data model was not deleted: %s", type(error).__name__)

    @property
    def _headers(self) -> dict[str, str]:
        return {INSTANCE: self.instance or ""}
