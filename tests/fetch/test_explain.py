"""What `Scan.explain` tells a stranger."""

from __future__ import annotations

import json
import re

import pytest

import mstr_arrow as ma
from tests.support.requests import Requests

col = ma.col


@pytest.fixture
def sales(connection):
    return connection.cube("Sales Cube")


def body_of(text):
    """Take the names off the request's body and read it."""
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    return json.loads("\n".join(re.sub(r"   # .*$", "", line) for line in lines))


def test_the_body_is_the_one_that_is_sent(sales, simulator):
    def scan():
        part = sales.filter((col("Units") > 50) & (col("Store@DESC") == "Lyon Plaza"))
        return part.aggregate("Store@DESC", "Units").top(3, "Units")

    text = scan().explain()
    before = len(simulator.requests)
    scan().to_arrow()
    sent = [json.loads(request.body) for request in simulator.requests[before:] if request.method == "POST"]
    assert [body_of(text)] == sent
    assert text.splitlines()[0] == f"asks the server: POST /api/v2/cubes/{sales.id}/instances"


def test_ids_are_named(sales):
    text = (
        sales.filter(col("Store@ID") > 1010, col("Region").is_in(["East", "West"]))
        .filter(col("Units") > 3)
        .explain()
    )
    named = {line.partition("   # ")[2]: line for line in text.splitlines() if "   # " in line}
    assert {"Order", "Region", "Store", "Store@ID", "Units"} <= set(named)
    for name in ("Region", "Units"):
        assert sales.schema.field(name).metadata[b"mstr.id"].decode() in named[name]


def test_attributes_of_several_forms_are_named_by_form(sales):
    text = sales.aggregate("Store@DESC", "Units").explain()
    assert "# Store@DESC" in text
    assert "# Store@ID" not in text


def test_each_condition_says_where_it_runs_and_why(sales):
    lines = (
        sales.filter(col("Units") > 50, col("Revenue") > 2.5, col("Region") == "East", col("Customer") > "M")
        .explain()
        .splitlines()
    )
    assert "decided by the server: Units > 50" in lines
    assert "sent, to be checked again here: Revenue > 2.5 (the server may hold more digits than it shows)" in lines
    why = "(texts are compared by the server's collation)"
    assert f"sent, to be checked again here: Region == 'East' {why}" in lines
    assert f"only checked here: Customer > 'M' {why}" in lines


def test_without_push_down_everything_is_local(sales):
    text = sales.with_options(pushdown=False).filter(col("Units") > 50).explain()
    assert "only checked here: Units > 50 (push-down is switched off)" in text
    assert "viewFilter" not in text


def test_of_cross_tabs_nothing_is_asked(connection):
    text = connection.report("Cross-tab Metrics Last").filter(col("Region") == "East").explain()
    assert "only checked here: Region == 'East' (the server takes conditions on tables only" in text
    assert body_of(text) == {}


def test_a_report_is_changed_when_it_has_run(connection):
    text = connection.report("Report With Subtotals").filter(col("Units") > 50).explain()
    first = text.splitlines()[0]
    assert first.startswith("asks the server: POST /api/v2/reports/")
    assert first.endswith("/instances, and when it has run, PUT …/instances/{id}")
    assert body_of(text)["subtotals"] == {"visible": False}


@pytest.mark.parametrize(
    ("make", "note"),
    [
        (lambda scan: scan.aggregate("Region", "Units"), "note: the server adds up metrics over the attributes"),
        (lambda scan: scan.sort("Customer"), "note: rows are sorted here"),
        (lambda scan: scan.top(3, "Units"), "note: the server sorts; rows are read until 3 are certain"),
        (lambda scan: scan.filter(col("Units").bottom(2)), "note: ranks are counted here, over all rows"),
        (lambda scan: scan.filter(col("Customer") > "M").head(7), "note: pages are read until 7 rows were found"),
        (
            lambda scan: scan.filter(col("Channel") == "Web").aggregate("Region", "Units"),
            "note: Channel == 'Web' is sent as the elements that it holds for, 1 in all",
        ),
        (lambda scan: scan.select("Units", "Region"), "columns: Units, Region"),
    ],
)
def test_what_else_is_done_is_noted(sales, make, note):
    assert note in make(sales).explain()


def test_long_lists_are_cut(sales):
    text = sales.filter(col("Units").is_in(range(60)), col("Order").is_in(range(200))).explain()
    assert "… 55 more" in text
    assert "… 195 more" in text
    assert len(text.splitlines()) < 90


@pytest.mark.parametrize(
    ("rows", "limits", "told"),
    [
        (None, {}, r"reads 200 of the 200 rows .*; in one page$"),
        (10, {}, r"reads 10 of the 200 rows that this makes on the server: 1 kB to 8 kB .*; in one page$"),
        (None, {"page_rows": 30}, r"; in 7 pages of 30 rows, 6 at once to begin with$"),
        (None, {"first_page_rows": 50}, r"; first .*, then pages of about 5\.2 MB, 6 at once to begin with$"),
        (None, {"page_rows": 30, "concurrency": 4}, r"; in 7 pages of 30 rows, 4 at once$"),
    ],
)
def test_pages_rows_and_bytes_are_estimated(connection, rows, limits, told):
    scan = connection.cube("Sales Cube", limits=ma.Limits(**limits))
    scan = scan if rows is None else scan.head(rows)
    assert re.search(told, scan.explain().splitlines()[-1])


def test_the_estimate_holds(connection):
    for name in ("Sales Cube", "Awkward Values"):
        scan = connection.cube(name)
        least, most = re.search(r": (\d+) kB to (\d+) kB", scan.explain()).groups()
        scan.to_arrow()
        assert int(least) * 1000 < scan.stats.bytes < 1.5 * int(most) * 1000


def test_no_data_are_read(sales, simulator):
    asked = Requests(simulator)
    sales.filter(col("Units") > 50).explain()
    assert asked.limits == [1, 1]
    assert len(asked.all) == 2
