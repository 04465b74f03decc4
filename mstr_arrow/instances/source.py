"""The source of instances: an object of the server, and the request for it (wire reference, section 3.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from mstr_arrow.errors import UsageError
from mstr_arrow.http.subject import Subject
from mstr_arrow.http.version import at_least
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.grid.definition import Attribute
    from mstr_arrow.grid.grid_options import GridOptions
    from mstr_arrow.grid.rows import Range
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.page_choice import PageChoice
    from mstr_arrow.prompts.collection import Answers
    from mstr_arrow.session.project_http import ProjectHttp

_FIELDS_SINCE = "11.2.0200"
_SUBTOTALS_SINCE = "11.2.0100"
_ASYNC_SINCE = "11.2.0200"
_PARTS = ("raw", "formatted", "extras")


@dataclass(frozen=True, slots=True)
class Source:
    """The source of instances: the object, the request body, and the version of the server.

    ``totals`` says that the result may have subtotals. ``probe_rows`` are looked at to learn the columns. ``over``
    may name an instance of a report that can be changed in place of a new one. ``given`` is somebody else's
    instance, which is read as it is, and none is made. ``prompts`` are the answers to the prompts of the object,
    ``page_by`` the choice among its pages; each is None where there is none. ``ordered``: the body asks for a total
    order of rows, so that each instance has them in the same one; ``one_page``: these are certainly no more than
    one page holds. ``whole`` are the columns of the object without conditions, where they are known: those of a
    result without rows follow from them. ``attributes`` and ``metrics`` (ids) are those that the object shows, as
    its definition tells; ``groups``: it shows custom groups or consolidations besides.
    """

    kind: Literal["cube", "report"]
    object_id: str
    body: Mapping[str, object]
    server_version: str | None
    totals: bool = False
    probe_rows: int = 1
    over: str | None = None
    given: str | None = None
    prompts: Answers | None = None
    page_by: PageChoice | None = None
    ordered: bool = False
    one_page: bool = False
    whole: Columns | None = None
    attributes: tuple[Attribute, ...] = ()
    metrics: tuple[str, ...] = ()
    groups: bool = False

    @property
    def object_path(self) -> str:
        """The path of what the object has beside instances: prompts, elements of attributes."""
        return f"{self.kind}s/{self.object_id}"

    @property
    def path(self) -> str:
        """The path of the instances and of their data."""
        return f"v2/{self.object_path}/instances"

    @property
    def runs(self) -> bool:
        """Whether an instance is a run of the object, and costly."""
        return self.kind == "report"

    @property
    def responds_async(self) -> bool:
        """Whether the server makes an instance while nobody waits for the answer."""
        return self.runs and at_least(self.server_version, _ASYNC_SINCE)

    @property
    def expands(self) -> bool:
        """Whether all pages of a report are read, one after the other."""
        return self.page_by is not None and self.page_by.expand

    @property
    def gateway_hint(self) -> str:
        """The advice where a gateway cuts the request for an instance."""
        raised = "have the idle time of the gateway (load balancer, reverse proxy) raised, or ask for less."
        if not self.runs:
            return f"Ask for less at once, or {raised}"
        if self.responds_async:
            return f"The server was asked to answer at once (Prefer: respond-async), and did not: {raised}"
        return f"From version {_ASYNC_SINCE} on, servers run reports while nobody waits; until then {raised}"

    def with_shown_forms(self, options: GridOptions) -> Source:
        """Return what asks for the forms that are wanted; errors: UsageError where they cannot be asked for.

        A body that names attributes makes a table of a report, whatever its own layout is (wire reference, section
        3.7), so it is used only where the definition has more forms than are shown.
        """
        if options.forms == "shown" or not any(attribute.may_show_more for attribute in self.attributes):
            return self
        reason = self._refusal_of_forms(options)
        if reason is not None:
            raise UsageError(
                naming("{Scan.with_options.forms='all'} cannot be asked for: {reason}.", reason=reason),
                hint=naming("Leave {Scan.with_options.forms} out to read the forms that are shown."),
            )
        attributes = [
            {"id": attribute.id, "forms": [{"id": form.id} for form in attribute.forms]}
            if attribute.forms
            else {"id": attribute.id}
            for attribute in self.attributes
        ]
        metrics = [{"id": metric} for metric in self.metrics]
        return replace(self, body={**self.body, "requestedObjects": {"attributes": attributes, "metrics": metrics}})

    def _refusal_of_forms(self, options: GridOptions) -> str | None:
        if self.given is not None:
            return "a given instance is read as it is"
        if self.page_by is not None:
            return "the pages of a report show the forms of its own"
        if self.groups:
            return "the report has custom groups or consolidations, which no request names"
        if options.layout == "grid":
            return "the report would lose its layout"
        if options.subtotals != "drop":
            return "the report would lose its subtotals"
        return None

    def refusal(self, columns: Columns) -> str | None:
        """Say why the server cannot be asked for a part of this object; None where it can.

        Of reports it takes conditions where attributes are on rows and metrics on columns, without subtotals
        (wire reference, section 5.2).
        """
        if self.given is not None:
            return "a given instance is read as it is"
        if self.page_by is not None:
            return "the server takes no conditions together with page-by"
        if columns.crossed or not columns.whole_pages or columns.options.layout == "grid":
            return "the server takes conditions on tables only, not on cross-tabs or metrics on rows"
        if columns.options.subtotals != "drop":
            return "conditions would change the subtotals"
        if any(column.level for column in columns.all):
            return "an attribute is there twice"
        return None

    def counts(self, columns: Columns) -> bool:
        """Tell whether each row that an instance counts is one of the result."""
        if self.expands:
            return False
        wanted = columns.options.subtotals
        told = wanted == "keep" or (wanted == "drop" and (not self.totals or self._hides_totals))
        return columns.whole_pages and not columns.crossed and told

    @property
    def _hides_totals(self) -> bool:
        return self.given is None and at_least(self.server_version, _SUBTOTALS_SINCE)

    def request_body(self, options: GridOptions) -> dict[str, object]:
        """Make the body of the request for an instance."""
        if self.given is not None:
            return {}
        hidden = self.totals and options.subtotals == "drop" and self._hides_totals
        return {**self.body, "subtotals": {"visible": False}} if hidden else dict(self.body)

    async def page(self, http: ProjectHttp, instance_id: str, wanted: Range, options: GridOptions) -> Response:
        """Return a page of an instance. GET …/instances/{id}."""
        path, params = f"{self.path}/{instance_id}", self.params(wanted, options)
        return await http.request("GET", path, params=params, subject=Subject.INSTANCE)

    def params(self, wanted: Range, options: GridOptions) -> dict[str, object]:
        """Return the query of a request for some rows."""
        params: dict[str, object] = {
            "offset": wanted.offset,
            "limit": wanted.rows,
            "standardDateFormat": "true",
            "standardRawDateFormat": "true",
        }
        if at_least(self.server_version, _FIELDS_SINCE):
            unread = [part for part in _PARTS if part not in options.parts]
            params["fields"] = ",".join(f"-data.metricValues.{part}" for part in unread)
        return params
