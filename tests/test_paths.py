"""Paths as people write them, in every call that takes one."""

import io
import json
import os
import pathlib

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
from mstr_arrow import paths
from mstr_arrow.config import Settings, Tls
from mstr_arrow.errors import FileError, MstrError, UsageError

STORES = [
    "http://example.com/x.parquet",
    "https://example.com/x.parquet",
    "hdfs://host/x.parquet",
    "other+thing://x.parquet",
    pathlib.Path("hdfs://host/x.parquet"),
]

WRITERS = {
    "parquet": lambda scan, path: scan.write_parquet(path),
    "parts": lambda scan, path: scan.write_parquet(path, part_rows=500),
    "ipc": lambda scan, path: scan.write_ipc(path),
    "ipc stream": lambda scan, path: scan.write_ipc(path, stream=True),
    "csv": lambda scan, path: scan.write_csv(path),
    "extract": lambda scan, path: scan.extract(path),
}
FILES = [name for name in WRITERS if name not in {"parts", "extract"}]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home that is a folder of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.fixture
def cube(connection):
    return connection.cube("One Row")


def asked(simulator):
    return len([request for request in simulator.requests if "instances" in request.path])


@pytest.mark.parametrize("how", WRITERS)
def test_a_path_may_begin_at_home(cube, home, how):
    WRITERS[how](cube, "~/x.out")
    assert [path.name for path in home.iterdir()] == ["x.out"]


@pytest.mark.parametrize("how", WRITERS)
def test_a_path_may_be_a_url_of_a_file(cube, tmp_path, how):
    (tmp_path / "a b").mkdir()
    WRITERS[how](cube, (tmp_path / "a b" / "x.out").as_uri())
    assert [path.name for path in (tmp_path / "a b").iterdir()] == ["x.out"]


@pytest.mark.one_in(6)
@pytest.mark.parametrize("how", WRITERS)
@pytest.mark.parametrize("path", STORES, ids=str)
def test_a_store_is_refused_with_a_way_that_works(cube, simulator, how, path):
    before = asked(simulator)
    with pytest.raises(UsageError, match="is not on this machine, and only files here are written") as caught:
        WRITERS[how](cube, path)
    assert "Location(filesystem, path)" in caught.value.hint
    assert asked(simulator) == before


@pytest.mark.parametrize("how", [name for name in WRITERS if name != "extract"])
def test_the_way_into_a_store_works(cube, tmp_path, how):
    filesystem = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    WRITERS[how](cube, ma.Location(filesystem, "nightly/x"))
    assert [path.name for path in tmp_path.iterdir()] == ["nightly"]
    assert [path.name for path in (tmp_path / "nightly").iterdir()] == ["x"]


def test_a_file_object_that_writes_there_works(cube, tmp_path):
    store, path = pyarrow.fs.FileSystem.from_uri((tmp_path / "x.parquet").as_uri())
    with store.open_output_stream(path) as file:
        cube.write_parquet(file)
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (3, "given as 3, which is no text"),
        (b"x.csv", "which is no text"),
        ("a\0b", "a character that no path has"),
        ("file://host/x", "on another machine, 'host'"),
    ],
)
@pytest.mark.parametrize("read", [False, True])
def test_what_is_no_path_is_refused(path, said, read):
    with pytest.raises(UsageError, match=said):
        (paths.read_path if read else paths.path_to_write)(path)


@pytest.mark.parametrize(
    "text", ["x", "a:b", "C:/x", "a/b://c", "s3x", "~nobody-of-that-name/x", "http:x", "x://"[:2]]
)
def test_other_texts_are_paths(text):
    assert paths.path_to_write(text) == pathlib.Path(text)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("how", FILES)
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no/such/x", "There is no folder '{tmp}/no': make it first"),
        ("file/x", "'{tmp}/file' is no folder"),
        ("folder", "It is a folder: name a file in it"),
        ("folder/", "ends in a slash"),
        ("new/", "ends in a slash"),
    ],
)
def test_the_true_culprit_is_named(cube, simulator, tmp_path, how, path, said):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    before = asked(simulator)
    with pytest.raises(UsageError) as caught:
        WRITERS[how](cube, f"{tmp_path}/{path}")
    assert said.format(tmp=tmp_path) in str(caught.value)
    assert asked(simulator) == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("how", ["parts", "extract"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no/such/x", "There is no folder '{tmp}/no': make it first"),
        ("file", "is a file, not a folder"),
        ("file/", "is a file, not a folder"),
    ],
)
def test_the_true_culprit_of_a_folder_is_named(cube, tmp_path, how, path, said):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as caught:
        WRITERS[how](cube, f"{tmp_path}/{path}")
    assert said.format(tmp=tmp_path) in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("how", WRITERS)
def test_a_place_that_is_read_only_is_told(cube, tmp_path, how):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(FileError, match="You may not do that there"):
        WRITERS[how](cube, tmp_path / "locked" / "x.out")


# Other calls that take a path


def test_a_session_is_saved_and_taken_from_home(connection, home):
    connection.save_session("~/session.json")
    assert json.loads((home / "session.json").read_text())
    with ma.Connection.from_session("~/session.json") as other:
        assert other.projects()


def test_answers_are_kept_at_home(home):
    answers = ma.prompts.load(io_file(home / "a.json"))
    answers.save("~/b.toml")
    assert ma.prompts.load("~/b.toml") == ma.prompts.load((home / "b.toml").as_uri()) == answers


def io_file(path):
    path.write_text('{"Year": 2024}')
    return path


@pytest.mark.parametrize(
    "use",
    [
        lambda path: ma.prompts.load(f"{path}.toml"),
        lambda path: ma.prompts.load(io_file(path.parents[1] / "a.json")).save(f"{path}.toml"),
        lambda path: ma.Connection.from_session(str(path)),
        lambda path: ma.secrets.file(path)(),
    ],
)
def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path, use):
    with pytest.raises(MstrError, match=r"no.such"):
        use(tmp_path / "no" / "such")


def test_a_session_into_a_folder_that_is_not_there(connection, tmp_path):
    with pytest.raises(FileError, match=r"There is no folder .*/no': make it first"):
        connection.save_session(tmp_path / "no" / "session.json")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"Year = \x00", b"\xef\xbb\xbfYear = 2024\n"])
def test_answers_in_other_encodings(tmp_path, content):
    file = tmp_path / "a.toml"
    file.write_bytes(content)
    if content.endswith(b"2024\n"):
        assert ma.prompts.load(file) == ma.prompts.load(io_file(tmp_path / "a.json"))
    else:
        with pytest.raises(UsageError, match="cannot be read"):
            ma.prompts.load(file)


@pytest.mark.parametrize("field", ["ca_file", "cert_file"])
def test_certificates_are_looked_for_at_home(home, field):
    (home / "empty").write_text("")
    settings = Settings(tls=Tls(**{field: "~/empty"}))
    with pytest.raises(UsageError, match="PEM"):
        ma.connect("https://127.0.0.1:9/X", settings=settings)


def test_a_secret_is_read_from_home(home):
    (home / "password").write_text("s3cret\n")
    (home / "password").chmod(0o600)
    assert ma.secrets.file("~/password")() == "s3cret"


def test_what_is_uploaded_may_lie_at_home(home):
    from mstr_arrow.upload.files import open_file

    pq.write_table(pa.table({"a": [1]}), home / "a.parquet")
    assert open_file("~/a.parquet").count_rows() == 1
    with pytest.raises(UsageError, match="only files here are read"):
        open_file("s3://bucket/a.parquet")


@pytest.mark.one_in(6)
@pytest.mark.parametrize("how", FILES)
@pytest.mark.parametrize(
    "target", [None, 3, io.StringIO(), b"x.csv", object(), "a\ud83d"], ids=lambda target: type(target).__name__
)
def test_what_is_no_target_is_refused(cube, simulator, how, target):
    before = asked(simulator)
    with pytest.raises(UsageError):
        WRITERS[how](cube, target)
    assert asked(simulator) == before
