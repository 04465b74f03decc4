"""Whatever happens to the files of an extraction, `benchmarks.damage` sees none believed that is not right."""

import random
import shutil

import polars as pl
import pytest

from benchmarks import damage
from benchmarks.damages import DAMAGES, Patient


@pytest.mark.slow
def test_no_damaged_folder_is_believed():
    tally = damage.damaged_runs(200, seed=2)
    assert tally.wrong == []
    ends = tally.total()
    assert ends.total() == 200
    assert all(ends[end] > 0 for end in damage.GOOD)


@pytest.fixture(scope="module")
def whole(simulator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "sales"
    with damage.ma.connect(simulator.url, username=simulator.username, password=simulator.password) as connection:
        connection.cube("Sales Cube").extract(folder, part_rows=500)
    return folder


@pytest.mark.parametrize("kind", DAMAGES)
def test_each_kind_of_damage_changes_something(whole, tmp_path, kind):
    folder = shutil.copytree(whole, tmp_path / "place" / "sales")
    DAMAGES[kind](Patient(folder, whole, random.Random(3)))

    def contents(path):
        return {each.name: each.read_bytes() for each in path.iterdir() if each.is_file() and not each.is_symlink()}

    if kind != "an older file in its place":  # the older folder is the same one here
        assert contents(folder) != contents(whole)


def test_a_folder_that_is_not_right_is_seen(simulator, whole, tmp_path):
    truth = pl.DataFrame(simulator.truth("Sales Cube")).sort("Order")
    folder = shutil.copytree(whole, tmp_path / "sales")
    assert damage.difference(folder, truth) is None
    assert "which are others" in damage.difference(folder, truth.with_columns(pl.col("Units") + 1))
    (folder / "part-00003.parquet").unlink()
    assert "holds" in damage.difference(folder, truth)
