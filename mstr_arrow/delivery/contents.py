"""Contents of a subscription: an object, in which form, under which condition (wire reference, section 8.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mstr_arrow.delivery.part import Part, choice, choose_word, flag, inner, inners, members, text, texts
from mstr_arrow.errors import UsageError

TYPES = ("report", "document", "cube", "dossier", "unsupported")
"""Types of contents; a dashboard is a dossier."""

POLICIES = ("add", "delete", "update", "upsert", "replace")

_FORMATS = (
    *("PLAIN_TEXT", "EXCEL", "HTML", "PDF", "STREAMING", "CSV", "JSON", "VIEW", "INTERACTIVE", "EDITABLE"),
    *("EXPORT_FLASH", "SWF_MHT", "SWF_HTML", "PHONE", "TABLET", "MSTR", "IMAGE"),
)
_PAGES = ("DEFAULT", "CURRENT_PAGE", "ALL_PAGES", "ALL_PAGES_SEPARATED", "CURRENT_WINDOW", "CURRENT_LAYOUT")
_VIEWS = ("DEFAULT", "GRID", "GRAPH", "BOTH", "NONINTERACTIVE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursting(Part):
    """One delivery for each element of attributes, which are written as ``id~name``.

    ``address_attribute_id`` and ``form_id`` name the form that holds the addresses, ``device_id`` what takes
    them.
    """

    LABEL: ClassVar[str] = "a bursting"

    slicing_attributes: Sequence[str] | None = texts()
    address_attribute_id: str | None = text()
    device_id: str | None = text()
    form_id: str | None = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfSettings(Part):
    """How a PDF is laid out; words of the REST API, which the server judges."""

    LABEL: ClassVar[str] = "a PDF"

    page_option: str | None = text()
    page_size: str | None = text()
    orientation: str | None = text()
    page_detail_level: str | None = text()
    include_header: bool | None = flag()
    include_footer: bool | None = flag()
    include_toc: bool | None = flag()
    filter_summary: str | None = text()
    fit_to_page: bool | None = flag()
    repeat_column_header: bool | None = flag()
    grid_paging_mode: str | None = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Personalization(Part):
    """The form in which an object is delivered; None leaves a field to the server.

    ``format_type`` is ``"EXCEL"``, ``"PDF"``, ``"CSV"``, ``"HTML"``, …; ``format_mode`` which pages, such as
    ``"CURRENT_PAGE"`` or ``"ALL_PAGES"``; ``view_mode`` ``"GRID"``, ``"GRAPH"`` or ``"BOTH"``. ``compressed`` makes
    a zip file of it. ``delimiter`` is that of CSV and texts.

    >>> Personalization(format_type="excel", view_mode="grid").body()
    {'viewMode': 'GRID', 'formatType': 'EXCEL'}
    >>> Personalization(format_type="EXEL")
    Traceback (most recent call last):
    mstr_arrow.errors.UsageError: UsageError: the format type of a content is 'EXEL', ... Did you mean 'EXCEL'?
    """

    LABEL: ClassVar[str] = "a content"
    WIRE: ClassVar[Mapping[str, str]] = {"pdf": "exportToPdfSettings"}

    compressed: bool | None = flag()
    format_mode: str | None = choice(*_PAGES)
    view_mode: str | None = choice(*_VIEWS)
    format_type: str | None = choice(*_FORMATS)
    delimiter: str | None = text()
    bursting: Bursting | None = inner(Bursting)  # noqa: RUF009  a field
    pdf: PdfSettings | None = inner(PdfSettings)  # noqa: RUF009  a field
    file_name: str | None = text()
    content_modes: Sequence[str] | None = texts()
    bookmark_ids: Sequence[str] | None = texts()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRefresh(Part):
    """How one table of a data model is refreshed, and from which source.

    ``table`` is a name or id; ``policy`` is ``"add"``, ``"delete"``, ``"update"``, ``"upsert"`` or ``"replace"``;
    ``alternate_source`` is a dict of ``dbRoleId``, ``namespace``, ``tableName`` and ``url``.
    """

    LABEL: ClassVar[str] = "a table"
    WIRE: ClassVar[Mapping[str, str]] = {"table": "id", "policy": "refreshPolicy"}

    table: str | None = text()
    policy: str | None = choice(*POLICIES)
    alternate_source: Mapping[str, str] | None = members()

    def __post_init__(self) -> None:
        Part.__post_init__(self)
        if self.table is None or self.policy is None:
            raise UsageError("a table is refreshed by its name or id and a policy.", hint=_POLICIES_HINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshCondition(Part):
    """Tables of a data model that a subscription refreshes: some ``tables``, or all by a ``policy``.

    ``tables`` are `TableRefresh`, or a dict of tables and policies; ``filters`` are conditions on forms, as the
    REST API has them.

    >>> RefreshCondition(tables={"A1": "upsert"}).body()
    {'tables': [{'id': 'A1', 'refreshPolicy': 'upsert'}]}
    """

    LABEL: ClassVar[str] = "a refresh condition"
    WIRE: ClassVar[Mapping[str, str]] = {"policy": "datasetRefreshPolicy"}

    tables: Sequence[TableRefresh] | Mapping[str, str] | None = inners(TableRefresh)
    policy: str | None = choice(*POLICIES)
    filters: Sequence[Mapping[str, Any]] | None = members()

    def __post_init__(self) -> None:
        if isinstance(self.tables, Mapping):
            listed = [TableRefresh(table=name, policy=policy) for name, policy in self.tables.items()]
            object.__setattr__(self, "tables", listed)
        Part.__post_init__(self)
        if not self.tables and self.policy is None:
            raise UsageError("a refresh condition names neither tables nor a policy.", hint=_POLICIES_HINT)


@dataclass(frozen=True, slots=True)
class Content:
    """An object to deliver, and the form of its delivery.

    ``source`` is a cube, report or other object of this package, its name, path or id; ``type`` is the type of
    an id: ``"report"``, ``"document"``, ``"cube"`` or ``"dossier"``, which is a dashboard. ``answers`` answer
    the prompts of a report at each delivery, as `Report.answers` takes them.

    >>> Content("Daily Sales", Personalization(format_type="PDF")).type is None
    True
    """

    source: Any
    personalization: Personalization | None = None
    refresh: RefreshCondition | None = None
    type: str | None = None
    answers: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        for name, kind in (("personalization", Personalization), ("refresh", RefreshCondition)):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise UsageError(f"the {name} of a content is {value!r}.", hint=f"It is a {kind.__name__}(…).")
        if self.type is not None:
            wanted = "dossier" if str(self.type).casefold() == "dashboard" else self.type
            object.__setattr__(self, "type", choose_word("the type of a content", wanted, TYPES))


_POLICIES_HINT = "Policies are 'add', 'delete', 'update', 'upsert' and 'replace'."
