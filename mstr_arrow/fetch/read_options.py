"""How an object is read, beyond what is read."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

from mstr_arrow.config import Limits
from mstr_arrow.errors import UsageError
from mstr_arrow.given import check_type
from mstr_arrow.grid.grid_options import GridOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from mstr_arrow.grid.grid_options import Forms, Layout, OnBadValue, Subtotals, Values


Required: TypeAlias = Literal["likely", "proven"]
"""How certain it has to be that rows of several instances are of the same data."""


class ScanOptions(TypedDict, total=False):
    """Options of a scan.

    ``types``
        sets the types of columns by name: any integer, float, decimal, date, time or timestamp type, bool, or
        ``pa.string()``, which takes everything.
    ``layout``
        ``"tidy"`` (the default) gives one column per metric and one row per combination of attributes that has
        data; ``"grid"`` keeps a cross-tab's own columns, named by their headers.
    ``subtotals``
        ``"drop"`` (the default) leaves out rows that total others, ``"keep"`` and ``"only"`` add a column
        ``Subtotal Of`` with the names of the attributes that a row totals.
    ``values``
        ``"raw"`` (the default) gives metrics as values, ``"formatted"`` as the texts a person sees, ``"both"``
        as both, the texts in columns ``Metric (formatted)``.
    ``forms``
        ``"shown"`` (the default) gives the forms of attributes that the object shows, ``"all"`` those of their
        definition. Without it a form that is not shown may be named, as ``Attribute@FORM``, in `select`,
        `aggregate`, `sort` and conditions, but not in those of a lazy frame.
    ``on_bad_value``
        what becomes of a value that does not fit its column: ``"raise"`` (the default) is a ConversionError,
        ``"null"`` makes it null, and counts it in `ScanStats.bad_values` and in one DataLossWarning; of a text that
        was cut inside a character it leaves the rest. For all columns, or by name: ``{"Day": "null"}``. A form that
        tells elements apart, the ID or the only one that an attribute shows, needs its name.
    ``ordered``
        False hands out pages as they arrive.
    ``pushdown``
        False asks the server for everything, and filters and sorts here; the result is the same.
    ``total_order``
        True asks the server for rows sorted by all their attributes. Then a read whose instance is gone (the server
        drops those of long ago, and all with their session) goes on where it was, over another one, if the data are
        still the same, and else ends with DataChanged. Without it such a read starts again if nothing was handed
        out yet, and else ends with InstanceGone.
    ``consistency``
        ``"likely"`` (the default) lets a read in a total order go on over another instance where all that can be
        compared is the same; ``"proven"`` only where the server tells that nothing was published in between, which
        takes a login that may monitor the caches of cubes. `ScanStats.consistent` says which it was.
    ``deadline``
        seconds that a read may take from its start to its last row, the consumer's time included; then it ends with
        TimeoutExceeded.
    ``limits``
        bounds what is under way at once.
    ``concurrency``
        a fixed number of requests at once, in place of one that follows the time of the responses; as
        ``Limits.concurrency``.
    ``page_rows``
        a fixed number of rows for each page; as ``Limits.page_rows``.
    ``polite``
        True keeps the server's load low; as ``Limits.polite``.
    """

    types: Mapping[str, pa.DataType]
    layout: Layout
    subtotals: Subtotals
    values: Values
    forms: Forms
    on_bad_value: OnBadValue | Mapping[str, OnBadValue]
    ordered: bool
    pushdown: bool
    total_order: bool
    consistency: Required
    deadline: float | None
    limits: Limits
    concurrency: int | None
    page_rows: int | None
    polite: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """`ScanOptions`, complete."""

    limits: Limits
    grid: GridOptions = field(default_factory=GridOptions)
    ordered: bool = True
    pushdown: bool = True
    total_order: bool = False
    consistency: Required = "likely"
    deadline: float | None = None

    def __post_init__(self) -> None:
        check_type("limits", self.limits, Limits, "a Limits")
        check_type("deadline", self.deadline, (int, float, type(None)), "a number of seconds above 0")
        if self.deadline is not None and not self.deadline > 0:
            raise UsageError(f"deadline is {self.deadline!r}; it must be a number of seconds above 0.")
        if self.total_order and not self.ordered:
            raise UsageError(
                "total_order=True and ordered=False exclude each other.", hint="Leave one of them away."
            )

    def with_options(self, options: ScanOptions) -> ReadOptions:
        """Return these options with some of them chosen anew; errors: UsageError."""
        mine = {name: value for name, value in options.items() if name in _OF_READS}
        mine["limits"] = _limits(options.get("limits", self.limits), options)
        of_grid = {name: value for name, value in options.items() if name not in mine and name not in _OF_LIMITS}
        return replace(self, grid=replace(self.grid, **of_grid), **mine)  # type: ignore[arg-type]  # checked keys


def _limits(limits: Limits, options: ScanOptions) -> Limits:
    """Return limits as other options change them: the number of requests and politeness put out each other."""
    concurrency = options.get("concurrency")
    if options.get("polite") and concurrency is not None:
        raise UsageError(
            f"concurrency={concurrency} and polite=True exclude each other.", hint="Leave one of them away."
        )
    if "concurrency" in options:
        limits = replace(limits, concurrency=concurrency, polite=False)
    if "polite" in options:
        polite = options["polite"]
        limits = replace(limits, polite=polite, concurrency=None if polite else limits.concurrency)
    return replace(limits, page_rows=options["page_rows"]) if "page_rows" in options else limits


_OF_LIMITS = {"concurrency", "page_rows", "polite"}
_OF_READS = {each.name for each in fields(ReadOptions)} - {"grid"}
