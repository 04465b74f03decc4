"""What `verify` says of rows whose keys are there already, by mode and by what the server does with them."""

from fractions import Fraction

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator
from mstr_arrow.upload.cube_totals import CubeTotals
from mstr_arrow.upload.published_checks import check_counts, check_rows, check_sums
from mstr_arrow.upload.sums import Sum
from mstr_arrow.upload.write_result import TableResult

OLD = pl.DataFrame({"key": [f"k{n}" for n in range(10)], "n": range(10)})
OVERLAPPING = pl.DataFrame({"key": [f"k{n}" for n in range(6, 14)], "n": range(100, 108)})
NEW = pl.DataFrame({"key": [f"n{n}" for n in range(8)], "n": range(8)})
ROWS = {"append": 18, "ignore": 14, "change": 14}


@pytest.fixture(scope="module", params=ROWS)
def adding(request):
    return request.param


@pytest.fixture(scope="module")
def server(adding):
    with Simulator(rows=10, publish_polls=0, adding=adding) as simulator:
        yield simulator


@pytest.fixture
def conn(server, quick):
    with ma.connect(server.url, username=server.username, password=server.password, settings=quick) as connection:
        connection.write("Pushed", {"T": OLD})
        yield connection
        server.heal()


def test_rows_that_are_new_are_verified(conn, server):
    result = conn.write("Pushed", {"T": NEW}, mode="add", verify=True)
    assert result.verified
    assert result.verification == (
        "the cube has as many rows as were sent, and shows 18; the sums of 'n' are right"
    )
    assert server.dataset("Pushed")["T"].num_rows == 18


def test_added_rows_whose_keys_are_there_are_no_mismatch(conn, server, adding):
    result = conn.write("Pushed", {"T": OVERLAPPING}, mode="add", verify=True)
    kept = server.dataset("Pushed")["T"]
    assert kept.num_rows == ROWS[adding]
    if adding == "append":
        assert result.verified
        assert "shows 14, as 4 of those sent were added to rows with equal attributes" in result.verification
    else:
        assert result.verified is None
        assert result.verification == (
            "not possible: table 'T' has 14 rows, 4 fewer than it had and were added; the server may have taken "
            "these for rows that were there with equal attributes"
        )


def test_the_same_rows_added_once_more_are_no_mismatch(conn, adding):
    result = conn.write("Pushed", {"T": OLD}, mode="add", verify=True)
    assert result.verified is (True if adding == "append" else None)


def test_rows_that_are_counted_after_a_chunk_was_repeated_are_no_mismatch(conn, server, adding):
    server.fail(Fault.html(500).on("PUT", r"/uploadSessions/"))
    result = conn.write("Pushed", {"T": OVERLAPPING}, mode="add")
    assert (result.retries, result.verified) == (1, True if adding == "append" else None)


def test_added_rows_of_several_tables_are_no_mismatch(conn, adding):
    more = {"T": OVERLAPPING, "Prices": OLD.rename({"n": "price"})}
    conn.write("Pushed", {"T": OLD, "Prices": more["Prices"]}, schema_mode="add")
    result = conn.write("Pushed", more, mode="add", verify=True)
    assert result.verified is (True if adding == "append" else None)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("mode", ["update", "upsert"])
def test_keys_that_are_there_change_and_are_no_mismatch(conn, server, mode):
    result = conn.write("Pushed", {"T": OVERLAPPING}, mode=mode, verify=True)
    assert result.verified is None
    assert server.dataset("Pushed")["T"].num_rows == (10 if mode == "update" else 14)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("mode", ["add", "update", "upsert"])
def test_keys_that_are_there_twice_in_the_data_are_refused_or_told(conn, server, mode):
    twice = pl.concat([OVERLAPPING, OVERLAPPING.with_columns(pl.col("n") + 1)])
    with pytest.raises(
        errors.UploadFailed, match=r"such as rows 0 and 8, with 'key' = 'k6'.*Nothing was published"
    ):
        conn.write("Pushed", {"T": twice}, mode=mode, verify=True)
    assert server.dataset("Pushed")["T"].num_rows == 10
    server.fail(Fault.html(500).on("PUT", r"/uploadSessions/"))
    with pytest.warns(ma.DataLossWarning, match="16 rows of table 'T'"):
        assert conn.write("Pushed", {"T": twice}, mode=mode).retries == 1


# What is a mismatch, and the way out of it


def sent(rows, shown=None):
    return [TableResult(name="T", rows=rows, rows_shown=shown)]


@pytest.mark.parametrize(
    ("mode", "after", "due"),
    [
        ("replace", 7, "8"),
        ("add", 19, "10 to 18"),
        ("add", 9, "10 to 18"),
        ("update", 11, "10"),
        ("upsert", 19, "10 to 18"),
        ("upsert", 9, "10 to 18"),
    ],
)
def test_a_wrong_count_never_has_the_rows_there_were_replaced(mode, after, due):
    with pytest.raises(errors.DataMismatch, match=f"and should have {due}") as caught:
        check_counts(sent(8), {"T": mode}, {"T": 10}, {"T": after})
    assert ("mode='replace'" in caught.value.hint) is (mode == "replace")
    assert ("before you write again" in caught.value.hint) is (mode != "replace")


@pytest.mark.parametrize("mode", ["add", "replace"])
def test_a_wrong_sum_never_has_the_rows_there_were_replaced(mode):
    added = Sum(Fraction(5), Fraction(5), 1)
    before, after = CubeTotals({"n": Fraction(10)}), CubeTotals({"n": Fraction(99)})
    with pytest.raises(errors.DataMismatch, match="'n' of table 'T' is 99 in all") as caught:
        check_sums({"T": {"n": added}}, {"T": mode}, before, after)
    assert ("mode='replace'" in caught.value.hint) is (mode == "replace")


def test_more_rows_are_missing_than_can_have_been_there():
    with pytest.raises(errors.DataMismatch, match=r"3 rows fewer .* only 1 of them can have had") as caught:
        check_rows(sent(8, 8), {"T": "add"}, CubeTotals({}, 10), CubeTotals({}, 17), fewer=3)
    assert "replace" not in caught.value.hint
    assert check_rows(sent(8, 8), {"T": "add"}, CubeTotals({}, 10), CubeTotals({}, 15), fewer=3) == (15, 3)
