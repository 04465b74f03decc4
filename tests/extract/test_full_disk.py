"""An extraction onto a disk that refuses: told, nothing half left, and gone on with when there is room."""

import errno
import os
import shutil

import pytest

import mstr_arrow as ma
from mstr_arrow.errors import FileError, MstrError
from mstr_arrow.extract.on_disk import FolderOnDisk
from tests.support.slow import thinned

PART = 400


@pytest.fixture
def cube(connection):
    return connection.cube("Sales Cube", limits=ma.Limits(page_rows=500))


@pytest.fixture
def small_files():
    """Have the system itself refuse files of more than 12 kB, until it is called."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, hard))
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_part_that_the_system_refuses_leaves_those_before_it(cube, tmp_path, small_files):
    folder = tmp_path / "sales"
    with pytest.raises(FileError, match=r"part-\d+\.parquet' cannot be written: File too large") as caught:
        cube.extract(folder, part_rows=1_900, compression="none")
    assert caught.value.errno == errno.EFBIG
    assert str(caught.value).endswith("What was extracted so far stays, and the next run goes on.")
    assert {path.name for path in (tmp_path / ".sales.extracting").iterdir()} == {"_manifest.json", ".private.json"}
    small_files()
    assert cube.extract(folder, part_rows=PART).rows == 2_000
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "number", thinned([errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO], {errno.ENOSPC})
)
@pytest.mark.parametrize("after", range(2, 9, 3))
def test_wherever_the_disk_refuses_to_keep_something_the_next_run_goes_on(
    cube, tmp_path, monkeypatch, number, after
):
    synced, calls = os.fsync, iter(range(1_000))

    def refuse(descriptor):
        if next(calls) >= after:
            raise OSError(number, os.strerror(number))
        synced(descriptor)

    folder = tmp_path / "sales"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(FileError) as caught:
            cube.extract(folder, part_rows=PART)
    assert isinstance(caught.value, MstrError)
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == number
    assert "sales" in caught.value.filename
    assert not folder.exists()
    work = tmp_path / ".sales.extracting"
    left = {path.name for path in work.iterdir()} if work.exists() else set()
    assert not {name for name in left if name.startswith(".") and name != ".private.json"}
    assert cube.extract(folder, part_rows=PART).rows == 2_000
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_a_disk_that_is_full_while_parts_are_copied_leaves_the_finished_folder(cube, tmp_path, monkeypatch):
    folder = tmp_path / "sales"
    cube.extract(folder, part_rows=PART)
    (folder / "part-00003.parquet").unlink()

    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "hardlink_to", refuse)
        patch.setattr(shutil, "copyfile", refuse)
        with pytest.raises(FileError, match="No space left"):
            cube.extract(folder, part_rows=PART)
        assert [path.name for path in tmp_path.iterdir()] == ["sales"]
        patch.undo()
        patch.setattr(type(tmp_path), "hardlink_to", refuse)  # a file system without links
        assert cube.extract(folder, part_rows=PART).resumed == 3 * PART
    assert cube.extract(folder, part_rows=PART).skipped


def test_a_folder_that_cannot_be_put_in_place_stays_for_the_next_run(cube, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    folder = tmp_path / "sales"
    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "rename", refuse)
        with pytest.raises(FileError, match="cannot be put in place: Permission denied"):
            cube.extract(folder, part_rows=PART)
    assert cube.extract(folder, part_rows=PART).resumed == 2_000
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_a_file_in_place_of_the_working_folder_is_told(tmp_path):
    (tmp_path / ".sales.extracting").write_text("mine")
    with pytest.raises(
        ma.errors.UsageError, match=r"\.sales\.extracting' cannot be made as a folder: .*no file of that"
    ):
        FolderOnDisk(tmp_path / "sales").lock()
