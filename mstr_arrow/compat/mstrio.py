"""Filters that change a cube or report in place, and the names that mstrio-py gives to what it offers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from mstr_arrow.errors import UsageError
from mstr_arrow.names import listing, suggestion
from mstr_arrow.objects.element_table import list_elements
from mstr_arrow.query.expressions import Elements

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.objects.described import Described
    from mstr_arrow.query.expressions import Expression

__all__ = ["MstrioObject"]

Operator = Literal["In", "NotIn"]

_ELEMENT = re.compile(r"(?P<before>[0-9A-Fa-f]{32}):.*|h.*;(?P<behind>[0-9A-Fa-f]{32})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Selection:
    """The choice of `MstrioObject.apply_filters`: ids, None for all."""

    attributes: tuple[str, ...] | None = None
    metrics: tuple[str, ...] | None = None
    elements: tuple[str, ...] = ()
    operator: Operator = "In"


class MstrioObject:
    """A cube or report with the filters and names of mstrio-py: what it reads is changed in place.

    `scan` is what it reads; the cube or report itself stays as it is. `Scan.filter` and its kin do more.

    >>> from mstr_arrow.compat import mstrio
    >>> with ma.connect(url, username=user, password=password) as conn:
    ...     cube = mstrio.MstrioObject(conn.cube("Sales Cube"))
    ...     cube.apply_filters(attributes=["Region"], metrics=["Units"])
    ...     cube.scan.to_arrow().column_names
    ['Region', 'Units']
    """

    def __init__(self, whole: Described) -> None:
        self._whole = whole
        self._scan = whole
        self._selection = Selection()

    def __repr__(self) -> str:
        return f"<MstrioObject {self._whole!r}>"

    @property
    def scan(self) -> Described:
        """A scan of what was chosen, with every way out; it stays as it is when something else is chosen."""
        return self._scan

    @property
    def attributes(self) -> list[dict[str, str]]:
        """The attributes there are, each with ``id`` and ``name``."""
        return [{"id": each["id"], "name": each["name"]} for each in self._whole.attributes]

    @property
    def metrics(self) -> list[dict[str, str]]:
        """The metrics there are, each with ``id`` and ``name``."""
        return self._whole.metrics

    @property
    def attr_elements(self) -> list[dict[str, Any]]:
        """All elements of all attributes: ``attribute_id``, ``attribute_name`` and ``elements`` of each.

        An attribute of many elements takes long; `elements` of the cube or report lists those of one.
        """
        return self._whole._client.run(self._attr_elements())  # noqa: SLF001 - as the cube's own calls are run

    async def _attr_elements(self) -> list[dict[str, Any]]:
        resolver = self._whole._resolver  # noqa: SLF001 - of our own scan
        return [
            {
                "attribute_id": each["id"],
                "attribute_name": each["name"],
                "elements": await list_elements(resolver, each["id"]),
            }
            for each in self.attributes
        ]

    @property
    def selected_attributes(self) -> list[str]:
        """The ids of the attributes that are read."""
        return self._select_ids("attribute", self._selection.attributes)

    @property
    def selected_metrics(self) -> list[str]:
        """The ids of the metrics that are read."""
        return self._select_ids("metric", self._selection.metrics)

    @property
    def selected_attr_elements(self) -> list[str]:
        """The ids of the elements that `apply_filters` was given."""
        return list(self._selection.elements)

    def apply_filters(
        self,
        attributes: Iterable[str] | None = None,
        metrics: Iterable[str] | None = None,
        attr_elements: Iterable[str] | None = None,
        operator: Operator = "In",
    ) -> None:
        """Choose what this object reads from now on, by ids; attributes and metrics by names, too.

        None leaves a choice as it was. Without any attribute the metrics are added up to one row, without any
        element all rows are read. With fewer attributes than there are, the server adds metrics up, as
        `Scan.aggregate` has it do; ``<attribute id>;<form id>`` chooses one form, whether it is shown or not.
        ``operator="NotIn"`` leaves out the rows that have one of the elements.

        Nothing is sent. Errors: UsageError for what the object does not have.

        >>> from mstr_arrow.compat import mstrio
        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     whole = conn.cube("Sales Cube")
        ...     east = whole.elements("Region")["id"][:1].to_pylist()
        ...     cube = mstrio.MstrioObject(whole)
        ...     cube.apply_filters(attributes=["Region"], metrics=["Units"], attr_elements=east)
        ...     cube.scan.to_arrow().shape
        (1, 2)
        """
        if operator not in get_args(Operator):
            raise UsageError(f"operator={operator!r} is not known.", hint="Choose 'In' or 'NotIn'.")
        before = self._selection
        chosen = Selection(
            before.attributes if attributes is None else self._find_ids("attribute", attributes),
            before.metrics if metrics is None else self._find_ids("metric", metrics),
            before.elements if attr_elements is None else _list_ids("attr_elements", attr_elements),
            before.operator if attr_elements is None else operator,
        )
        self._scan = self._scan_of(chosen)
        self._selection = chosen

    def clear_filters(self) -> None:
        """Read everything again."""
        self._scan = self._whole
        self._selection = Selection()

    def to_dataframe(self) -> Any:
        """Return the rows as a pandas frame, as `Scan.to_pandas` does."""
        return self._scan.to_pandas()

    def _select_ids(self, kind: str, chosen: tuple[str, ...] | None) -> list[str]:
        return [each["id"] for each in self._offers(kind)] if chosen is None else list(chosen)

    def _offers(self, kind: str) -> list[dict[str, str]]:
        return self.attributes if kind == "attribute" else self.metrics

    def _find_ids(self, kind: str, wanted: Iterable[str]) -> tuple[str, ...]:
        """Find attributes or metrics by id or name; errors: UsageError with the names that exist."""
        return tuple(dict.fromkeys(self._find(kind, name) for name in _list_ids(f"{kind}s", wanted)))

    def _find(self, kind: str, wanted: str) -> str:
        offered = self._offers(kind)
        object_id, semicolon, form = wanted.partition(";")
        if any(each["id"] == object_id.upper() for each in offered):
            if semicolon:
                self._check_form(object_id.upper(), form)
            return object_id.upper() + semicolon + form
        found = [each["id"] for each in offered if each["name"] == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"{wanted!r} is more than one {kind}: {listing(found)}.", hint="Give an id.")
        raise UsageError(
            f"no {kind} {wanted!r} in {self._whole!r}.",
            hint=suggestion(wanted, [each["name"] for each in offered]),
        )

    def _check_form(self, attribute_id: str, wanted: str) -> None:
        """Refuse a form that is none of an attribute's, as far as its definition lists them; errors: UsageError."""
        attribute = next((each for each in self._whole.attributes if each["id"] == attribute_id), None)
        forms = [] if attribute is None else attribute["forms"]
        if forms and not any(form["id"].upper() == wanted.upper() for form in forms):
            ids = listing([f"{form['name']}: {form['id']}" for form in forms])
            raise UsageError(f"the attribute {attribute_id} has no form {wanted!r}.", hint=f"It has {ids}.")

    def _scan_of(self, chosen: Selection) -> Described:
        scan = self._whole.filter(*self._conditions(chosen)) if chosen.elements else self._whole
        if chosen.attributes is None and chosen.metrics is None:
            return scan
        forms = [each.replace(";", "@") for each in self._select_ids("attribute", chosen.attributes)]
        metrics = self._select_ids("metric", chosen.metrics)
        if not forms and not metrics:
            raise UsageError("No attribute and no metric is chosen.", hint="Choose at least one of them.")
        return scan.aggregate(*forms, *metrics)

    def _conditions(self, chosen: Selection) -> Iterable[Expression]:
        """Make a condition per attribute: all of them hold."""
        by_attribute: dict[str, list[str]] = {}
        for element in chosen.elements:
            found = _ELEMENT.fullmatch(element)
            owner = (found["before"] or found["behind"]) if found else element
            by_attribute.setdefault(self._find("attribute", owner), []).append(element)
        for attribute, ids in by_attribute.items():
            yield Elements(attribute, tuple(ids), negated=chosen.operator == "NotIn")


def _list_ids(what: str, wanted: Iterable[str]) -> tuple[str, ...]:
    """List ids; an Arrow column of them will do."""
    if isinstance(wanted, str):
        raise UsageError(f"{what} takes a list of ids, not {wanted!r}.", hint=f"Write [{wanted!r}].")
    return tuple(dict.fromkeys(map(str, wanted)))
