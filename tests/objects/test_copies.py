"""A table that was read from a cube, and is written to another one: the copy equals the original, cell by cell."""

import polars as pl
import polars.selectors as cs
import pytest
from polars.testing import assert_frame_equal

import mstr_arrow as ma
from mstr_arrow.simulator import Simulator
from mstr_arrow.upload.files import open_file
from tests.support.servers import connect_to
from tests.support.slow import thinned


def written(cube, path):
    """Write a cube to a file, and open it."""
    cube.write_parquet(path)
    return open_file(path)


WAYS = {
    "table": lambda cube, _: cube.to_arrow(),
    "plain table": lambda cube, _: cube.to_arrow(strings="plain"),
    "stream": lambda cube, _: cube.to_arrow().to_reader(100),
    "parquet": lambda cube, folder: written(cube, folder / "copy.parquet"),
    "polars": lambda cube, _: cube.to_polars(),
    "lazy": lambda cube, _: cube.to_polars().lazy(),
    "pandas": lambda cube, _: cube.to_pandas(),
}
CUBES = {
    "Sales Cube": ["Order"],
    "Awkward Values": ["Row", "Long", "Number", "Exact"],
    "One Row": ["Number"],
    "No Rows": ["Number"],
}
"""Cubes with forms, types and nulls of all kinds, and which of their attributes are numbers: no frame says that."""


NUMBERS = {"Amount", "Weight", "Double", "Whole", "Long Metric", "Big Decimal", "Nothing"}


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=400, publish_polls=0) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def conn(server):
    with connect_to(server) as connection:
        yield connection


@pytest.fixture
def copy(conn):
    """Write data to a new cube, and give it."""
    made = []

    def copy(data, **options):
        made.append(conn.write("Copy", data, **options))
        return conn.cube(made[-1].cube_id)

    yield copy
    for result in made[-1:]:
        ma.SuperCube(conn, id=result.cube_id).delete()


def assert_copied(original, copied):
    """Compare all cells, rows in any order, times as a server has them: to the millisecond."""
    original = original.with_columns(
        cs.datetime().dt.truncate("1ms"), (cs.time().cast(pl.Int64) // 1_000_000 * 1_000_000).cast(pl.Time)
    )
    first = original.columns[0]
    assert_frame_equal(copied.select(original.columns).sort(first), original.sort(first))


@pytest.mark.one_in(3)
@pytest.mark.filterwarnings("ignore::mstr_arrow.errors.DataLossWarning")  # times below the millisecond
@pytest.mark.parametrize("way", thinned(WAYS, {"table", "pandas"}))
@pytest.mark.parametrize("name", CUBES)
def test_a_copy_equals_the_original(conn, copy, tmp_path, name, way):
    if way == "pandas":
        pytest.importorskip("pandas")
    cube = conn.cube(name)
    frame = way in {"polars", "lazy", "pandas"}
    copied = copy(WAYS[way](cube, tmp_path), attributes=CUBES[name] if frame else ())
    assert_copied(cube.to_polars(), copied.to_polars())
    numbers = cube.schema.names[-5:] if name == "Sales Cube" else NUMBERS
    metrics = {field.name for field in copied.schema if field.metadata[b"mstr.role"] == b"metric"}
    assert metrics == {column for column in numbers if column in cube.schema.names}


def test_the_copy_has_the_attributes_and_forms_of_the_original(conn, copy):
    cube = conn.cube("Sales Cube")
    copied = copy(cube.to_arrow())
    assert copied.schema.names == cube.schema.names
    assert copied.schema.types == cube.schema.types
    ours, theirs = (
        [(field.metadata.get(b"mstr.attribute"), field.metadata.get(b"mstr.form_id")) for field in it.schema]
        for it in (copied, cube)
    )
    assert [attribute for attribute, _ in ours] == [attribute for attribute, _ in theirs]
    assert ours[2] == theirs[2]


@pytest.mark.parametrize("way", thinned(WAYS, {"table", "polars"}))
def test_a_part_of_a_cube_with_an_id_only(conn, copy, tmp_path, way):
    if way == "pandas":
        pytest.importorskip("pandas")
    part = conn.cube("Sales Cube").aggregate("Store", "Region", "Revenue").select("Store@ID", "Region", "Revenue")
    copied = copy(WAYS[way](part, tmp_path)).to_polars()
    assert_copied(part.to_polars(), copied.rename({"Store": "Store@ID"}))


def test_cubes_are_added_to_and_updated_by_their_copies(conn, copy):
    cube = conn.cube("Sales Cube")
    table = cube.to_arrow()
    copied = copy(table)
    for mode in ("replace", "upsert", "update"):
        conn.write("Copy", table, mode=mode)
        assert_copied(cube.to_polars(), copied.to_polars())


def test_columns_are_added_to_a_copy_whose_attributes_have_forms(conn, copy):
    table = conn.cube("Sales Cube").to_arrow()
    copied = copy(table.select(["Order", "Store@ID", "Store@DESC", "Units"]))
    conn.write("Copy", table.select(["Order", "Store@ID", "Store@DESC", "Region", "Units"]), schema_mode="add")
    assert copied.id == conn.cube("Copy").id
    assert conn.cube("Copy").schema.names == ["Order", "Store@ID", "Store@DESC", "Region", "Units"]
