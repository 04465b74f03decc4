"""What cubes and reports offer, their elements, and filters that change the object, as mstrio-py has them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from mstr_arrow.errors import UsageError
from mstr_arrow.filters.expressions import Elements, all_of
from mstr_arrow.names import listing, suggestion
from mstr_arrow.objects.elements import list_elements, read_elements
from mstr_arrow.objects.sqlview import Sql
from mstr_arrow.query.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from mstr_arrow.execution.source import Source
    from mstr_arrow.filters.expressions import Expression
    from mstr_arrow.grid.definition import Available
    from mstr_arrow.scan.options import ReadOptions
    from mstr_arrow.transport.client import Client

Operator = Literal["In", "NotIn"]

_ELEMENT = re.compile(r"(?P<before>[0-9A-Fa-f]{32}):.*|h.*;(?P<behind>[0-9A-Fa-f]{32})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Selection:
    """What `Selectable.apply_filters` chose: ids, None for all."""

    attributes: tuple[str, ...] | None = None
    metrics: tuple[str, ...] | None = None
    elements: tuple[str, ...] = ()
    operator: Operator = "In"


class Selectable(Sql):
    """A scan of an object that says what it offers, with the filters and names of mstrio-py.

    `Scan.aggregate` and `Scan.filter` do more, and leave the object as it is.
    """

    def __init__(
        self,
        connection: Client,
        source: Source,
        options: ReadOptions,
        attributes: Sequence[Available],
        metrics: Sequence[Available],
    ) -> None:
        super().__init__(connection, source, options)
        self._offered = {"attribute": tuple(attributes), "metric": tuple(metrics)}
        self._selection = Selection()

    # Elements

    def elements(self, attribute: str) -> pa.Table:
        """Return the elements of an attribute: their ids in ``id``, and a column for each form.

        The attribute is named as for `Scan.aggregate`. GET …/attributes/{id}/elements, 10,000 at a time; an
        instance is made first, for the types of the forms. Errors: UsageError with near names.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").elements("Store").column_names
        ['id', 'Store@ID', 'Store@DESC']
        """
        return self._connection.run(read_elements(self._asking, attribute))

    async def elements_async(self, attribute: str) -> pa.Table:
        """Do what `elements` does."""
        return await self._connection.bridge(read_elements(self._asking, attribute))

    # As mstrio-py has it

    @property
    def attributes(self) -> list[dict[str, str]]:
        """The attributes there are, each with ``id`` and ``name``."""
        return [{"id": each.id, "name": each.name} for each in self._offered["attribute"]]

    @property
    def metrics(self) -> list[dict[str, str]]:
        """The metrics there are, each with ``id`` and ``name``."""
        return [{"id": each.id, "name": each.name} for each in self._offered["metric"]]

    @property
    def attr_elements(self) -> list[dict[str, Any]]:
        """All elements of all attributes: ``attribute_id``, ``attribute_name`` and ``elements`` of each.

        An attribute of many elements takes long; `elements` lists those of one.
        """
        return self._connection.run(self._attr_elements())

    async def _attr_elements(self) -> list[dict[str, Any]]:
        return [
            {
                "attribute_id": each.id,
                "attribute_name": each.name,
                "elements": await list_elements(self._asking, each.id),
            }
            for each in self._offered["attribute"]
        ]

    @property
    def selected_attributes(self) -> list[str]:
        """The ids of the attributes that are read."""
        return self._selected("attribute", self._selection.attributes)

    @property
    def selected_metrics(self) -> list[str]:
        """The ids of the metrics that are read."""
        return self._selected("metric", self._selection.metrics)

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
        `Scan.aggregate` has it do; ``<attribute id>;<form id>`` chooses one form. ``operator="NotIn"`` leaves out
        the rows that have one of the elements. What else the object was asked for, by `Scan.filter` and the like,
        is forgotten.

        Nothing is sent. Errors: UsageError for what the object does not have.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     cube = conn.cube("Sales Cube")
        ...     east = cube.elements("Region")["id"][:1].to_pylist()
        ...     cube.apply_filters(attributes=["Region"], metrics=["Units"], attr_elements=east)
        ...     cube.to_arrow().shape
        (1, 2)
        """
        if operator not in get_args(Operator):
            raise UsageError(f"operator={operator!r} is not known.", hint="Choose 'In' or 'NotIn'.")
        before = self._selection
        chosen = Selection(
            before.attributes if attributes is None else self._found("attribute", attributes),
            before.metrics if metrics is None else self._found("metric", metrics),
            before.elements if attr_elements is None else _listed("attr_elements", attr_elements),
            before.operator if attr_elements is None else operator,
        )
        query = self._query_of(chosen)
        self._selection = chosen
        self._ask(query)

    def clear_filters(self) -> None:
        """Read everything again."""
        self._selection = Selection()
        self._ask(Query())

    def to_dataframe(self) -> Any:
        """Return the rows as a pandas frame, as `Scan.to_pandas` does."""
        return self.to_pandas()

    def _selected(self, kind: str, chosen: tuple[str, ...] | None) -> list[str]:
        return [each.id for each in self._offered[kind]] if chosen is None else list(chosen)

    def _found(self, kind: str, wanted: Iterable[str]) -> tuple[str, ...]:
        """Find attributes or metrics by id or name; errors: UsageError with what there is."""
        return tuple(dict.fromkeys(self._find(kind, name) for name in _listed(f"{kind}s", wanted)))

    def _find(self, kind: str, wanted: str) -> str:
        offered = self._offered[kind]
        object_id, semicolon, form = wanted.partition(";")
        if any(each.id == object_id.upper() for each in offered):
            return object_id.upper() + semicolon + form
        found = [each.id for each in offered if each.name == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"{wanted!r} is more than one {kind}: {listing(found)}.", hint="Give an id.")
        raise UsageError(
            f"no {kind} {wanted!r} in {self!r}.", hint=suggestion(wanted, [each.name for each in offered])
        )

    def _query_of(self, chosen: Selection) -> Query:
        selected = None
        if chosen.attributes is not None or chosen.metrics is not None:
            forms = [each.replace(";", "@") for each in self._selected("attribute", chosen.attributes)]
            selected = (*forms, *self._selected("metric", chosen.metrics))
            if not selected:
                raise UsageError("No attribute and no metric is chosen.", hint="Choose at least one of them.")
        return Query(aggregate=selected, where=all_of(self._conditions(chosen)))

    def _conditions(self, chosen: Selection) -> Iterable[Expression]:
        """Make a condition per attribute: all of them hold."""
        by_attribute: dict[str, list[str]] = {}
        for element in chosen.elements:
            found = _ELEMENT.fullmatch(element)
            owner = (found["before"] or found["behind"]) if found else element
            by_attribute.setdefault(self._find("attribute", owner), []).append(element)
        for attribute, ids in by_attribute.items():
            yield Elements(attribute, tuple(ids), negated=chosen.operator == "NotIn")

    def _ask(self, query: Query) -> None:
        self._asking = replace(self._asking, query=query, probed=None)
        self._schema = None


def _listed(what: str, wanted: Iterable[str]) -> tuple[str, ...]:
    """List ids; an Arrow column of them will do."""
    if isinstance(wanted, str):
        raise UsageError(f"{what} takes a list of ids, not {wanted!r}.", hint=f"Write [{wanted!r}].")
    return tuple(dict.fromkeys(map(str, wanted)))
