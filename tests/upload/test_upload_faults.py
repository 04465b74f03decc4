"""What an upload does when something goes wrong: one outcome each, and nothing left behind on the server."""

import asyncio
import threading
import time
from itertools import groupby

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.config import Retry, Timeouts
from mstr_arrow.simulator import Fault, Simulator
from mstr_arrow.upload.upload_session import read_status
from mstr_arrow.upload.write_result import Resume

CHUNK = (r"PUT", r"/uploadSessions/")
ROWS = pl.DataFrame({"key": [f"k{n}" for n in range(100)], "n": range(100)})
NEW = pl.DataFrame({"key": [f"n{n}" for n in range(100)], "n": range(100)})
BEFORE = ROWS["key"].to_list()


@pytest.fixture
def server():
    with Simulator(rows=10, publish_polls=0) as simulator:
        yield simulator


@pytest.fixture
def conn(server):
    settings = ma.Settings(
        timeouts=Timeouts(connect=2, read=2, execute=2, logout=1, publish=1),
        retry=Retry(attempts=3, seconds=5, wait_initial=0.001, wait_max=0.01),
    )
    with ma.connect(
        server.url, username=server.username, password=server.password, settings=settings
    ) as connection:
        yield connection


@pytest.fixture
def pushed(conn):
    """The id of a dataset that holds 100 rows."""
    return conn.write("Pushed", ROWS).cube_id


def keys(server):
    return server.dataset("Pushed")["Pushed"]["key"].to_pylist()


def fails(conn, **options):
    with pytest.raises(errors.UploadFailed) as caught:
        conn.write("Pushed", NEW, chunk_rows=40, **options)
    return caught.value


def assert_nothing_happened(server, conn, cube_id):
    assert server.uploads_open == 0
    assert keys(server) == BEFORE
    assert sorted(conn.cube(cube_id).to_polars()["key"]) == sorted(BEFORE)


def test_a_rejected_chunk_names_table_chunk_and_rows(server, conn, pushed):
    server.fail(Fault.error(400, "ERR006", message="(Bad value.)").on(*CHUNK, skip=1))
    failed = fails(conn)
    assert (failed.table, failed.chunk, failed.rows) == ("Pushed", 2, range(40, 80))
    said = "chunk 2 of table 'Pushed', rows 40 to 79, was not taken: InvalidRequest [ERR006]: (Bad value.)"
    assert said in str(failed)
    assert "Nothing was published." in str(failed)
    assert isinstance(failed.__cause__, errors.ServerError)
    assert_nothing_happened(server, conn, pushed)


def test_a_new_dataset_that_fails_is_deleted_again(server, conn):
    server.fail(Fault.error(400, "ERR006").on(*CHUNK, skip=1))
    fails(conn)
    with pytest.raises(errors.NotFound):
        conn.cube("Pushed")


@pytest.mark.usefixtures("pushed")
def test_500_then_success_is_repeated_and_verified(server, conn):
    server.fail(Fault.html(500).on(*CHUNK, skip=1))
    result = conn.write("Pushed", NEW, chunk_rows=40)
    assert (result.retries, result.verified) == (1, True)
    assert keys(server) == NEW["key"].to_list()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("fault", [Fault.reset(), Fault.reset_upload(after=50), Fault.busy(retry_after=0)])
@pytest.mark.parametrize("mode", ["replace", "add"])
@pytest.mark.usefixtures("pushed")
def test_a_chunk_that_was_sent_twice_counts_once(server, conn, fault, mode):
    server.fail(fault.on(*CHUNK, skip=1))
    result = conn.write("Pushed", NEW, mode=mode, chunk_rows=40)
    assert (result.rows, result.retries, result.verified) == (100, 1, True)
    assert keys(server) == (BEFORE if mode == "add" else []) + NEW["key"].to_list()


@pytest.mark.usefixtures("pushed")
def test_rows_that_upsert_leaves_cannot_be_counted(server, conn):
    server.fail(Fault.html(500).on(*CHUNK))
    result = conn.write("Pushed", NEW, mode="upsert", verify=True)
    assert result.verified is None
    assert "depend on the keys" in result.verification


@pytest.mark.usefixtures("server", "pushed")
def test_a_row_count_that_is_wrong_raises(conn, monkeypatch):
    async def counted(*_):
        return {"Pushed": 99}

    monkeypatch.setattr("mstr_arrow.upload.verification.fetch_row_counts", counted)
    with pytest.raises(errors.DataMismatch, match="'Pushed' has 99 rows after publishing, and should have 100"):
        conn.write("Pushed", NEW, verify=True)


def test_413_says_how_large_the_request_was(server, conn, pushed):
    server.fail(Fault.html(413).on(*CHUNK))
    failed = fails(conn)
    assert isinstance(failed.__cause__, errors.LimitExceeded)
    assert "smaller chunk_bytes" in str(failed)
    assert_nothing_happened(server, conn, pushed)


def test_a_connection_that_is_cut_in_every_body(server, conn, pushed):
    server.fail(Fault.reset_upload(after=50).on(*CHUNK, times=None))
    failed = fails(conn)
    assert isinstance(failed.__cause__, errors.ConnectError)
    assert failed.chunk == 1
    server.heal()
    assert_nothing_happened(server, conn, pushed)


@pytest.mark.usefixtures("pushed")
def test_a_session_that_expires_between_chunks_of_a_stream(server, conn):
    server.fail(Fault.logged_out().on(*CHUNK, skip=1))
    with pytest.raises(errors.UploadFailed) as caught:
        conn.write("Pushed", pa.table(NEW).to_reader(), chunk_rows=40)
    failed = caught.value
    assert isinstance(failed.__cause__, errors.SessionExpired)
    assert failed.rows == range(40, 80)
    assert server.uploads_open == 0
    assert keys(server) == BEFORE


@pytest.mark.parametrize("status", [3, 18, -2147072551])
def test_publishing_that_fails_says_why(server, conn, pushed, status):
    server.fail(Fault.publish_ends(status, "no memory"))
    with pytest.raises(errors.UploadFailed, match=rf"publishing ended with status {status} \(no memory\)"):
        conn.write("Pushed", NEW)
    assert_nothing_happened(server, conn, pushed)


def test_u1_publishing_that_never_ends_is_given_up_at_the_deadline(server, conn, pushed):
    server.fail(Fault.publish_ends(None, "sql execution"))
    began = time.monotonic()
    with pytest.raises(errors.TimeoutExceeded, match=r"did not end within 1 s; the last word was status 6"):
        conn.write("Pushed", NEW)
    assert time.monotonic() - began < 10
    assert_nothing_happened(server, conn, pushed)


@pytest.mark.usefixtures("server")
def test_u1_a_status_may_be_text_or_number():
    assert read_status({"status": "1"}).done
    assert read_status({"status": 1}).done
    assert read_status({"status": "18"}).failed
    assert read_status({"status": -5}).failed
    assert not read_status({"status": "6"}).done
    with pytest.raises(errors.ProtocolError):
        read_status({"status": "ready"})


@pytest.mark.usefixtures("pushed")
def test_u1_a_session_that_vanishes_ends_publishing(server, conn):
    server.fail(Fault.error(404, "ERR004").on("GET", "/publishStatus"))
    with pytest.raises(errors.UploadFailed, match="vanished"):
        conn.write("Pushed", NEW)


def test_u2_no_failure_is_passed_over(server, conn):
    server.fail(Fault.error(500, "ERR001", iserver_code=-2147072551).on("POST", "/publish$"))
    with pytest.raises(errors.UploadFailed, match="publishing failed") as caught:
        conn.write("Pushed", NEW)
    assert isinstance(caught.value.__cause__, errors.LimitExceeded)
    assert server.uploads_open == 0
    with pytest.raises(errors.NotFound):
        conn.cube("Pushed")


@pytest.mark.usefixtures("pushed")
def test_a_lost_answer_to_publish_is_not_asked_for_twice(server, conn):
    server.fail(Fault.reset().on("POST", "/publish$"))
    assert conn.write("Pushed", NEW).published
    assert sum(request.path.endswith("/publish") for request in server.requests) == 2
    assert keys(server) == NEW["key"].to_list()


PUBLISH = ("POST", r"/publish$")
GATEWAY = b"<html>Please log in</html>"


@pytest.mark.parametrize("mode", ["replace", "add"])
@pytest.mark.usefixtures("pushed")
def test_a_chunk_that_a_gateway_answered_is_sent_again(server, conn, mode):
    server.fail(Fault.not_json(GATEWAY).on(*CHUNK, skip=2))  # the last one: no gap would be seen
    result = conn.write("Pushed", NEW, mode=mode, chunk_rows=40)
    assert (result.rows, result.retries, result.verified) == (100, 1, True)
    assert keys(server) == (BEFORE if mode == "add" else []) + NEW["key"].to_list()


@pytest.mark.usefixtures("pushed")
def test_a_chunk_that_a_gateway_answered_twice_is_sent_a_third_time(server, conn):
    server.fail(Fault.not_json(GATEWAY).on(*CHUNK, skip=1, times=2))
    result = conn.write("Pushed", NEW, chunk_rows=40)
    assert (result.rows, result.retries) == (100, 2)
    assert keys(server) == NEW["key"].to_list()


def test_a_chunk_that_a_gateway_always_answers_ends_the_upload(server, conn, pushed):
    server.fail(Fault.not_json(GATEWAY).on(*CHUNK, skip=2, times=None))
    failed = fails(conn)
    assert isinstance(failed.__cause__, errors.ProtocolError)
    assert failed.rows == range(80, 100)
    assert "Please log in" in str(failed)
    server.heal()
    assert_nothing_happened(server, conn, pushed)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("mode", ["replace", "add"])
@pytest.mark.parametrize("fault", [Fault.not_json(GATEWAY), Fault.html(502), Fault.error(500), Fault.empty(503)])
@pytest.mark.usefixtures("pushed")
def test_a_publication_that_did_not_begin_is_asked_for_again(server, conn, fault, mode):
    server.fail(fault.on(*PUBLISH))
    assert conn.write("Pushed", NEW, mode=mode).published
    asked = [request.path.rpartition("/")[2] for request in server.requests]
    asked = [path for path, _ in groupby(asked) if path.startswith("publish")]  # a slow machine asks on
    assert asked.count("publish") == 3  # that of the rows before, and two
    assert asked[-4:] == ["publish", "publishStatus"] * 2
    assert keys(server) == (BEFORE if mode == "add" else []) + NEW["key"].to_list()


def test_a_publication_that_a_gateway_always_answers_ends_the_upload(server, conn, pushed):
    server.fail(Fault.not_json(GATEWAY).on(*PUBLISH, times=None))
    failed = fails(conn)
    assert isinstance(failed.__cause__, errors.ProtocolError)
    assert "The data were not published." in str(failed)
    server.heal()
    assert_nothing_happened(server, conn, pushed)


def test_a_publication_whose_status_is_not_known_is_not_asked_for_again(server, conn):
    before = sum(request.path.endswith("/publish") for request in server.requests)
    server.fail(Fault.html(502).on(*PUBLISH))
    server.fail(Fault.html(502).on("GET", r"/publishStatus$", times=None))
    with pytest.raises(errors.ServerError, match="Whether the data were published is not known"):
        conn.write("Pushed", NEW)
    server.heal()
    assert sum(request.path.endswith("/publish") for request in server.requests) == before + 1


@pytest.mark.usefixtures("pushed")
def test_a_gateway_that_gave_up_on_a_publication_does_not_end_it(server, conn):
    server.fail(Fault.outwaited(504).on(*PUBLISH))
    assert conn.write("Pushed", NEW).published
    assert sum(request.path.endswith("/publish") for request in server.requests) == 2
    assert keys(server) == NEW["key"].to_list()


def test_an_end_of_publishing_that_is_not_known_is_told_as_such(server, conn):
    server.fail(Fault.html(502).on("GET", r"/publishStatus$", times=None))
    with pytest.raises(errors.ServerError, match="Whether the data were published is not known") as caught:
        conn.write("Pushed", NEW)
    assert not isinstance(caught.value, errors.UploadFailed)
    assert server.uploads_open == 0


@pytest.mark.usefixtures("pushed")
def test_one_status_that_cannot_be_read_is_asked_for_again(server, conn):
    server.fail(Fault.not_json().on("GET", r"/publishStatus$"))
    assert conn.write("Pushed", NEW).published
    assert keys(server) == NEW["key"].to_list()


@pytest.mark.parametrize("mode", ["replace", "add"])
@pytest.mark.usefixtures("pushed")
def test_rows_that_cannot_be_counted_are_told_with_what_became_of_them(server, conn, mode):
    counts = r"/v2/cubes/\w+/instances"
    server.fail(Fault.html(400).on("POST", counts, times=None))
    with pytest.raises(errors.MstrError) as caught:
        conn.write("Pushed", NEW, mode=mode, verify=True)
    assert isinstance(caught.value, errors.UploadFailed) is (mode == "add")
    assert keys(server) == (BEFORE if mode == "add" else NEW["key"].to_list())
    assert ("Nothing was published." if mode == "add" else "The data are published") in str(caught.value)
    server.heal()


def test_u10_a_failed_upload_goes_on_where_it_stopped(server, conn, pushed):
    cube = ma.SuperCube(conn, id=pushed)
    cube.add_table("Pushed", NEW)
    server.fail(Fault.error(400, "ERR006").on(*CHUNK, skip=1))
    with pytest.raises(errors.UploadFailed) as caught:
        cube.update(chunk_rows=40, keep_session=True)
    assert server.uploads_open == 1
    assert caught.value.resume.taken == {"Pushed": (1, 40)}
    result = cube.update(chunk_rows=40, resume=caught.value.resume, verify=True)
    assert (result.rows, result.verified) == (100, True)
    assert keys(server) == NEW["key"].to_list()
    assert [(index, rows) for _, _, index, rows, _ in server.chunks_received[-3:]] == [(1, 40), (2, 40), (3, 20)]


def failed_creation(server, conn):
    """Fail to create a cube at the second chunk, its session kept; give the cube and how it failed."""
    cube = ma.SuperCube(conn, name="Pushed")
    cube.add_table("Pushed", NEW)
    server.fail(Fault.error(400, "ERR006").on(*CHUNK, skip=1))
    with pytest.raises(errors.UploadFailed) as caught:
        cube.create(chunk_rows=40, keep_session=True)
    server.heal()
    return cube, caught.value


AGAIN = [
    ("create", "the same"),
    ("create", "by name"),
    *(("update", it) for it in ("the same", "by name", "by id")),
]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("step", "given"), AGAIN)
def test_a_failed_creation_goes_on_where_it_stopped(server, conn, step, given):
    cube, failed = failed_creation(server, conn)
    assert "To go on from there, make the call again with resume=error.resume." in str(failed)
    assert (failed.resume.taken, failed.resume.new) == ({"Pushed": (1, 40)}, True)
    again = {"name": "Pushed"} if given == "by name" else {"id": failed.resume.dataset_id}
    other = cube if given == "the same" else ma.SuperCube(conn, **again)
    other.add_table("Pushed", NEW, "upsert")
    result = getattr(other, step)(chunk_rows=40, resume=failed.resume, verify=True)
    assert (result.name, result.rows, result.verified, result.created) == ("Pushed", 100, True, True)
    assert keys(server) == NEW["key"].to_list()
    assert [(index, rows) for _, _, index, rows, _ in server.chunks_received[-3:]] == [(1, 40), (2, 40), (3, 20)]


def test_a_creation_that_goes_on_and_fails_for_good_leaves_nothing(server, conn):
    resume = failed_creation(server, conn)[1].resume
    cube = ma.SuperCube(conn, name="Pushed")
    cube.add_table("Pushed", NEW)
    server.fail(Fault.error(400, "ERR006").on(*CHUNK))
    with pytest.raises(errors.UploadFailed):
        cube.create(chunk_rows=40, resume=resume)
    assert server.uploads_open == 0
    with pytest.raises(errors.NotFound):
        conn.cube("Pushed")


def test_a_session_that_is_gone_says_so_and_what_to_do(server, conn):
    resume = failed_creation(server, conn)[1].resume
    conn.request("DELETE", f"datasets/{resume.dataset_id}/uploadSessions/{resume.session_id}")
    cube = ma.SuperCube(conn, name="Pushed")
    cube.add_table("Pushed", pa.table(NEW).to_reader())
    with pytest.raises(errors.UploadFailed, match=r"session is gone.* Send the data again without resume="):
        cube.create(chunk_rows=40, resume=resume)


@pytest.mark.parametrize("fault", [Fault.error(403, "ERR017").on("POST", "/uploadSessions$"), None])
def test_a_new_dataset_is_not_left_where_nothing_can_go_on(server, conn, fault):
    server.fail(fault or Fault.error(400, "ERR006").on("POST", "/publish$"))
    cube = ma.SuperCube(conn, name="Pushed")
    cube.add_table("Pushed", NEW)
    with pytest.raises(errors.MstrError):
        cube.create(chunk_rows=40, keep_session=True)
    with pytest.raises(errors.NotFound):
        conn.cube("Pushed")


def test_an_upload_does_not_go_on_in_another_dataset(server, conn, pushed):
    cube = ma.SuperCube(conn, id=pushed)
    cube.add_table("Pushed", NEW)
    resume = Resume(dataset_id="F" * 32, session_id="S", orientation="COLUMN", taken={})
    with pytest.raises(errors.UsageError, match=f"one to the dataset {'F' * 32}, and this is {pushed}"):
        cube.update(resume=resume)
    assert_nothing_happened(server, conn, pushed)


def test_u10_the_session_is_kept_alive_during_a_long_upload():
    now = [0.0]

    def slowly():
        for number in range(4):
            now[0] += 0.9  # the session's end is near
            before = renewals(server)
            end = time.monotonic() + 60
            while renewals(server) == before:
                assert time.monotonic() < end, "the session is not kept alive"
                time.sleep(0.01)
            yield pa.record_batch({"key": [f"k{number}"]})

    reader = pa.RecordBatchReader.from_batches(pa.schema({"key": pa.string()}), slowly())
    with Simulator(rows=10, session_timeout=1, publish_polls=0, clock=lambda: now[0]) as server:
        # Nobody entered the connection: the upload alone keeps it alive.
        conn = ma.connect(server.url, username=server.username, password=server.password)
        try:
            assert conn.write("Slow", reader).rows == 4
        finally:
            conn.close()


def renewals(server):
    return sum((each.method, each.path) == ("PUT", "/api/sessions") for each in server.requests)


def test_a_source_that_fails_is_told_with_the_place(server, conn, pushed):
    def batches():
        yield pa.record_batch({"key": ["a"], "n": [1]})
        raise RuntimeError("disk full")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"key": pa.string(), "n": pa.int64()}), batches())
    with pytest.raises(
        errors.UploadFailed, match=r"'Pushed' could not be read or encoded after row 0: .*disk full"
    ):
        conn.write("Pushed", reader)
    assert_nothing_happened(server, conn, pushed)


def test_an_interrupt_deletes_the_upload_session(server, conn, pushed, monkeypatch):
    started = threading.Event()

    monkeypatch.setattr("mstr_arrow.background.concurrent.futures.wait", _interrupting(started))
    server.fail(Fault.slow(1).on(*CHUNK, skip=1))
    with pytest.raises(KeyboardInterrupt):
        conn.write("Pushed", NEW, chunk_rows=40, on_progress=lambda _: started.set())
    assert_nothing_happened(server, conn, pushed)


def _interrupting(started):
    """Make a wait that is interrupted, once, when ``started`` is set."""
    from concurrent.futures import wait

    raised = []

    def interrupted(futures, timeout):
        if started.is_set() and not raised:
            raised.append(True)
            raise KeyboardInterrupt
        return wait(futures, timeout)

    return interrupted


def test_cancelling_deletes_the_upload_session(server, conn, pushed):
    async def cancelled():
        first = asyncio.Event()
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(
            conn.write_async(
                "Pushed", NEW, chunk_rows=40, on_progress=lambda _: loop.call_soon_threadsafe(first.set)
            )
        )
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    server.fail(Fault.slow(1).on(*CHUNK, skip=1))
    asyncio.run(cancelled())
    assert_nothing_happened(server, conn, pushed)


def test_closing_the_connection_deletes_the_upload_session(server, conn, pushed):
    cube = ma.SuperCube(conn, id=pushed)
    cube.add_table("Pushed", NEW)
    assert not cube.update(auto_publish=False).published
    assert server.uploads_open == 1
    conn.close()
    assert any(request.method == "DELETE" for request in server.requests[-3:])
    assert server.uploads_open == 0
    assert keys(server) == BEFORE


def test_two_uploads_of_one_dataset_at_once_are_refused(conn, pushed):
    cube = ma.SuperCube(conn, id=pushed)
    cube.add_table("Pushed", NEW)
    cube.update(auto_publish=False)
    with pytest.raises(errors.UsageError, match="one at a time"):
        conn.write("Pushed", NEW)
    assert cube.publish().published


def test_a_server_without_columns_gets_rows_and_is_remembered():
    with Simulator(rows=10, publish_polls=0, column_orientation=False) as server:
        with ma.connect(server.url, username=server.username, password=server.password) as conn:
            for _ in range(2):
                assert conn.write("Pushed", NEW, verify=True).verified
        asked = [request.status for request in server.requests if request.path.endswith("/uploadSessions")]
        assert asked == [400, 200, 200]


def test_a_first_chunk_that_is_refused_as_columns_is_sent_as_rows(server, conn):
    server.fail(Fault.error(400, "ERR006").on(*CHUNK))
    assert conn.write("Pushed", NEW, chunk_rows=40).rows == 100
    assert keys(server) == NEW["key"].to_list()
    assert conn._client.session.capabilities.orientation == "ROW"


@pytest.mark.usefixtures("pushed")
def test_an_orientation_that_was_chosen_is_kept(server, conn):
    server.fail(Fault.error(400, "ERR006").on(*CHUNK))
    assert fails(conn, orientation="COLUMN").chunk == 1


def test_the_project_limit_bounds_the_chunks():
    with Simulator(rows=10, publish_polls=0, max_data_upload_size=700, max_upload_bytes=700) as server:
        with ma.connect(server.url, username=server.username, password=server.password) as conn:
            assert conn.write("Pushed", NEW, verify=True).chunks > 1
        assert max(size for *_, size in server.chunks_received) <= 700


def test_a_status_that_comes_as_a_text_says_the_same():
    with (
        Simulator(rows=10, publish_polls=1, publish_status_text=True) as server,
        ma.connect(server.url, username=server.username, password=server.password) as conn,
    ):
        conn.write("Pushed", ROWS)
        assert keys(server) == BEFORE
