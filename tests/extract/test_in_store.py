"""Extractions into a bucket: whole or not there, gone on with after a kill, by one run at a time."""

import io
import json
import random
import stat
import subprocess
import sys
import time
from contextlib import suppress
from urllib.parse import urlsplit

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import FileError, UsageError
from mstr_arrow.extract import folder as waiting
from mstr_arrow.extract import hold
from mstr_arrow.extract.destination import folder_at
from mstr_arrow.extract.in_store import FolderInStore
from mstr_arrow.simulator import Fault
from tests.extract.conftest import SCRIPT
from tests.support.faulty_store import Fault as StoreFault
from tests.support.faulty_store import FaultyStore

pytest.importorskip("obstore")

LIMITS = ma.Limits(page_rows=500, concurrency=2, buffer_bytes=400_000)
PART = 400
ENDS = Fault.error(404, "ERR004", iserver_code=-2147209151).on("GET", r"/instances/", skip=2, times=None)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A machine of its own: what it remembers of extractions."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "mstr_arrow" / "extractions"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A function that goes on on another machine, which waits for a short while only."""

    def move():
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
        monkeypatch.setattr(hold, "LEASE", 0.6)
        monkeypatch.setattr(waiting, "PAUSE", 0.1)

    return move


@pytest.fixture
def cube(connection):
    return connection.cube("Sales Cube", limits=LIMITS)


@pytest.fixture
def sales(opened):
    """The cube of a simulator of one's own."""
    with opened() as connection:
        yield connection.cube("Sales Cube", limits=LIMITS)


def rows(s3, name="sales"):
    """Read what the manifest names."""
    names = [uri.removeprefix(f"s3://{s3.bucket}/") for uri in ma.list_parts(s3.uri(name))]
    return pl.concat(pl.read_parquet(io.BytesIO(s3.read(each))) for each in names)


def is_whole(s3, cube, home):
    """Check that the folder holds the cube and nothing else, and that nothing is left anywhere."""
    got = rows(s3).sort("Order")
    assert got.equals(cube.to_polars().sort("Order"))
    listed = sorted(uri.removeprefix(f"s3://{s3.bucket}/") for uri in ma.list_parts(s3.uri("sales")))
    assert sorted(s3.names()) == ["sales/_manifest.json", *listed]
    assert s3.open_uploads() == []
    assert not home.exists() or list(home.iterdir()) == []


def manifest(s3, name="_manifest.json"):
    return json.loads(s3.read(f"sales/{name}"))


def interrupted(simulator, cube, target, **options):
    """Extract until the server ends it."""
    simulator.fail(ENDS)
    try:
        with pytest.raises(ma.MstrError):
            cube.extract(target, part_rows=PART, **options)
    finally:
        simulator.heal()


def test_a_bucket_takes_an_extraction_and_it_is_left_as_it_is(s3, cube, simulator, home):
    done = cube.extract(s3.uri("sales"), part_rows=700)
    assert (done.path, done.rows, done.parts) == (s3.uri("sales"), 2_000, 3)
    assert [part["rows"] for part in manifest(s3)["parts"]] == [700, 700, 600]
    is_whole(s3, cube, home)
    before = len([request for request in simulator.requests if "/instances" in request.path])
    assert cube.extract(s3.uri("sales/"), part_rows=700).skipped
    assert before == len([request for request in simulator.requests if "/instances" in request.path])


def test_nobody_sees_parts_before_all_are_there(s3, cube):
    seen = []
    cube.extract(s3.uri("sales"), part_rows=PART, on_progress=lambda _: seen.append(s3.names()))
    assert not any("sales/_manifest.json" in names for names in seen)
    assert all(name.startswith("sales/_") for names in seen for name in names)


def test_a_store_that_was_opened_by_the_caller_takes_one_too(s3, cube, home):
    from obstore.store import S3Store

    store = S3Store(s3.bucket, endpoint=s3.address, client_options={"allow_http": True})
    done = cube.extract(ma.Location(store, "sales"), part_rows=700)
    assert done.rows == 2_000
    is_whole(s3, cube, home)


def test_a_killed_run_is_gone_on_with(s3, server, killed, sales, home):
    killed(s3.uri("sales"), 6)
    [private] = home.glob("*.json")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    [borrowed] = json.loads(private.read_text())["borrowed"]
    for name in s3.names():
        assert borrowed["session"]["token"].encode() not in s3.read(name)
        assert borrowed["instance"].encode() not in s3.read(name)
    s3.write("sales/_parts/part-00009-0123456789ab.parquet", b"of a run that was killed before it noted it")
    done = sales.extract(s3.uri("sales"), part_rows=1_000)
    assert (done.rows, done.continued) == (6_000, True)
    assert done.resumed >= 1_000
    is_whole(s3, sales, home)
    assert server.open_sessions == 1


def test_a_run_that_was_killed_on_another_machine_is_gone_on_with_after_a_while(
    s3, simulator, cube, elsewhere, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(hold.Hold, "release", lambda self: self._over.set())
        interrupted(simulator, cube, s3.uri("sales"))
    elsewhere()
    began = time.monotonic()
    done = cube.extract(s3.uri("sales"), part_rows=PART)
    assert time.monotonic() - began >= 0.5
    assert (done.rows, done.continued) == (2_000, False)
    assert done.resumed >= PART
    assert rows(s3).height == 2_000


def test_a_run_that_failed_lets_go_at_once(s3, simulator, cube, elsewhere, monkeypatch):
    interrupted(simulator, cube, s3.uri("sales"))
    elsewhere()
    monkeypatch.setattr(hold, "LEASE", 60)
    assert cube.extract(s3.uri("sales"), part_rows=PART).resumed >= PART
    assert rows(s3).height == 2_000


def test_a_second_run_at_the_same_time_is_told(s3, cube, elsewhere, monkeypatch):
    monkeypatch.setattr(hold, "BEAT", 0.1)
    first = folder_at(s3.uri("sales"))
    assert first.lock()
    try:
        with pytest.raises(UsageError, match="another process extracts into 's3://"):
            cube.extract(s3.uri("sales"))
        elsewhere()
        with pytest.raises(UsageError, match="another process extracts into 's3://"):
            cube.extract(s3.uri("sales"))
    finally:
        first.unlock()
    assert s3.names() == []
    assert cube.extract(s3.uri("sales")).rows == 2_000


def test_a_run_that_stood_still_writes_nothing_any_more(s3, simulator, cube, elsewhere):
    interrupted(simulator, cube, s3.uri("sales"))
    still = folder_at(s3.uri("sales"))
    assert still.lock()
    begun = still.read_begun()
    still._hold._over.set()  # it gives no sign of life any more
    elsewhere()
    done = cube.extract(s3.uri("sales"), part_rows=PART)
    assert done.resumed == begun.rows
    with pytest.raises(UsageError, match="gone on with what this one had done"):
        still.note(begun.until(0))
    with pytest.raises(UsageError, match="has written into"):
        still._show(begun)
    still.unlock()
    assert rows(s3).equals(rows(s3).unique(maintain_order=True))
    assert cube.extract(s3.uri("sales"), part_rows=PART).skipped


def test_what_was_whole_when_its_run_was_killed_is_shown_by_the_next(s3, cube, home, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(FolderInStore, "put_in_place", killed)
        with pytest.raises(Killed):
            cube.extract(s3.uri("sales"), part_rows=PART)
    assert "sales/_manifest.json" not in s3.names()
    assert cube.extract(s3.uri("sales"), part_rows=PART).skipped
    is_whole(s3, cube, home)
    with monkeypatch.context() as patch:
        patch.setattr(FolderInStore, "_end", killed)
        with pytest.raises(Killed):
            cube.extract(s3.uri("sales"), part_rows=PART, overwrite=True, resume=False)
    assert "sales/_extracting.json" in s3.names()
    assert cube.extract(s3.uri("sales"), part_rows=PART).skipped
    is_whole(s3, cube, home)


def test_another_takes_its_place_when_it_is_whole(s3, server, sales, home):
    sales.extract(s3.uri("sales"), part_rows=2_000)
    before = ma.list_parts(s3.uri("sales"))
    assert sales.extract(s3.uri("sales"), if_changed=True).skipped
    server.republish("Sales Cube", rows=3_000)
    seen = []
    done = sales.extract(
        s3.uri("sales"), if_changed=True, on_progress=lambda _: seen.append(ma.list_parts(s3.uri("sales")))
    )
    assert (done.rows, done.skipped) == (3_000, False)
    assert all(names == before for names in seen)
    assert not set(before) & set(ma.list_parts(s3.uri("sales")))
    is_whole(s3, sales, home)


def missing(s3, part):
    s3.ask("DELETE", f"/{s3.bucket}/{part}")
    return "is missing"


def cut(s3, part):
    s3.write(part, s3.read(part)[:-1])
    return "bytes, and had"


def flipped(s3, part):
    content = bytearray(s3.read(part))
    content[len(content) // 2] ^= 4
    s3.write(part, bytes(content))
    return "has other bytes than were written"


@pytest.mark.one_in(3)
@pytest.mark.parametrize("strike", [missing, cut, flipped])
def test_a_part_that_is_not_as_it_was_is_fetched_again(s3, cube, home, strike):
    cube.extract(s3.uri("sales"), part_rows=PART)
    said = strike(s3, f"sales/{manifest(s3)['parts'][2]['name']}")
    done = cube.extract(s3.uri("sales"), part_rows=PART)
    assert (done.skipped, done.resumed, done.rows) == (False, 2 * PART, 2_000)
    assert said in done.damage
    is_whole(s3, cube, home)
    assert cube.extract(s3.uri("sales"), part_rows=PART, verify="checksums").skipped


def test_a_copy_of_the_folder_is_as_good(s3, cube):
    cube.extract(s3.uri("first"), part_rows=PART)
    for name in s3.names():
        s3.write(name.replace("first/", "sales/"), s3.read(name))
    assert cube.extract(s3.uri("sales"), part_rows=PART).skipped


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"run": null, "runs": [], "replaces": null, "manifest": {"parts": 5}}']
)
def test_a_beginning_that_cannot_be_gone_by_is_begun_again(s3, cube, home, content):
    s3.write("sales/_extracting.json", content)
    done = cube.extract(s3.uri("sales"), part_rows=PART)
    assert done.damage.startswith("_manifest.json cannot be gone by")
    is_whole(s3, cube, home)


def test_parts_of_another_writer_are_replaced_if_asked(s3, cube, home):
    cube.write_parquet(s3.uri("sales"), part_rows=500)
    with pytest.raises(UsageError, match="no manifest of an extraction"):
        cube.extract(s3.uri("sales"))
    assert cube.extract(s3.uri("sales"), part_rows=PART, overwrite=True).rows == 2_000
    is_whole(s3, cube, home)
    cube.write_parquet(s3.uri("sales"), part_rows=500, overwrite=True)
    assert len(s3.names()) == 5


def test_a_folder_of_something_else_is_not_touched(s3, cube):
    s3.write("sales/notes.txt", b"mine")
    with pytest.raises(UsageError, match=r"holds 'notes\.txt', which is no part"):
        cube.extract(s3.uri("sales"), overwrite=True)
    assert s3.names() == ["sales/notes.txt"]


def test_uploads_that_a_killed_run_left_open_are_ended(s3, cube):
    pytest.importorskip("boto3")
    s3.ask("POST", f"/{s3.bucket}/sales/_parts/part-00003-0123456789ab.parquet?uploads")
    s3.ask("POST", f"/{s3.bucket}/another/_parts/part-00003-0123456789ab.parquet?uploads")
    cube.extract(s3.uri("sales"))
    assert s3.open_uploads() == ["another/_parts/part-00003-0123456789ab.parquet"]


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_told_before_anything_is_asked(cube, simulator):
    before = len(simulator.requests)
    with pytest.raises(UsageError, match="no such bucket"):
        cube.extract("s3://no-such-bucket/sales")
    assert len(simulator.requests) == before


def test_without_a_place_for_notes_it_goes_on_all_the_same(s3, cube, monkeypatch, tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert cube.extract(s3.uri("sales")).rows == 2_000
    assert "the sessions of killed runs are not noted" in caplog.text


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_with_every_row_once(s3, server, sales, home):
    chance = random.Random(19)
    for _ in range(8):
        arguments = [server.url, server.username, server.password, s3.uri("sales")]
        with subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE) as process:
            process.stdout.read(12)  # it has begun: before that nobody notes its session
            time.sleep(chance.uniform(0, 0.8))
            process.kill()
        assert server.open_sessions <= 4
    done = sales.extract(s3.uri("sales"), part_rows=1_000)
    assert done.rows == 6_000
    is_whole(s3, sales, home)
    assert server.open_sessions == 1


def test_a_store_that_refuses_a_part_is_told_and_what_was_there_stays(s3, cube, home, monkeypatch):
    with FaultyStore(urlsplit(s3.address).port) as store:
        monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
        store.fault = StoreFault("403", 110_000, times=1)
        with pytest.raises(FileError, match=r"does not allow it \(AccessDenied\).*the next run goes on\.$"):
            cube.extract(s3.uri("sales"), part_rows=PART)
        store.fault = None
        assert cube.extract(s3.uri("sales"), part_rows=PART).resumed >= PART
        is_whole(s3, cube, home)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cut", "500", "403", "slow"])
def test_whatever_byte_the_store_fails_at_the_next_run_goes_on(s3, cube, home, monkeypatch, kind):
    with FaultyStore(urlsplit(s3.address).port) as store:
        monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
        cube.extract(s3.uri("sales"), part_rows=PART)
        total = store.written
        for at in range(0, total, total // 12):
            store.written, store.fault = 0, StoreFault(kind, at, times=1)
            with suppress(FileError, UsageError):
                cube.extract(s3.uri("sales"), part_rows=PART, overwrite=True, resume=False)
            assert store.fault.met == 1
            store.fault = None
            assert cube.extract(s3.uri("sales"), part_rows=PART, overwrite=True).rows == 2_000
            is_whole(s3, cube, home)
