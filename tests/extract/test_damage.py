"""Parts that are not as they were written: found at the next start, and fetched again or named."""

from __future__ import annotations

import json
import os
import re
import shutil

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import DataChanged, UsageError
from mstr_arrow.extract.manifest import CHECKSUM, read_manifest
from mstr_arrow.simulator import Fault, Simulator
from tests.support.slow import thinned

LIMITS = ma.Limits(page_rows=500, concurrency=1)
ENDS = Fault.error(404, "ERR004", iserver_code=-2147209151).on("GET", r"/instances/", skip=2, times=None)
ROWS, PART = 2_000, 400


@pytest.fixture
def cube(connection):
    return connection.cube("Sales Cube", limits=LIMITS)


@pytest.fixture(scope="module")
def made(simulator, tmp_path_factory):
    """A folder that is whole, of five parts, to be copied."""
    path = tmp_path_factory.mktemp("made") / "sales"
    with ma.connect(simulator.url, username=simulator.username, password=simulator.password) as connection:
        connection.cube("Sales Cube", limits=LIMITS).extract(path, part_rows=PART)
    return path


@pytest.fixture
def whole(made, tmp_path):
    """A folder that is whole."""
    return shutil.copytree(made, tmp_path / "sales")


@pytest.fixture
def begun(made, tmp_path):
    """The working folder of a run that was killed after three parts."""
    folder = shutil.copytree(made, tmp_path / ".sales.extracting")
    manifest = read_manifest((folder / "_manifest.json").read_bytes()).until(3)
    (folder / "_manifest.json").write_text(manifest.to_json())
    return folder


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def link(path):
    elsewhere = path.parent.parent / "elsewhere"
    shutil.copy(path, elsewhere)
    path.unlink()
    path.symlink_to(elsewhere)


def swap(path):
    other = path.with_name("part-00000.parquet")
    content = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(content)


DAMAGES = {
    "missing": (lambda path: path.unlink(), "is missing"),
    "cut": (lambda path: os.truncate(path, path.stat().st_size - 1), "bytes, and had"),
    "empty": (lambda path: os.truncate(path, 0), "has 0 bytes"),
    "grown": (lambda path: path.write_bytes(path.read_bytes() + b"\0"), "bytes, and had"),
    "flipped": (flip, "other bytes than were written"),
    "a link": (link, "is no file, but a link"),
    "swapped": (swap, r"part-00000\.parquet has"),
}

OF_EACH_KIND = {"missing", "cut", "a link", "swapped"}
"""Damages that are found in ways of their own."""


def is_whole(cube, folder):
    names = sorted(path.name for path in folder.iterdir())
    parts = json.loads((folder / "_manifest.json").read_text())["parts"]
    assert names == ["_manifest.json", *(part["name"] for part in parts)]
    order = pl.col("Order")
    got = pl.read_parquet(folder / "*.parquet").sort(order)
    assert got.equals(cube.to_polars().sort(order))
    assert not [path for path in folder.parent.iterdir() if path.name.startswith(".")]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("part", "damage"),
    [
        *(
            pytest.param("part-00001.parquet", damage, marks=() if damage in OF_EACH_KIND else pytest.mark.slow)
            for damage in DAMAGES
        ),
        ("part-00004.parquet", "flipped"),
    ],
)
def test_a_damaged_part_of_a_finished_folder_is_fetched_again(cube, whole, damage, part):
    strike, said = DAMAGES[damage]
    strike(whole / part)
    done = cube.extract(whole, part_rows=PART)
    intact = 0 if damage == "swapped" else int(part[5:10])
    assert (done.skipped, done.rows, done.resumed) == (False, ROWS, intact * PART)
    assert re.search(said, done.damage)
    is_whole(cube, whole)
    assert cube.extract(whole, part_rows=PART).skipped


@pytest.mark.parametrize(
    ("part", "damage"),
    [("part-00000.parquet", "missing"), ("part-00001.parquet", "cut"), ("part-00002.parquet", "flipped")],
)
def test_a_damaged_part_of_a_beginning_is_fetched_again(cube, begun, damage, part):
    strike, said = DAMAGES[damage]
    strike(begun / part)
    done = cube.extract(begun.parent / "sales", part_rows=PART)
    assert (done.rows, done.resumed) == (ROWS, int(part[5:10]) * PART)
    assert re.search(said, done.damage)
    is_whole(cube, begun.parent / "sales")


def test_a_file_too_many_in_a_finished_folder_is_not_read_twice(cube, whole):
    shutil.copy(whole / "part-00000.parquet", whole / "part-00005.parquet")
    done = cube.extract(whole, part_rows=PART)
    assert (done.skipped, done.resumed) == (False, ROWS)
    assert done.damage == "part-00005.parquet is none of the parts that were written"
    is_whole(cube, whole)


def test_a_leftover_file_in_a_finished_folder_is_named(cube, whole):
    (whole / ".part-00002.parquet").write_text("half")
    with pytest.raises(UsageError, match=r"holds '\.part-00002\.parquet', which is no part"):
        cube.extract(whole)


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"if_changed": True}])
def test_a_folder_in_place_of_a_part_is_named_and_not_removed(cube, whole, options):
    (whole / "part-00001.parquet").unlink()
    (whole / "part-00001.parquet").mkdir()
    (whole / "part-00001.parquet" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds 'part-00001\.parquet'.*move away"):
        cube.extract(whole, **options)
    assert (whole / "part-00001.parquet" / "notes.txt").exists()


def test_a_folder_in_place_of_a_part_of_a_beginning_is_named_and_not_removed(cube, begun):
    (begun / "part-00001.parquet").unlink()
    (begun / "part-00001.parquet").mkdir()
    for options in ({}, {"resume": False}):
        with pytest.raises(UsageError, match=r"part-00001\.parquet' is a folder.*Move it away"):
            cube.extract(begun.parent / "sales", part_rows=PART, **options)
    (begun / "part-00001.parquet").rmdir()
    assert cube.extract(begun.parent / "sales", part_rows=PART).rows == ROWS


MANIFESTS = {
    "cut": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "edited": lambda text: text.replace('"offset": ', '"offset": 9'),
    "another part": lambda text: text.replace("part-00001", "../part-00001"),
    "without checksum": lambda text: json.dumps(
        {name: value for name, value in json.loads(text).items() if name != CHECKSUM}
    ),
}


@pytest.mark.parametrize("how", thinned(MANIFESTS, {"edited", "without checksum"}))
def test_a_damaged_manifest_of_a_finished_folder_is_named_and_what_is_there_replaced_if_asked(cube, whole, how):
    manifest = whole / "_manifest.json"
    manifest.write_text(MANIFESTS[how](manifest.read_text()))
    with pytest.raises(UsageError, match=r"_manifest\.json cannot be gone by: .*overwrite=True"):
        cube.extract(whole, part_rows=PART)
    assert cube.extract(whole, part_rows=PART, overwrite=True).rows == ROWS
    is_whole(cube, whole)


@pytest.mark.parametrize("how", thinned(MANIFESTS, {"cut", "another part"}))
def test_a_damaged_manifest_of_a_beginning_leads_to_another_beginning(cube, begun, how):
    manifest = begun / "_manifest.json"
    manifest.write_text(MANIFESTS[how](manifest.read_text()))
    done = cube.extract(begun.parent / "sales", part_rows=PART)
    assert (done.rows, done.resumed) == (ROWS, 0)
    assert done.damage.startswith("_manifest.json cannot be gone by")
    is_whole(cube, begun.parent / "sales")


def test_a_damaged_beginning_beside_a_whole_folder_is_cleared_away(cube, whole, begun):
    (begun / "_manifest.json").write_text("{")
    done = cube.extract(whole, part_rows=PART)
    assert (done.skipped, done.damage) == (True, None)
    is_whole(cube, whole)


def test_a_link_in_place_of_the_working_folder_is_named(cube, begun, tmp_path):
    begun.rename(tmp_path / "elsewhere")
    begun.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a link"):
        cube.extract(tmp_path / "sales", part_rows=PART)
    assert (tmp_path / "elsewhere" / "part-00000.parquet").exists()


def test_an_old_manifest_is_named_with_the_way_out(cube, whole, begun):
    for path in (whole, begun):
        manifest = path / "_manifest.json"
        manifest.write_text(manifest.read_text().replace('"version": 2', '"version": 1'))
    with pytest.raises(UsageError, match=r"another version of mstr_arrow wrote it.*overwrite=True"):
        cube.extract(whole, part_rows=PART)
    with pytest.raises(UsageError, match=r"another version of mstr_arrow wrote it.*resume=False"):
        cube.extract(whole, part_rows=PART, overwrite=True)
    assert cube.extract(whole, part_rows=PART, overwrite=True, resume=False).rows == ROWS
    is_whole(cube, whole)


def test_sizes_alone_read_only_the_last_part(cube, whole):
    flip(whole / "part-00001.parquet")
    assert cube.extract(whole, part_rows=PART, verify="sizes").skipped
    flip(whole / "part-00004.parquet")
    done = cube.extract(whole, part_rows=PART, verify="sizes")
    assert done.damage == "part-00004.parquet has other bytes than were written"
    assert done.resumed == 4 * PART
    done = cube.extract(whole, part_rows=PART)
    assert (done.damage, done.resumed) == ("part-00001.parquet has other bytes than were written", PART)
    is_whole(cube, whole)


def test_parts_that_cannot_be_fetched_again_as_they_were_are_told_or_all_read_anew(tmp_path):
    folder = tmp_path / "sales"
    with (
        Simulator(rows=ROWS, gzip=False) as server,
        ma.connect(server.url, username=server.username, password=server.password) as connection,
    ):
        cube = connection.cube("Sales Cube", limits=LIMITS)
        cube.extract(folder, part_rows=PART)
        server.republish("Sales Cube", seed=1)
        flip(folder / "part-00002.parquet")
        with pytest.raises(DataChanged, match="on_change"):
            cube.extract(folder, part_rows=PART)
        assert len(list(folder.glob("*.parquet"))) == ROWS // PART
        done = cube.extract(folder, part_rows=PART, on_change="restart")
        assert (done.restarted, done.resumed, done.rows) == (True, 0, ROWS)
        is_whole(cube, folder)


def test_a_run_that_is_cut_while_it_mends_goes_on(simulator, cube, whole):
    flip(whole / "part-00001.parquet")
    simulator.fail(ENDS)
    try:
        with pytest.raises(ma.MstrError):
            cube.extract(whole, part_rows=PART)
    finally:
        simulator.heal()
    assert len(list(whole.glob("*.parquet"))) == ROWS // PART  # whoever reads it still has it
    assert cube.extract(whole, part_rows=PART).resumed >= PART
    is_whole(cube, whole)


def test_with_conditions_that_run_here_a_part_is_fetched_again_too(cube, tmp_path):
    scan = (
        cube.filter(ma.col("Comment").is_not_null() | (ma.col("Units") > 20))
        if "Comment" in cube.schema.names
        else cube.filter((ma.col("Units") > 20) | (ma.col("Channel") == "Web"))
    )
    folder = tmp_path / "some"
    first = scan.extract(folder, part_rows=100)
    assert first.parts > 2
    flip(folder / "part-00001.parquet")
    done = scan.extract(folder, part_rows=100)
    assert (done.rows, done.skipped) == (first.rows, False)
    assert 0 < done.resumed < done.rows
    is_whole(scan, folder)


def test_damage_is_told_once_in_the_log(cube, whole, caplog):
    flip(whole / "part-00001.parquet")
    cube.extract(whole, part_rows=PART)
    [record] = [record for record in caplog.records if "not as it was" in record.message]
    assert "part-00001.parquet has other bytes" in record.message
