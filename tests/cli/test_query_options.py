"""What `fetch` asks for: some rows, some columns, rows added up, the first of an order."""

import shlex
import sys

import orjson
import polars as pl
import pyarrow as pa
import pytest

from mstr_arrow.cli.examples import FETCH_EXAMPLES
from tests.support.requests import Requests

CUBE = "Sales Cube"


@pytest.fixture
def fetched(run, server):
    """Fetch an object as a Polars frame, and keep the bodies of the requests for instances."""

    def fetched(*arguments):
        before = len(server.requests)
        result = run("fetch", *arguments, "-o", "-", "--format", "arrow", "-q")
        assert result.code == 0, result.err
        fetched.bodies = [
            orjson.loads(request.body)
            for request in server.requests[before:]
            if request.method == "POST" and request.path.endswith("/instances")
        ]
        return pl.from_arrow(pa.ipc.open_stream(result.out).read_all())

    return fetched


@pytest.fixture
def sales(connection):
    return connection.cube(CUBE).to_polars()


def test_rows_are_those_for_which_all_conditions_hold(fetched, sales):
    got = fetched(CUBE, "--where", "Region in ('East', 'West') and Units > 3", "--where", "Revenue <= 5000")
    kept = (pl.col("Region").is_in(["East", "West"])) & (pl.col("Units") > 3) & (pl.col("Revenue") <= 5000)
    assert got.equals(sales.filter(kept))
    assert 0 < len(got) < len(sales)
    assert fetched.bodies[-1]["viewFilter"]["operator"] == "And"


def test_columns_leave_the_rows_as_they_are(fetched, sales):
    got = fetched(CUBE, "--columns", "Revenue,Region", "--where", "Units = 1", "--head", 7)
    assert got.equals(sales.filter(pl.col("Units") == 1).select("Revenue", "Region").head(7))


def test_aggregate_has_metrics_added_up_over_the_other_attributes(fetched, sales):
    got = fetched(
        CUBE, "--aggregate", "Region", "--aggregate", "Units", "--having", "Units > 0", "--sort", "Region"
    )
    assert got.columns == ["Region", "Units"]
    expected = sales.group_by("Region").agg(pl.col("Units").sum()).sort("Region", nulls_last=True)
    assert got.rows() == expected.rows()
    asked = fetched.bodies[-1]
    assert len(asked["requestedObjects"]["attributes"]) == 1
    assert list(asked["metricLimits"]) == [metric["id"] for metric in asked["requestedObjects"]["metrics"]]


def test_rows_are_sorted_and_only_the_first_of_them_read(fetched, sales):
    got = fetched(CUBE, "--sort", "Units desc, Revenue", "--head", 5)
    expected = sales.sort("Units", "Revenue", descending=[True, False], nulls_last=True, maintain_order=True).head(
        5
    )
    assert got.equals(expected)
    assert [key["order"] for key in fetched.bodies[-1]["sorting"]["rows"]] == ["descending", "ascending"]


def test_explain_says_what_would_be_asked_and_reads_nothing(run, server):
    asked = Requests(server)
    result = run(
        "fetch", CUBE, "--where", "Units > 3", "--where", "Customer > 'K'", "--columns", "Region", "--explain"
    )
    said = result.out.decode()
    assert (result.code, result.err) == (0, "")
    assert '"viewFilter"' in said
    assert "Units > 3\n" in said
    assert "Customer > 'K' (texts are compared" in said
    assert "of 2,000 rows" not in said  # of those that the condition leaves
    assert set(asked.limits) == {1}
    assert server.open_sessions == 0


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "Regoin = 'East'"], "Did you mean 'Region'?"),
        (["--where", "Region ="], "is no SQL"),
        (["--where", "Region > 5"], "Region > 5 does not fit the column 'Region'"),
        (["--where", "Units = 'many'"], "Units == 'many' does not fit the column 'Units'"),
        (["--where", "upper(Region) = 'EAST'"], "is no condition that is known here"),
        (["--having", "Regoin = 'East'"], "Did you mean 'Region'?"),
        (["--aggregate", "Regoin"], "Did you mean 'Region'?"),
        (["--aggregate", "Region,Region"], "'Region' is asked for twice"),
        (["--sort", "Regoin desc"], "Did you mean 'Region'?"),
        (["--aggregate", "Region", "--columns", "Units"], "no column 'Units'"),
        (
            ["--aggregate", "Region,Units", "--where", "Customer > 'K'"],
            "--aggregate has had it add up the rows",
        ),
        (["--aggregate", "Region,Units", "--where", "Customer > 'K'"], "mstr-arrow sql 'select …, sum(…)"),
    ],
)
@pytest.mark.usefixtures("server")
def test_what_cannot_be_asked_is_one_message_and_wrong_usage(run, arguments, said):
    result = run("fetch", CUBE, "-o", "-", *arguments)
    assert (result.code, result.out) == (2, b"")
    assert said in result.err
    assert "Traceback" not in result.err
    assert result.err.count("\n") <= 2  # what is wrong, and what to do


def test_a_report_that_cannot_be_asked_says_so_by_the_names_of_options(run, server):
    result = run("fetch", "Cross-tab Metrics Last", "-o", "-", "--aggregate", "Region")
    assert result.code == 2
    assert "--columns" in result.err
    assert "select()" not in result.err
    assert server.open_sessions == 0


@pytest.mark.usefixtures("server")
def test_without_sqlglot_the_extra_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    result = run("fetch", CUBE, "-o", "-", "--where", "Units > 3")
    assert result.code == 2
    assert "pip install 'mstr-arrow[cli]'." in result.err


OF_THE_CUBE = 'mstr-arrow fetch "Sales Cube"'
EXAMPLES = [shlex.split(line) for line in FETCH_EXAMPLES.splitlines() if line.startswith(OF_THE_CUBE)]


@pytest.mark.parametrize("example", EXAMPLES, ids=" ".join)
@pytest.mark.usefixtures("server")
def test_the_examples_of_the_help_run(run, tmp_path, monkeypatch, example):
    monkeypatch.chdir(tmp_path)
    arguments = example[1 : example.index("|")] if "|" in example else example[1:]
    result = run(*arguments)
    assert result.code == 0, result.err
