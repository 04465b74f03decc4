"""A disk that is full, or refuses for another reason: told with path and hint, and nothing is left behind."""

import errno
import os
import pickle
from pathlib import Path

import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import FileError, MstrError, UsageError

WRITERS = {"write_parquet": "x.parquet", "write_ipc": "x.arrow", "write_csv": "x.csv", "parts": "parts"}
WRITERS |= {"partitions": "p"}
FOLDERS = {"parts", "partitions"}


@pytest.fixture
def small_files():
    """Have the system itself refuse files of more than 8 kB."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def sales(connection):
    return connection.cube("Sales Cube", limits=ma.Limits(page_rows=250))


def write(scan, writer, path):
    if writer == "parts":
        return scan.write_parquet(path, part_rows=1_500, compression="none")
    if writer == "partitions":
        return scan.write_parquet(path, partition_by="Region", compression="none")
    options = {"compression": "none", "row_group_rows": 500} if writer == "write_parquet" else {}
    return getattr(scan, writer)(path, **options)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("writer", WRITERS)
def test_what_the_system_refuses_is_an_error_of_ours_and_of_the_systems(sales, tmp_path, writer):
    path = tmp_path / WRITERS[writer]
    with pytest.raises(FileError, match=r"File too large\. .*write a folder of parts") as caught:
        write(sales, writer, path)
    assert isinstance(caught.value, MstrError)
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == errno.EFBIG
    assert WRITERS[writer] in caught.value.filename
    assert list(tmp_path.iterdir()) == []


@pytest.mark.one_in(6)
@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read only"),
        (errno.EACCES, "may not"),
        (errno.EPERM, "may not"),
        (errno.EIO, "disk itself"),
        (errno.ENOLCK, "another path"),
    ],
)
@pytest.mark.parametrize("writer", WRITERS)
def test_each_refusal_has_a_hint_when_files_are_made(
    sales, pages_asked, tmp_path, monkeypatch, writer, number, said
):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pa, "OSFile", refuse)
    monkeypatch.setattr(type(tmp_path), "mkdir", refuse)
    with pytest.raises(FileError, match=said) as caught:
        write(sales, writer, tmp_path / WRITERS[writer])
    assert (caught.value.errno, caught.value.strerror) == (number, os.strerror(number))
    assert pages_asked() == 0
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def pages_asked(simulator):
    """A function that counts the requests for rows since the test began."""
    before = len(simulator.requests)
    return lambda: sum("/instances" in request.path for request in simulator.requests[before:])


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_that_cannot_get_its_name_leaves_nothing(sales, tmp_path, monkeypatch, writer):
    def refuse(*_):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(type(tmp_path), "rename" if writer in FOLDERS else "replace", refuse)
    with pytest.raises(FileError, match="quota"):
        write(sales, writer, tmp_path / WRITERS[writer])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("writer", [writer for writer in WRITERS if writer not in FOLDERS])
def test_a_full_device_is_told_with_its_path(sales, writer):
    with pytest.raises(FileError, match="'/dev/full' cannot be written: No space left on device") as caught:
        write(sales, writer, "/dev/full")
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize(
    ("path", "writer"), [("no/x.csv", "write_csv"), ("no/parts", "parts"), ("no/p", "partitions")]
)
def test_a_path_that_leads_nowhere_is_an_error_of_the_call(sales, tmp_path, path, writer):
    with pytest.raises(UsageError, match="No such file or directory"):
        write(sales, writer, tmp_path / path)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
def test_a_folder_that_takes_no_files_is_not_called_a_file(sales):
    with pytest.raises(UsageError, match=r"'/proc/x\.csv' cannot be written") as caught:
        sales.write_csv("/proc/x.csv")
    assert caught.value.hint == "Give another path."


def test_what_the_system_said_survives_pickling():
    error = FileError("full", errno=28, strerror="No space", filename="/x", hint="Make room.")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.errno, copy.strerror, copy.filename, str(copy)) == (
        28,
        "No space",
        "/x",
        "FileError: full Make room.",
    )
