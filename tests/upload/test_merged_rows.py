"""What a reader will see of the rows that are sent, and what `verify` compares."""

import warnings

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator

TWICE = pl.DataFrame({"store": ["Lyon", "Paris", "Lyon"], "units": [1, 2, 3]})
ONCE = pl.DataFrame({"store": ["Lyon", "Paris"], "units": [1, 2], "price": [0.1, 0.2]})
SAID = (
    "3 rows of table 'T' show as 2, as those with equal attributes are added up, such as rows 0 and 2, "
    "with 'store' = 'Lyon'"
)


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=3000, publish_polls=0) as simulator:
        yield simulator


@pytest.fixture
def conn(server):
    with ma.connect(server.url, username=server.username, password=server.password) as connection:
        yield connection
        server.heal()
        for found in connection.objects("Merged", kind="cube"):
            ma.SuperCube(connection, id=found.id).delete()
    assert server.uploads_open == 0


def fails(call, **options):
    with pytest.raises(errors.UploadFailed) as caught:
        call(**options)
    return caught.value


SHAPES = {
    "frame": lambda frame: frame,
    "lazy": lambda frame: frame.lazy(),
    "table": lambda frame: frame.to_arrow(),
    "reader": lambda frame: pa.table(frame).to_reader(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_that_would_be_added_up_are_refused_before_publishing(conn, server, shape):
    before = len(server.requests)
    failed = fails(lambda: conn.write("Merged", {"T": SHAPES[shape](TWICE)}, verify=True))
    assert (failed.message, failed.table) == (f"{SAID}. Nothing was published.", "T")
    assert "without verify= they are published, with a warning" in failed.hint
    assert not any(request.path.endswith("/publish") for request in server.requests[before:])
    with pytest.raises(errors.NotFound):
        conn.cube("Merged")


@pytest.mark.parametrize("shape", SHAPES)
def test_without_verify_one_warning_counts_them(conn, shape):
    with pytest.warns(ma.DataLossWarning) as caught:
        result = conn.write("Merged", {"T": SHAPES[shape](TWICE)})
    assert [str(each.message) for each in caught] == [f"Merged: {SAID}."]
    assert (result.rows, result.rows_shown, result.merged) == (3, 2, {"T": SAID})
    assert conn.cube(result.cube_id).count_rows() == 2


def test_a_copy_by_attributes_that_do_not_tell_rows_apart(conn):
    part = conn.cube("Sales Cube").select("Store@ID", "Region", "Revenue").to_arrow()
    failed = fails(lambda: conn.write("Merged", part, verify=True))
    assert "3,000 rows of table 'Merged' show as " in failed.message
    assert "with 'Store@ID' = 1" in failed.message
    with pytest.warns(ma.DataLossWarning, match="3,000 rows"):
        result = conn.write("Merged", part)
    assert conn.cube(result.cube_id).count_rows() == result.rows_shown < 3000


@pytest.mark.parametrize("mode", ["replace", "add", "update", "upsert"])
def test_what_there_is_stays_when_rows_are_refused(conn, server, mode):
    cube_id = conn.write("Merged", {"T": TWICE.head(2)}).cube_id
    failed = fails(lambda: conn.write("Merged", {"T": TWICE}, mode=mode, verify=True))
    said = "only one counts" if mode in {"update", "upsert"} else "are added up"
    assert said in failed.message
    assert "such as rows 0 and 2, with 'store' = 'Lyon'" in failed.message
    assert server.dataset(cube_id)["T"].to_pydict() == TWICE.head(2).to_dict(as_series=False)


def test_each_table_is_looked_at_by_itself(conn):
    stores = pl.DataFrame({"store": ["Lyon", "Lyon", "Nice"], "city": ["Lyon", "Lyon", "Nice"]})
    with pytest.warns(ma.DataLossWarning) as caught:
        result = conn.write(
            "Merged", {"T": TWICE, "Stores": stores, "Once": ONCE.rename({"units": "u", "price": "p"})}
        )
    assert set(result.merged) == {"T", "Stores"}
    assert "show as 2, as those with equal attributes are one" in str(caught[0].message)
    assert [table.rows_shown for table in result.tables] == [2, 2, 2]
    assert fails(lambda: conn.write("Merged", {"T": TWICE, "Stores": stores}, verify=True)).table == "T"


def test_rows_without_attributes_are_one(conn):
    data = pl.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    said = "2 rows of table 'Merged' are added up to one, as it has no attributes"
    assert said in fails(lambda: conn.write("Merged", data, verify=True)).message
    with pytest.warns(ma.DataLossWarning, match=said):
        assert conn.write("Merged", data).rows_shown == 1
    assert conn.write("Merged", data.head(1), verify=True).verified


def test_forms_beside_the_id_do_not_tell_rows_apart(conn):
    data = pl.DataFrame({"S@ID": [1, 1], "S@DESC": ["a", "b"], "units": [1, 2]})
    failed = fails(lambda: conn.write("Merged", data, verify=True))
    assert "such as rows 0 and 1, with 'S@ID' = 1." in failed.message


def test_sent_first_and_published_later_rows_are_refused_then(conn, server):
    with pytest.warns(ma.DataLossWarning, match="3 rows"):
        result = conn.write("Merged", {"T": TWICE}, publish=False, verify=True)
    failed = fails(ma.SuperCube(conn, id=result.cube_id).publish)
    assert SAID in failed.message
    assert server.uploads_open == 0


@pytest.mark.parametrize("rows", [1, 2])
def test_rows_that_were_sent_before_a_failure_are_looked_at_too(conn, server, rows):
    cube = ma.SuperCube(conn, name="Merged")
    cube.add_table("T", TWICE)
    server.fail(Fault.error(400, "ERR006").on("PUT", "/uploadSessions/", skip=1))
    resume = fails(cube.create, chunk_rows=rows, keep_session=True).resume
    assert SAID in fails(cube.create, chunk_rows=rows, resume=resume, verify=True).message


def test_a_server_that_takes_rows_only_sees_them_once(conn, server):
    conn._client.session.capabilities.orientation = None
    server.fail(Fault.error(400, "ERR006").on("PUT", "/uploadSessions/"))
    result = conn.write("Merged", {"T": ONCE}, verify=True)
    assert (result.rows_shown, result.verified) == (2, True)


# What is read back


def test_new_rows_and_sums_are_compared(conn):
    result = conn.write("Merged", {"T": ONCE}, verify=True)
    assert result.verified
    assert result.verification == (
        "the cube has as many rows as were sent, and shows 2; the sums of 'units', 'price' are right"
    )


def test_added_rows_are_told_from_those_added_to_others(conn):
    conn.write("Merged", {"T": ONCE})
    more = ONCE.with_columns(store=pl.Series(["Lyon", "Nice"]))
    result = conn.write("Merged", {"T": more}, mode="add", verify=True)
    assert result.verified
    assert "and shows 3, as 1 of those sent were added to rows with equal attributes" in result.verification
    assert "the sums of 'units', 'price' are right" in result.verification


@pytest.mark.parametrize("mode", ["update", "upsert"])
def test_what_changes_by_keys_cannot_be_known_in_full(conn, mode):
    conn.write("Merged", {"T": ONCE})
    result = conn.write("Merged", {"T": ONCE}, mode=mode, verify=True)
    assert result.verified is None
    assert "depend on the keys" in result.verification


def test_several_tables_are_compared_by_counts_and_sums(conn):
    stores = pl.DataFrame({"store": ["Lyon", "Nice"], "area": [1.5, 2.5]})
    result = conn.write("Merged", {"T": ONCE, "Stores": stores}, verify=True)
    assert result.verified
    assert result.verification.endswith("were sent; the sums of 'units', 'price', 'area' are right")


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "data",
    [
        pl.DataFrame({"k": ["a", "b", "c"], "x": [1e16, 1.0, -1e16]}),
        pl.DataFrame({"k": ["a", "b"], "x": [float("nan"), None]}),
        pl.DataFrame({"k": ["a", "b", "c"], "x": [2**63 - 1] * 3}),
        pl.DataFrame({"k": [f"k{n}" for n in range(10_000)], "x": [0.1 * n for n in range(10_000)]}),
        pl.DataFrame({"k": ["a", "b"], "x": pl.Series(["0.1", "0.2"]).cast(pl.Decimal(38, 18))}),
        pl.DataFrame({"k": [], "x": []}, schema={"k": pl.String, "x": pl.Int64}),
    ],
    ids=["cancelling", "nothing", "large", "doubles", "decimals", "empty"],
)
def test_sums_of_right_data_are_never_wrong(conn, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ma.DataLossWarning)
        assert conn.write("Merged", data, verify=True).verified


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        ({"sums": {"units": 4}}, "metric 'units' of table 'T' is 4 in all after publishing, and the rows"),
        ({"rows": 1}, "the cube shows 1 of 2 rows after publishing"),
    ],
)
def test_what_is_not_shown_as_sent_raises(conn, monkeypatch, shown, says):
    async def look(*_):
        from mstr_arrow.upload.cube_totals import CubeTotals

        return CubeTotals(**shown)

    monkeypatch.setattr("mstr_arrow.upload.verification.fetch_totals", look)
    with pytest.raises(errors.DataMismatch, match=says):
        conn.write("Merged", {"T": ONCE}, verify=True)
