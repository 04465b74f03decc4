"""A report: a scan of the report's own template."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.catalog.find import fetch_definition
from mstr_arrow.catalog.object_info import fetch_object
from mstr_arrow.grid.definition import Definition, read_attributes, read_metrics
from mstr_arrow.instances.source import Source
from mstr_arrow.objects.described import Described
from mstr_arrow.objects.report_pages import Paged
from mstr_arrow.objects.report_prompts import Prompted
from mstr_arrow.responses import fields, identity, items, reading, text

if TYPE_CHECKING:
    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.grid.definition import Attribute
    from mstr_arrow.session.session_client import Client

_PROBE_ROWS = 1000


class Report(Described, Prompted, Paged):
    """A report: a scan of the rows that the report's own template shows, in any layout.

    A read runs the report once, perhaps for minutes, by creating an instance. A look at the schema beforehand costs
    no second run. From version 11.2.0200 on, the server runs the report without holding the request open, so that
    no gateway cuts the request off; a further request then leaves subtotals out, filters rows and chooses columns.
    A report without these, on a server that is quick, takes one request.
    """

    def __init__(
        self,
        client: Client,
        definition: Definition,
        options: ReadOptions,
        *,
        totals: bool = True,
        instance_id: str | None = None,
    ) -> None:
        source = Source(
            "report",
            definition.id,
            {},
            client.server_version,
            totals=totals,
            probe_rows=_PROBE_ROWS,
            given=instance_id,
            attributes=definition.attributes,
            metrics=tuple(metric.id for metric in definition.metrics),
            groups=definition.groups,
        )
        super().__init__(client, source, options, definition)

    def __repr__(self) -> str:
        return f"<Report {self.name!r} {self.id}>"

    @property
    def info(self) -> ObjectInfo:
        """The catalogue's description of the report, without a run. GET /api/objects/{id}?type=3.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.report("Prompted Nested").info.path
        '/Simulated Retail/Public Objects/Prompted Reports/Prompted Nested'
        """
        return self._client.run(fetch_object(self._client.http, self.id))

    async def info_async(self) -> ObjectInfo:
        """Return `info`."""
        return await self._client.bridge(fetch_object(self._client.http, self.id))


async def open_report(
    client: Client, name_or_id: str, options: ReadOptions, *, instance_id: str | None = None
) -> Report:
    """Find a report and read the definition. Errors: those of `fetch_definition`."""

    def read(body: Any) -> tuple[Definition, bool]:
        return read_template(body), may_have_totals(body)

    template, totals = await fetch_definition(client.http, name_or_id, "report", read)
    return Report(client, template, options, totals=totals, instance_id=instance_id)


def read_template(body: Any) -> Definition:
    """Read a report's template from the body of GET /api/v2/reports/{id} (wire reference, section 4.5).

    The report may offer objects beside those of the template. Errors: ProtocolError.

    >>> amount = {"type": "templateMetrics", "elements": [{"id": "C3", "name": "Amount"}]}
    >>> rows = [{"type": "attribute", "id": "B2", "name": "Region"}, {"type": "customgroup", "id": "D4"}]
    >>> template = {"grid": {"rows": rows, "columns": [amount]}}
    >>> read_template({"id": "A1", "name": "Daily", "definition": template}).attributes
    (Attribute(id='B2', name='Region', forms=(), shown=frozenset()),)
    """
    with reading(body, "a definition of a report"):
        grid = fields(fields(body["definition"])["grid"])
        units = [unit for axis in ("rows", "columns") for unit in items(grid.get(axis))]
        kinds = [text(unit, "type").lower() for unit in units]
        attributes = [unit for unit, kind in zip(units, kinds, strict=True) if kind == "attribute"]
        metrics = [
            each
            for unit, kind in zip(units, kinds, strict=True)
            if kind == "templatemetrics"
            for each in items(unit.get("elements"))
        ]
        offered = fields(body["definition"].get("availableObjects") or {})
        known = {attribute.id: attribute for attribute in read_attributes(items(offered.get("attributes")))}
        return Definition(
            identity(body, "id"),
            text(body, "name", "id"),
            tuple(_with_all_forms(each, known.get(each.id)) for each in read_attributes(attributes)),
            read_metrics(metrics),
            groups=any(kind not in {"attribute", "templatemetrics"} for kind in kinds),
        )


def _with_all_forms(shown: Attribute, offered: Attribute | None) -> Attribute:
    """Return an attribute of the template with the forms that it is offered with, those it shows first."""
    ids = frozenset(form.id for form in shown.forms)
    more = () if offered is None else tuple(form for form in offered.forms if form.id not in ids)
    return replace(shown, forms=(*shown.forms, *more), shown=ids)


def may_have_totals(body: Any) -> bool:
    """Tell from a definition whether the report may show subtotals; False only where the definition excludes them.

    >>> may_have_totals({"definition": {"grid": {"subtotals": {"defined": True, "visible": False}}}})
    False
    """
    subtotals = body["definition"]["grid"].get("subtotals")
    told = subtotals if isinstance(subtotals, dict) else {}
    return told.get("defined") is not False and told.get("visible") is not False
