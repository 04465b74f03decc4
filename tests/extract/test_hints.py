"""Each hint of an extraction, or of a folder of parts, that names a call is followed: it leads to the rows."""

import ast
import re
import shutil
import warnings
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.extract.manifest import read_manifest
from mstr_arrow.simulator import Simulator
from tests.namedtexts import hints, named_in

PART = 400
OVERWRITE = "Give another, or have it replaced: overwrite=True."
RESUME = "Start it again with resume=False."
ASK_THE_SAME = "Ask for the same, or start again with resume=False."
RESTART = 'Start again: on_change="restart" does so by itself.'
WITHOUT_ORDER = "Use write_parquet(), which starts again from the first row where it is interrupted."
PROOF = (
    'Start again with on_change="restart", have this login monitor the caches of cubes, or go on without proof: '
    'consistency="likely".'
)
SAME_USER = "Log in as that user, or start again with resume=False."
A_FOLDER = "Leave it out, or have parts written into a folder: part_bytes=."
OTHER_TYPE = "Partition by texts, integers, dates, decimals or truth values; types= reads a column as another type."
VALUES = {"part_bytes": 10**6, "types": {"Cost": pa.string()}}
"""Values for options that a hint names without one."""

CHECKSUMS = 'It is looked for, and fetched again, with verify="checksums".'


@pytest.fixture
def cube(connection):
    return connection.cube("Sales Cube", limits=ma.Limits(page_rows=500))


def follow(scan, folder, call="extract", which=0, **options):
    """Call, do what the hint of each error names, and give the hints; no error comes twice.

    Where a hint names several ways, it is the one at ``which``.
    """
    options, said, given = {"part_rows": PART} | options, set(), []
    while (error := refused(scan, call, folder, options)) is not None:
        if str(error) in said:
            pytest.fail(f"a dead end: {error}")
        said.add(str(error))
        given.append(re.sub(r" What was extracted so far stays.*", "", error.hint))
        paths = [path for path in named_in(error.hint) if path.startswith("Scan.")]
        name, equals, value = paths[min(which, len(paths) - 1)].removeprefix("Scan.").partition("=")
        if name.endswith("()"):
            call, folder = name.removesuffix("()"), folder.with_name("another")
            continue
        call_of, _, option = name.rpartition(".")
        value = ast.literal_eval(value) if equals else VALUES[option]
        if call_of == "with_options":
            scan = scan.with_options(**{option: value})
        else:
            call, options[option] = call_of, value
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []
    assert pl.read_parquet(folder / "**" / "*.parquet").height > 0
    return given


def refused(scan, call, folder, options):
    """Give the error of a call; None for none."""
    try:
        getattr(scan, call)(folder, **options)
    except ma.MstrError as error:
        return error
    return None


def extracted(scan, folder):
    scan.extract(folder, part_rows=PART)
    return folder


def begin(folder, change=lambda text: text):
    """Make a whole folder the beginning of one, with another manifest."""
    work = folder.with_name(f".{folder.name}.extracting")
    shutil.move(folder, work)
    manifest = work / "_manifest.json"
    manifest.write_text(change(manifest.read_text()))


def older(text):
    return text.replace('"version": 2', '"version": 1')


def test_no_hint_of_these_rooms_is_left_out():
    tried = {OVERWRITE, RESUME, ASK_THE_SAME, RESTART, WITHOUT_ORDER, CHECKSUMS, PROOF, SAME_USER, A_FOLDER}
    tried |= {OTHER_TYPE}
    assert hints("extract", "files") == tried


def test_parts_that_no_extraction_wrote_are_replaced(cube, tmp_path):
    cube.write_parquet(tmp_path / "sales", part_rows=PART)
    assert follow(cube, tmp_path / "sales") == [OVERWRITE]
    assert follow(cube, tmp_path / "sales", "write_parquet") == [OVERWRITE]


def test_partitions_are_made_of_what_can_be_in_the_name_of_a_folder(cube, tmp_path):
    few = cube.head(50)
    assert follow(few, tmp_path / "sales", "write_parquet", partition_by="Cost") == [OTHER_TYPE]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("options", [{"resume": False}, {"if_changed": True}, {"verify": "sizes"}, {}])
def test_an_extraction_of_something_else_is_replaced(cube, tmp_path, options):
    folder = extracted(cube.select("Order", "Units"), tmp_path / "sales")
    assert follow(cube, folder, **options) == [OVERWRITE]


def test_an_extraction_that_is_there_is_replaced(cube, tmp_path):
    assert follow(cube, extracted(cube, tmp_path / "sales"), resume=False) == [OVERWRITE]


@pytest.mark.parametrize("change", [older, lambda text: text[:-9]])
def test_a_whole_folder_whose_manifest_cannot_be_gone_by_is_replaced(cube, tmp_path, change):
    folder = extracted(cube, tmp_path / "sales")
    manifest = folder / "_manifest.json"
    manifest.write_text(change(manifest.read_text()))
    assert follow(cube, folder) == [OVERWRITE]


def test_a_beginning_of_another_version_is_started_again(cube, tmp_path):
    begin(extracted(cube, tmp_path / "sales"), older)
    assert follow(cube, tmp_path / "sales") == [RESUME]


def test_a_beginning_of_something_else_is_started_again(cube, tmp_path):
    begin(extracted(cube.select("Order", "Units"), tmp_path / "sales"))
    assert follow(cube, tmp_path / "sales") == [ASK_THE_SAME]


def test_a_beginning_by_another_user_is_started_again(cube, tmp_path):
    def by_another(text):
        manifest = read_manifest(text.encode())
        return replace(manifest, asked=replace(manifest.asked, user="somebody else")).to_json()

    begin(extracted(cube, tmp_path / "sales"), by_another)
    assert follow(cube, tmp_path / "sales") == [SAME_USER]


def test_a_beginning_and_a_whole_folder_of_something_else_are_both_replaced(cube, tmp_path):
    begin(extracted(cube.select("Order", "Units"), tmp_path / "sales"))
    extracted(cube.select("Order", "Channel"), tmp_path / "other").rename(tmp_path / "sales")
    assert follow(cube, tmp_path / "sales") == [OVERWRITE, ASK_THE_SAME]


def test_data_that_changed_are_read_from_their_start(server, opened, tmp_path):
    with opened() as connection:
        cube = connection.cube("Sales Cube")
        folder = extracted(cube, tmp_path / "sales")
        (folder / "part-00001.parquet").unlink()
        server.republish("Sales Cube", seed=1)
        assert follow(cube, folder) == [RESTART]


@pytest.mark.parametrize("which", [0, 1])
def test_data_that_are_not_proven_to_be_the_same_are_read_anew_or_gone_on_with(tmp_path, which):
    with (
        Simulator(rows=2_000, monitors_caches=False, gzip=False) as server,
        ma.connect(server.url, username=server.username, password=server.password) as connection,
    ):
        cube = connection.cube("Sales Cube", consistency="proven")
        folder = extracted(cube, tmp_path / "sales")
        (folder / "part-00001.parquet").unlink()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is likely, and no more, is warned of
            assert follow(cube, folder, which=which) == [PROOF]


def test_a_file_with_the_name_of_a_folder_is_written_as_one(cube, tmp_path):
    with pytest.raises(ma.errors.UsageError) as caught:
        cube.write_parquet(f"{tmp_path}/sales/")
    assert caught.value.hint == A_FOLDER
    cube.write_parquet(f"{tmp_path}/sales/", part_bytes=VALUES["part_bytes"])
    assert [path.name for path in (tmp_path / "sales").iterdir()] == ["part-00000.parquet"]


@pytest.mark.parametrize("way", ["sort", "head", "grid", "subtotals"])
def test_what_has_no_total_order_is_written_in_one_go(cube, connection, tmp_path, way):
    scan = {
        "sort": lambda: cube.sort("Units"),
        "head": lambda: cube.head(5),
        "grid": lambda: connection.report("Cross-tab Metrics Last"),
        "subtotals": lambda: connection.report("Plain Report", subtotals="keep"),
    }[way]()
    assert follow(scan, tmp_path / "sales") == [WITHOUT_ORDER]


def test_a_part_of_which_only_the_size_was_looked_at_is_fetched_again(cube, tmp_path):
    folder = extracted(cube, tmp_path / "sales")
    cube.extract(folder, part_rows=20, overwrite=True)  # the last 64 rows are in several parts
    part = folder / "part-00098.parquet"
    (folder / "part-00099.parquet").unlink()
    part.write_bytes(bytes(part.stat().st_size))
    (folder / "part-00097.parquet").write_bytes(bytes((folder / "part-00097.parquet").stat().st_size))
    (folder / "part-00095.parquet").write_bytes(bytes((folder / "part-00095.parquet").stat().st_size))
    assert follow(cube, folder, part_rows=20, verify="sizes") == [CHECKSUMS]
