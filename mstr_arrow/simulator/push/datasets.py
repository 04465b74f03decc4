"""Datasets that clients pushed: their definitions and their rows (Wire reference, section 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.simulator.bodies import bad_request
from mstr_arrow.simulator.model.cubes import SUPER_CUBE, Cube, object_id
from mstr_arrow.simulator.responses import Refusal

from .chunks import empty
from .pushed_cube import PushedData, row_counts

if TYPE_CHECKING:
    import polars as pl

    from mstr_arrow.simulator.model.catalogue import Catalogue

    from .definition import PushedTable, PushModel

_ALREADY_EXISTS = "ERR0015"
_ARROW_TYPES = {
    "STRING": pa.string(),
    "INTEGER": pa.int32(),
    "BIGINTEGER": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOL": pa.bool_(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "DATETIME": pa.timestamp("us"),
}


@dataclass(slots=True, kw_only=True, eq=False)
class Dataset:
    """A dataset.

    ``tables`` are its rows as they were pushed, or there is nothing but ``counts`` where rows are not kept. It is
    ``single`` where one request brought definition and data.
    """

    id: str
    folder: tuple[str, ...]
    model: PushModel
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    edition: int = 0
    single: bool = False

    def __post_init__(self) -> None:
        self.tables = {name: empty(table) for name, table in self.model.tables.items()}
        self.counts = dict.fromkeys(self.model.tables, 0)

    def table_id(self, table: str) -> str:
        """Give the id of a table."""
        return object_id("table", self.id, table)

    def column_id(self, table: str, column: str) -> str:
        """Give the id of a column."""
        return object_id("column", self.id, table, column)

    def table(self, name_or_id: str) -> PushedTable:
        """Find a table by its name or id; raise the server's 404 where there is none."""
        for name, table in self.model.tables.items():
            if name_or_id in {name, self.table_id(name)}:
                return table
        raise Refusal(404, "ERR004", f"(The dataset has no table '{name_or_id}'.)")

    def cube(self, tables: dict[str, pl.DataFrame], *, published: bool = True) -> Cube:
        """Make the cube that the rows of these tables are read through."""
        data = PushedData.of(self.id, self.model, tables)
        return data.cube(folder=self.folder, published=published, edition=self.edition + 1)

    def cube_of_counts(self, counts: dict[str, int]) -> Cube:
        """Make a cube of one row that tells how many rows the tables have, and nothing else."""
        return Cube(
            id=self.id,
            name=self.model.name,
            metrics=row_counts(self.id, counts),
            total=1,
            folder=self.folder,
            tables=tuple(counts),
            edition=self.edition + 1,
        )

    def arrow_tables(self) -> dict[str, pa.Table]:
        """Give the rows as they were pushed, in the order they have in the tables."""
        return {name: _arrow_table(self.model.tables[name], frame) for name, frame in self.tables.items()}


class Datasets:
    """All pushed datasets of the project; kept in the catalogue as cubes."""

    def __init__(self, catalogue: Catalogue, *, overwrites: bool, seed: int) -> None:
        self._catalogue = catalogue
        self._overwrites = overwrites
        self._seed = seed
        self._created = 0
        self._by_id: dict[str, Dataset] = {}

    def create(self, model: PushModel, folder: tuple[str, ...], *, single: bool = False) -> Dataset:
        """Define a dataset without rows; one of the same name in the folder makes room, and leaves its id.

        Raises the server's 400 where anything else has that name, or the server is too old to overwrite.
        """
        taken = self._catalogue.find_named(model.name, folder)
        old = self._by_id.get(taken.id) if taken else None
        if taken and (old is None or not self._overwrites):
            raise Refusal(400, _ALREADY_EXISTS, f"(An object with the name '{model.name}' exists in the folder.)")
        self._created += old is None
        dataset_id = old.id if old else object_id("dataset", str(self._seed), str(self._created))
        dataset = Dataset(id=dataset_id, folder=folder, model=model, single=single)
        cube = dataset.cube(dataset.tables, published=False)
        self._by_id[dataset.id] = dataset
        self._catalogue.put(cube, description=model.description)
        return dataset

    def find(self, dataset_id: str) -> Dataset:
        """Find a dataset; raise what the server says of objects that are none."""
        dataset = self._by_id.get(dataset_id.upper())
        if dataset is not None:
            return dataset
        cube = self._catalogue.cube(dataset_id)
        if cube.subtype != SUPER_CUBE:
            raise Refusal(500, "ERR001", "(The object is not a dataset.)")
        raise bad_request(f"The cube '{cube.name}' was not made by the REST API: it cannot be updated by it.")

    def get(self, dataset_id: str) -> Dataset | None:
        """Find a dataset, None where the cube of that id is none."""
        return self._by_id.get(dataset_id)

    def find_named(self, name_or_id: str) -> Dataset:
        """Find a dataset by its name or id; raise KeyError where there is none."""
        for dataset in list(self._by_id.values()):
            if name_or_id in {dataset.id, dataset.model.name}:
                return dataset
        raise KeyError(name_or_id)

    def delete(self, dataset_id: str) -> None:
        """Delete a dataset; raise the server's 403 for objects that clients did not push."""
        if dataset_id not in self._by_id:
            raise Refusal(403, "ERR0017", "(Only datasets that were pushed can be deleted here.)")
        del self._by_id[dataset_id]
        self._catalogue.remove(dataset_id)

    def publish(self, dataset: Dataset, change: Publication) -> None:
        """Let a publication take effect."""
        dataset.tables, dataset.counts = change.tables, change.counts
        dataset.edition += 1
        self._catalogue.put(change.cube)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Publication:
    """A dataset as it will be once its upload session is published."""

    tables: dict[str, pl.DataFrame]
    counts: dict[str, int]
    cube: Cube


def _arrow_table(table: PushedTable, frame: pl.DataFrame) -> pa.Table:
    arrays = [frame[str(place)].to_arrow() for place in range(len(table.columns))]
    types = [_ARROW_TYPES.get(column.data_type, a.type) for column, a in zip(table.columns, arrays, strict=True)]
    return pa.table(
        [array.cast(kind) for array, kind in zip(arrays, types, strict=True)],
        names=[column.name for column in table.columns],
    )
