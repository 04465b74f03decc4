"""Uploads whose upload session is lost: begun again where the data can be read again, since nothing shows yet."""

import itertools

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator
from mstr_arrow.upload.files import open_file, query

CHUNK, PUBLISH, STATUS = ("PUT", r"/uploadSessions/"), ("POST", r"/publish$"), ("GET", r"/publishStatus$")
OLD = pl.DataFrame({"key": [f"k{n}" for n in range(100)], "n": range(100)})
NEW = pl.DataFrame({"key": [f"n{n}" for n in range(100)], "n": range(100)})
FEW = {"chunk_rows": 20}


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=10, publish_polls=1) as simulator:
        yield simulator


@pytest.fixture
def conn(server, quick):
    with ma.connect(server.url, username=server.username, password=server.password, settings=quick) as connection:
        yield connection
        server.heal()
        for found in connection.objects("Pushed", kind="cube"):
            ma.SuperCube(connection, id=found.id).delete()
    assert (server.uploads_open, server.open_sessions) == (0, 0)


@pytest.fixture
def pushed(conn):
    """The id of a dataset that holds 100 rows."""
    return conn.write("Pushed", {"T": OLD}).cube_id


def keys(server):
    return server.dataset("Pushed")["T"]["key"].to_pylist()


def relation(_):
    frame = NEW  # noqa: F841  DuckDB finds it by its name
    return duckdb.sql("select * from frame")


def dataset(path):
    pq.write_table(NEW.to_arrow(), path / "t.parquet")
    return ds.dataset(path / "t.parquet")


def csv(path):
    NEW.write_csv(path / "t.csv")
    return open_file(path / "t.csv")


def retyped(path):
    NEW.write_csv(path / "t.csv")
    return open_file(path / "t.csv", column_types={"n": pa.int32()})


def stream(path):
    NEW.write_ipc_stream(path / "t.arrows")
    return open_file(path / "t.arrows", column_types={"n": pa.int32()})


def found(path):
    NEW.write_csv(path / "t.csv")
    return query(f"from '{path}/t.csv'")


REREAD = {
    "frame": lambda _: NEW,
    "table": lambda _: NEW.to_arrow(),
    "pandas": lambda _: NEW.to_pandas(),
    "lazy": lambda _: NEW.lazy().filter(pl.col("n") >= 0),
    "relation": relation,
    "dataset": dataset,
    "csv": csv,
    "retyped": retyped,
    "stream": stream,
    "query": found,
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("shape", REREAD)
def test_what_can_be_read_again_is_sent_again_when_the_session_expires(server, conn, tmp_path, shape):
    server.fail(Fault.logged_out().on(*CHUNK, skip=2))
    result = conn.write("Pushed", {"T": REREAD[shape](tmp_path)}, verify=True, **FEW)
    assert (result.rows, result.chunks, result.restarts, result.verified) == (100, 5, 1, True)
    assert keys(server) == NEW["key"].to_list()


class Exhausted:
    """A stream that says it can be opened as often as one likes, and has less each time."""

    def __init__(self):
        self.schema = NEW.to_arrow().schema
        self.rows = itertools.chain([60, 20], itertools.repeat(0))

    def __arrow_c_schema__(self):
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema=None):
        return NEW.head(next(self.rows)).to_arrow().__arrow_c_stream__(requested_schema)


class Walked(Exhausted):
    """A stream that is an iterator."""

    def __next__(self):
        raise AssertionError


ONCE = {"reader": lambda: NEW.to_arrow().to_reader(), "iterator": Walked}


@pytest.mark.parametrize("shape", ONCE)
@pytest.mark.usefixtures("pushed")
def test_what_can_be_read_once_ends_with_the_session(server, conn, shape):
    server.fail(Fault.logged_out().on(*CHUNK, skip=1))
    with pytest.raises(errors.UploadFailed, match=r"SessionExpired.*Start again") as caught:
        conn.write("Pushed", {"T": ONCE[shape]()}, **FEW)
    assert isinstance(caught.value.__cause__, errors.SessionExpired)
    assert caught.value.rows == range(20, 40)
    assert keys(server) == OLD["key"].to_list()


@pytest.mark.usefixtures("pushed")
def test_rows_that_do_not_come_again_are_missed(server, conn):
    server.fail(Fault.logged_out().on(*CHUNK, skip=2))
    said = "table 'T' had 20 rows when it was read once more, after the upload session was lost, and more than 39"
    with pytest.raises(errors.UploadFailed, match=said):
        conn.write("Pushed", {"T": Exhausted()}, **FEW)
    assert keys(server) == OLD["key"].to_list()


def test_a_stream_that_is_not_begun_yet_does_not_keep_others_from_beginning_again(server, conn):
    tables = {"T": NEW, "Later": NEW.rename({"n": "m"}).to_arrow().to_reader()}
    server.fail(Fault.logged_out().on(*CHUNK, skip=2))
    result = conn.write("Pushed", tables, **FEW)
    assert ([table.rows for table in result.tables], result.restarts) == ([100, 100], 1)
    server.fail(Fault.logged_out().on(*CHUNK, skip=7))
    tables["Later"] = NEW.rename({"n": "m"}).to_arrow().to_reader()
    with pytest.raises(errors.UploadFailed, match="SessionExpired"):
        conn.write("Pushed", tables, **FEW)


@pytest.mark.parametrize("mode", ["replace", "add", "upsert"])
@pytest.mark.usefixtures("pushed")
def test_an_upload_session_that_vanishes_is_opened_anew(server, conn, mode):
    server.fail(Fault.error(404, "ERR004").on(*CHUNK, skip=3))
    result = conn.write("Pushed", {"T": NEW}, mode=mode, **FEW)
    assert (result.rows, result.restarts) == (100, 1)
    assert keys(server) == (OLD["key"].to_list() if mode != "replace" else []) + NEW["key"].to_list()


@pytest.mark.usefixtures("pushed")
def test_the_upload_session_of_a_log_in_that_lives_on_is_deleted_in_it(server, conn):
    server.fail(Fault.session_expired().on(*CHUNK, skip=3))
    assert conn.write("Pushed", {"T": NEW}, **FEW).restarts == 1
    assert (keys(server), server.uploads_open) == (NEW["key"].to_list(), 0)
    server.expire_sessions()  # nobody can log out the one that was said to have ended


@pytest.mark.parametrize("mode", ["replace", "add"])
@pytest.mark.usefixtures("pushed")
def test_a_session_that_expires_before_publishing_begins_again(server, conn, mode):
    server.fail(Fault.logged_out().on(*PUBLISH))
    result = conn.write("Pushed", {"T": NEW}, mode=mode, verify=True, **FEW)
    assert (result.rows, result.restarts, result.verified) == (100, 1, True)
    assert keys(server) == (OLD["key"].to_list() if mode != "replace" else []) + NEW["key"].to_list()


@pytest.mark.usefixtures("pushed")
def test_a_session_that_expires_while_rows_are_counted_begins_again(server, conn):
    server.fail(Fault.logged_out().on("POST", r"/v2/cubes/\w+/instances"))
    result = conn.write("Pushed", {"T": NEW}, mode="add", verify=True, **FEW)
    assert (result.rows, result.restarts, result.verified) == (100, 1, True)
    assert keys(server) == OLD["key"].to_list() + NEW["key"].to_list()


@pytest.mark.parametrize("mode", ["replace", "upsert"])
@pytest.mark.usefixtures("pushed")
def test_a_publication_that_nobody_can_follow_is_repeated_where_that_does_no_harm(server, conn, mode):
    server.fail(Fault.logged_out().on(*STATUS))
    assert conn.write("Pushed", {"T": NEW}, mode=mode, **FEW).restarts == 1
    assert keys(server) == (OLD["key"].to_list() if mode != "replace" else []) + NEW["key"].to_list()


@pytest.mark.usefixtures("pushed")
def test_a_publication_of_added_rows_that_nobody_can_follow_is_not_repeated(server, conn):
    server.fail(Fault.logged_out().on(*STATUS))
    with pytest.raises(errors.SessionExpired, match="Whether the data were published is not known"):
        conn.write("Pushed", {"T": NEW}, mode="add", **FEW)


def test_an_upload_session_that_outlives_its_log_in_is_told(server, conn):
    conn.write("Pushed", {"T": OLD})

    def half_ended(progress):
        if progress.rows == 40:
            server.forget_servlets()  # the REST server knows the log-in no longer, the Intelligence Server does

    with pytest.raises(errors.ServerError, match=r"open upload session.*had before its log-in ended.*write again"):
        conn.write("Pushed", {"T": NEW}, on_progress=half_ended, **FEW)
    assert keys(server) == OLD["key"].to_list()
    server.expire_sessions()


def test_three_tries_that_get_no_further_end_it(server, conn):
    conn.write("Pushed", {"T": OLD})
    before = len(server.requests)
    server.fail(Fault.logged_out().on(*CHUNK, skip=1, times=None))
    with pytest.raises(errors.UploadFailed, match="SessionExpired"):
        conn.write("Pushed", {"T": NEW}, **FEW)
    assert sum(request.path.endswith("/uploadSessions") for request in server.requests[before:]) == 3
    server.heal()
    assert keys(server) == OLD["key"].to_list()


@pytest.mark.usefixtures("pushed")
def test_tries_begin_anew_where_one_gets_further(server, conn):
    ends = iter([1, 1, 2, 2, 3, 4])  # how far each try gets, in chunks, before the session expires
    state = {"left": next(ends)}

    def count(progress):
        state["left"] -= progress.phase == "sending"
        if not state["left"]:
            state["left"] = next(ends, 99)
            server.expire_sessions()

    result = conn.write("Pushed", {"T": NEW}, on_progress=count, **FEW)
    assert (result.rows, result.restarts) == (100, 6)
    assert keys(server) == NEW["key"].to_list()


def test_what_is_lost_or_merged_is_counted_once(server, conn):
    odd = pl.DataFrame({"key": ["a", "b", "a", "c"], "n": [1.0, float("nan"), 2.0, float("inf")]})
    server.fail(Fault.logged_out().on(*CHUNK, skip=3))
    with pytest.warns(ma.DataLossWarning, match="2 values of T.n"):
        result = conn.write("Pushed", {"T": odd}, chunk_rows=1)
    assert (result.rows, result.rows_shown, result.restarts, result.nulled) == (4, 3, 1, {"T.n": 2})


def kept(server, conn, data):
    """Fail at the second chunk, the upload session kept; give what goes on from there."""
    cube = ma.SuperCube(conn, name="Pushed")
    cube.add_table("T", data)
    server.fail(Fault.error(400, "ERR006").on(*CHUNK, skip=1))
    with pytest.raises(errors.UploadFailed) as caught:
        cube.create(keep_session=True, **FEW)
    return cube, caught.value.resume


def test_an_upload_that_is_to_go_on_begins_again_where_its_session_is_gone(server, conn):
    cube, resume = kept(server, conn, NEW)
    conn.renew()
    result = cube.create(resume=resume, **FEW)
    assert (result.rows, result.restarts, result.published) == (100, 1, True)
    assert keys(server) == NEW["key"].to_list()


@pytest.mark.usefixtures("pushed")
def test_a_session_that_is_gone_is_not_kept_to_go_on(server, conn):
    cube = ma.SuperCube(conn, name="Pushed")
    cube.add_table("T", NEW.to_arrow().to_reader())
    server.fail(Fault.logged_out().on(*CHUNK, skip=1))
    with pytest.raises(errors.UploadFailed) as caught:
        cube.update(keep_session=True, **FEW)
    assert caught.value.resume is None
    assert "resume" not in str(caught.value)
