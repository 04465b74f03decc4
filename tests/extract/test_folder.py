"""The folder of an extraction at whatever moment a run is killed."""

import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.extract.extract_options import Chosen
from mstr_arrow.extract.manifest import Asked, Manifest
from mstr_arrow.extract.on_disk import FolderOnDisk

SCHEMA = pa.schema([("Units", pa.int64())])


@pytest.fixture
def folder(tmp_path):
    folder = FolderOnDisk(tmp_path / "sales")
    folder.lock()
    yield folder
    folder.unlock()


def begun(folder, parts=2):
    manifest = Manifest(
        asked=Asked("s", "p", "cube", "c", None, "q"),
        body={},
        schema=SCHEMA,
        total=9,
        data_time=None,
        exact=True,
    )
    folder.note(manifest)
    for number in range(parts):
        folder.open_part(manifest, Chosen()).write(pa.record_batch([[number * 3, 1, 2]], schema=SCHEMA))
        manifest = folder.keep(manifest, 3, 3 * (number + 1))
    return manifest


def test_what_the_manifest_does_not_name_is_removed(folder):
    manifest = begun(folder)
    for name in (
        ".part-00002.parquet",
        "part-00002.parquet",
        "..part-00002.parquet.1-0.partial",
        "._manifest.json",
    ):
        (folder.work / name).write_text("half")
    folder.private.write_text("{}")
    assert folder.read_begun() == manifest
    folder.keep_only(manifest)
    left = {path.name for path in folder.work.iterdir()}
    assert left == {"part-00000.parquet", "part-00001.parquet", "_manifest.json", ".private.json"}


def test_the_last_rows_may_be_in_several_parts(folder):
    manifest = begun(folder)
    assert folder.last_rows(manifest, 4)["Units"].to_pylist() == [2, 3, 1, 2]
    assert folder.last_rows(manifest, 100).num_rows == 6


def test_a_whole_folder_takes_the_place_of_another(folder, tmp_path):
    begun(folder)
    folder.put_in_place()
    folder.unlock()
    folder.lock()
    begun(folder, parts=1)
    folder.put_in_place()
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]
    assert sorted(path.name for path in (tmp_path / "sales").iterdir()) == ["_manifest.json", "part-00000.parquet"]


def test_a_folder_that_cannot_be_put_in_place_gives_the_old_one_back(folder, tmp_path, monkeypatch):
    begun(folder)
    folder.put_in_place()
    folder.unlock()
    folder.lock()
    manifest = begun(folder, parts=1)
    rename = type(folder.work).rename

    def refuse_new(self, target):
        if self.name.endswith(".extracting"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(type(folder.work), "rename", refuse_new)
        with pytest.raises(OSError, match="Input/output"):
            folder.put_in_place()
    assert len(list(folder.path.glob("*.parquet"))) == 2
    assert folder.read_begun() == manifest
    folder.put_in_place()
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]
    assert len(list(folder.path.glob("*.parquet"))) == 1


def test_what_was_replaced_goes_even_if_the_run_was_killed_then(folder, tmp_path):
    begun(folder)
    folder.put_in_place()
    (tmp_path / ".sales.replaced").mkdir()
    other = FolderOnDisk(tmp_path / "sales")
    other.lock()
    other.unlock()
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_a_folder_that_cannot_be_made_says_why(tmp_path):
    with pytest.raises(UsageError, match="No such file or directory"):
        FolderOnDisk(tmp_path / "no" / "sales").lock()
