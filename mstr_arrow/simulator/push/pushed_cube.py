"""A cube made of pushed tables: elements are found, rows aggregated at any level, tables joined.

Each table becomes *facts*: element keys by the ids of attributes, values by the ids of metrics, a row for each row
that was pushed. What a request asks for is evaluated in each table by itself, grouped by those of the requested
attributes that the table has, and the results are joined in full on the attributes they share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.simulator.model.cubes import Attribute, Cube, Form, Metric, object_id
from mstr_arrow.simulator.responses import Refusal
from mstr_arrow.simulator.rules.aggregation import extremes, narrow, total, with_values

from .definition import DATA_TYPES
from .policies import align

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .definition import PushedAttribute, PushModel

_NULL = "\\N"
_MOST_ROWS = 20_000_000
_TOO_MANY_ROWS = -2147205488


@dataclass(frozen=True, slots=True, eq=False)
class PushedData:
    """The rows of a dataset, ready to be asked for.

    ``elements`` are the form values of each attribute's elements, a column for each form, a row for each key;
    ``facts`` the tables by name.
    """

    cube_id: str
    model: PushModel
    elements: dict[str, pl.DataFrame]
    facts: dict[str, pl.DataFrame]

    @classmethod
    def of(cls, cube_id: str, model: PushModel, tables: Mapping[str, pl.DataFrame]) -> PushedData:
        """Find the elements of every attribute and number them; ``tables`` have columns named by their places."""
        elements: dict[str, pl.DataFrame] = {}
        facts: dict[str, dict[str, pl.Series]] = {name: {} for name in tables}
        for attribute in model.attributes:
            attribute_id = attribute_id_of(cube_id, attribute.name)
            parts = _form_values(attribute, tables)
            elements[attribute_id] = known = _distinct(parts)
            for table, part in parts.items():
                facts[table][attribute_id] = _keys(part, known)
        for metric in model.metrics:
            facts[metric.table][metric_id_of(cube_id, metric.name)] = tables[metric.table][str(metric.column)]
        return cls(cube_id, model, elements, {name: pl.DataFrame(columns) for name, columns in facts.items()})

    def cube(self, *, folder: tuple[str, ...], published: bool, edition: int) -> Cube:
        """Make the cube, all of whose rows are still to be evaluated."""
        rows = sum(len(facts) for facts in self.facts.values())
        attributes = [self._attribute(a, self.elements[i]) for i, a in self._attributes().items()]
        return Cube(
            id=self.cube_id,
            name=self.model.name,
            attributes=tuple(attributes),
            metrics=self._metrics(),
            total=rows,
            folder=folder,
            published=published,
            tables=tuple(self.model.tables),
            edition=edition,
            evaluate=self.evaluate,
        )

    def evaluate(self, cube: Cube) -> Cube:
        """Work out the rows of the attributes and metrics that ``cube`` has."""
        parts = [_group(facts, cube, row_count_id(self.cube_id, table)) for table, facts in self.facts.items()]
        rows = _join([part for part in parts if part.width], [attribute.id for attribute in cube.attributes])
        sums = pl.DataFrame([narrow(rows[metric.id]) for metric in cube.metrics])
        return replace(
            cube,
            attributes=tuple(self._with_keys(attribute, rows[attribute.id]) for attribute in cube.attributes),
            metrics=tuple(with_values(metric, sums[metric.id]) for metric in cube.metrics),
            total=len(rows),
            numbers=len(rows),
            extremes=extremes(sums),
            evaluate=None,
        )

    def _attributes(self) -> dict[str, PushedAttribute]:
        return {attribute_id_of(self.cube_id, a.name): a for a in self.model.attributes}

    def _attribute(self, attribute: PushedAttribute, elements: pl.DataFrame) -> Attribute:
        forms = [
            Form(
                id=form.id,
                name=form.category,
                data_type=DATA_TYPES[form.data_type],
                value=pl.lit(elements[str(number)]).gather(pl.col("key")),
            )
            for number, form in enumerate(attribute.forms)
        ]
        return Attribute(
            id=attribute_id_of(self.cube_id, attribute.name),
            name=attribute.name,
            forms=tuple(forms),
            key=pl.col("row"),
            element=_element_ids(elements, [str(n) for n, form in enumerate(attribute.forms) if form.is_key]),
            cardinality=len(elements),
        )

    def _with_keys(self, asked: Attribute, keys: pl.Series) -> Attribute:
        """Give an attribute its elements row by row; rows without one get the null element."""
        elements = self.elements[asked.id]
        if keys.has_nulls():
            elements, null = _with_null(elements)
            keys = keys.fill_null(null)
        attribute = self._attribute(self._attributes()[asked.id], elements)
        forms = {form.id: form for form in attribute.forms}
        return replace(
            attribute,
            forms=tuple(forms[form.id] for form in asked.forms),
            key=pl.lit(keys).gather(pl.col("row")),
        )

    def _metrics(self) -> tuple[Metric, ...]:
        metrics = [
            _metric(metric_id_of(self.cube_id, metric.name), metric.name, DATA_TYPES[metric.data_type])
            for metric in self.model.metrics
        ]
        return (*metrics, *row_counts(self.cube_id, dict.fromkeys(self.facts, 0)))


def attribute_id_of(cube_id: str, name: str) -> str:
    """Give the id of an attribute of a pushed dataset."""
    return object_id("attribute", cube_id, name)


def metric_id_of(cube_id: str, name: str) -> str:
    """Give the id of a metric of a pushed dataset."""
    return object_id("metric", cube_id, name)


def row_count_id(cube_id: str, table: str) -> str:
    """Give the id of the metric that counts the rows of a table."""
    return object_id("row count", cube_id, table)


def row_counts(cube_id: str, counts: Mapping[str, int]) -> tuple[Metric, ...]:
    """Make the metrics that count the rows of the tables, with these values in every row of the cube."""
    return tuple(
        replace(
            _metric(row_count_id(cube_id, table), f"Row Count - {table}", "integer"),
            value=pl.col("row") * 0 + count,
            hidden=True,
            definition_type="reserved",
        )
        for table, count in counts.items()
    )


def _metric(metric_id: str, name: str, data_type: str) -> Metric:
    return Metric(id=metric_id, name=name, data_type=data_type, value=pl.lit(None))


def _form_values(attribute: PushedAttribute, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Give the columns of an attribute in each of its tables, named by the numbers of the forms."""
    columns = {
        table: frame.select(
            _widen(frame[str(form.columns[table])]).alias(str(number))
            for number, form in enumerate(attribute.forms)
            if table in form.columns
        )
        for table, frame in tables.items()
        if table in attribute.tables
    }
    return dict(zip(columns, align(list(columns.values())), strict=True))


def _widen(values: pl.Series) -> pl.Series:
    return values.cast(pl.Int64) if values.dtype.is_integer() else values


def _distinct(parts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """List the elements of an attribute: its distinct combinations of form values, in order of first appearance.

    A table that lacks a form has elements of its own only where no other table knows them with that form.
    """
    by_width = sorted(parts.values(), key=lambda part: -part.width)
    known = by_width[0].unique(maintain_order=True)
    for part in by_width[1:]:
        unknown = part.unique(maintain_order=True).join(
            known, on=part.columns, how="anti", nulls_equal=True, maintain_order="left"
        )
        known = pl.concat([known, unknown], how="diagonal")
    return known.select([str(number) for number in range(known.width)])


def _keys(part: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    places = known.with_row_index("key").unique(subset=part.columns, keep="first")
    on = part.columns
    return part.join(places, on=on, how="left", nulls_equal=True, maintain_order="left")["key"]


def _element_ids(elements: pl.DataFrame, keys: Sequence[str]) -> pl.Expr:
    """Give the middles of the element ids over ``key``: the ID as text, marked where that is not enough.

    A text that looks like the null element, and one that several elements have, gets the key behind it.
    """
    texts = elements.select(pl.concat_str(pl.col(keys).cast(pl.String).fill_null(""), separator=":")).to_series()
    nothing = elements.select(pl.all_horizontal(pl.all().is_null())).to_series()
    unclear = texts == _NULL
    if elements.width > 1:
        unclear |= texts.is_duplicated()
    marked = texts + "#" + pl.int_range(len(texts), eager=True).cast(pl.String)
    ids = marked.zip_with(unclear, texts) if unclear.any() else texts
    if nothing.any():
        ids = pl.repeat(None, len(ids), dtype=pl.String, eager=True).zip_with(nothing, ids)
    return pl.lit(ids).gather(pl.col("key"))


def _with_null(elements: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Find the null element, added where there is none; give the elements and its key."""
    nothing = elements.select(pl.all_horizontal(pl.all().is_null())).to_series().arg_true()
    if len(nothing):
        return elements, int(nothing[0])
    null = pl.DataFrame({name: [None] for name in elements.columns}, schema=elements.schema)
    return pl.concat([elements, null]), len(elements)


def _group(facts: pl.DataFrame, cube: Cube, row_count: str) -> pl.DataFrame:
    """Aggregate a table by those of the cube's attributes that it has; no columns where it has none."""
    by = [attribute.id for attribute in cube.attributes if attribute.id in facts]
    sums = [total(facts.schema[metric.id], metric) for metric in cube.metrics if metric.id in facts]
    sums += [pl.len().cast(pl.Int64).alias(row_count) for metric in cube.metrics if metric.id == row_count]
    if not by:
        return facts.select(sums)
    return facts.group_by(by, maintain_order=True).agg(sums)


def _join(parts: Sequence[pl.DataFrame], attributes: Sequence[str]) -> pl.DataFrame:
    """Join what the tables give on the attributes they share, those that share some first."""
    rows, *rest = parts
    while rest:
        shares = [[name for name in attributes if name in rows and name in part] for part in rest]
        number = next((n for n, shared in enumerate(shares) if shared), 0)
        rows = _with(rows, rest.pop(number), shares[number])
    return rows


def _with(left: pl.DataFrame, right: pl.DataFrame, shared: list[str]) -> pl.DataFrame:
    if shared:
        return left.join(right, on=shared, how="full", coalesce=True, maintain_order="left_right")
    if not len(left) or not len(right):
        return pl.concat([left, right], how="diagonal")
    if len(left) * len(right) > _MOST_ROWS:
        message = f"(The result has more than {_MOST_ROWS} rows: the tables share no attribute that was asked for.)"
        raise Refusal(500, "ERR001", message, iserver_code=_TOO_MANY_ROWS)
    return left.join(right, how="cross", maintain_order="left_right")
