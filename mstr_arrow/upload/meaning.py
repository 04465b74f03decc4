"""Which columns of a table tell its rows apart, and which are added up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.upload.model import ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mstr_arrow.grid.definition import Definition
    from mstr_arrow.upload.model import Model, TableModel


@dataclass(frozen=True, slots=True)
class Meaning:
    """The columns of a table that hold the ``keys`` of its attributes, and its ``metrics``."""

    keys: tuple[str, ...]
    metrics: tuple[str, ...]


def of_model(model: Model) -> dict[str, Meaning]:
    """Say it of the tables of a dataset that is made."""
    keys = [attribute.forms[0].expressions for attribute in model.attributes]
    return {
        table.name: Meaning(
            tuple(column for each in keys for name, column in each if name == table.name),
            tuple(metric.name for metric in model.metrics if metric.table == table.name),
        )
        for table in model.tables
    }


def of_dataset(
    tables: Iterable[TableModel], definition: Definition, forms: Mapping[str, Mapping[str, str]]
) -> dict[str, Meaning]:
    """Say it of tables for a dataset that exists: what is none of its metrics is a key, but for ``forms``."""
    metrics = {metric.name for metric in definition.metrics}
    attributes = {attribute.name for attribute in definition.attributes}
    others = {
        column
        for categories in forms.values()
        for category, column in categories.items()
        if category != ID and column not in attributes
    }
    return {
        table.name: Meaning(
            tuple(each.name for each in table.columns if each.name not in metrics | others),
            tuple(each.name for each in table.columns if each.name in metrics),
        )
        for table in tables
    }
