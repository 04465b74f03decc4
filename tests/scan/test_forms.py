"""Forms of attributes that an object does not show: named in any call, or all of them read."""

from __future__ import annotations

import asyncio
from datetime import date

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import DataMismatch, UsageError
from mstr_arrow.simulator import Simulator
from mstr_arrow.simulator.rules.collation import Collation
from tests.reliability.emptyshapes import SHAPES
from tests.support.requests import Requests
from tests.support.servers import IDLE

col = ma.col
SHOWN = ["Customer", "Shop@Home", "Product@ID", "Product@DESC", "Revenue", "Visits"]
OTHERS = ["Customer@ID", "Customer@Email", "Customer@Joined", "Shop@Home@ID"]
ALL = ["Customer@DESC", *OTHERS[:3], "Shop@Home@DESC", "Shop@Home@ID", "Product@ID", "Product@DESC"]
ALL += ["Product@Code", "Product@Code (2)", "Revenue", "Visits"]


def open_at(server):
    return ma.connect(server.url, username=server.username, password=server.password)


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=20, **IDLE) as running:
        yield running


@pytest.fixture(params=["cube", "report"])
def customers(request, server):
    """A cube and a report of the same rows, whose customers have names that recur, and e-mail addresses that do."""
    with open_at(server) as connection:
        cube = request.param == "cube"
        yield connection.cube("Customers") if cube else connection.report("Customer Report")


@pytest.fixture
def truth(server):
    """Its rows with all forms."""
    names = [*SHOWN, *OTHERS]
    return pl.DataFrame(server.truth("Customers", columns=names))


def test_what_is_shown_stays_what_is_read(customers, truth):
    assert customers.schema.names == SHOWN
    assert customers.to_polars().equals(truth.select(SHOWN))


def test_the_other_forms_are_told(customers):
    others = customers.other_forms
    assert others.names[:4] == OTHERS
    assert [others.field(name).metadata[b"mstr.form"] for name in others.names[4:]] == [b"Code", b"Code"]
    customer = customers.attributes[0]
    assert {form["name"] for form in customer["forms"]} == {"DESC", "ID", "Email", "Joined"}
    assert asyncio.run(customers.other_forms_async()) == others


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "names",
    [
        ["Customer@Email"],
        ["Customer", "Customer@Email", "Revenue"],
        ["Revenue", "Customer@Joined", "Customer@ID"],
        ["Shop@Home", "Shop@Home@ID"],
    ],
)
def test_a_select_keeps_all_rows_and_its_own_names(customers, truth, names):
    """Elements whose texts are equal in that form are not merged."""
    scan = customers.select(*names)
    assert scan.schema.names == names
    assert scan.to_polars().equals(truth.select(names))
    assert scan.count_rows() == len(truth)
    assert (
        pl.DataFrame(pl.concat(map(pl.from_arrow, scan)))
        .cast(truth.select(names).schema)
        .equals(truth.select(names))
    )


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (col("Customer@Email") == "bob@example.com", pl.col("Customer@Email") == "bob@example.com"),
        (col("Customer@Email").contains("ann"), pl.col("Customer@Email").str.contains("ann")),
        (col("Customer@ID") > 102, pl.col("Customer@ID") > 102),
        (~col("Customer@Joined").is_null(), pl.col("Customer@Joined").is_not_null()),
        (col("Customer@Joined") >= date(2020, 1, 1), pl.col("Customer@Joined") >= date(2020, 1, 1)),
        (col("Shop@Home@ID").is_in([2, 3]), pl.col("Shop@Home@ID") == 2),
        (pl.col("Customer@Email") == "bob@example.com", pl.col("Customer@Email") == "bob@example.com"),
        (
            (col("Customer@ID") == 101) | (col("Visits") > 9),
            (pl.col("Customer@ID") == 101) | (pl.col("Visits") > 9),
        ),
    ],
    ids=str,
)
def test_conditions_take_any_form(customers, truth, condition, expected):
    kept = truth.filter(expected)
    assert customers.filter(condition).to_polars().equals(kept.select(SHOWN))
    assert customers.filter(condition).count_rows() == len(kept)
    assert customers.with_options(pushdown=False).filter(condition).to_polars().equals(kept.select(SHOWN))
    assert (
        customers.filter(condition)
        .lazy()
        .select("Revenue")
        .collect()
        .sort("Revenue")
        .equals(kept.select("Revenue").sort("Revenue"))
    )


def test_a_condition_in_sql_takes_any_form(customers, truth):
    found = customers.filter_sql('"Customer@Email" like \'bob%\' and "Customer@ID" < 103').to_polars()
    assert found.equals(truth.filter(pl.col("Customer@ID") == 102).select(SHOWN))


def test_what_is_sent_names_the_forms(customers, server):
    asked = Requests(server)
    told = customers.filter(col("Customer@ID") > 102).select("Customer@Email").explain()
    assert "decided by the server: Customer@ID > 102" in told
    assert "columns: Customer@Email" in told
    assert "# Customer@ID" in told
    assert any(b'"forms"' in body for body in asked.bodies)


def test_rows_are_added_up_by_element_and_shown_by_a_form(customers, truth):
    found = customers.aggregate("Customer@Email", "Revenue").to_polars()
    expected = truth.group_by("Customer@ID", "Customer@Email").agg(pl.col("Revenue").sum())
    assert sorted(found.rows(), key=str) == sorted(expected.select("Customer@Email", "Revenue").rows(), key=str)
    where = customers.filter(col("Customer@Email") == "bob@example.com").aggregate("Product@ID", "Visits")
    some = truth.filter(pl.col("Customer@Email") == "bob@example.com")
    assert (
        where.sort("Product@ID")
        .to_polars()
        .equals(some.group_by("Product@ID").agg(pl.col("Visits").sum()).sort("Product@ID", nulls_last=True))
    )


def test_rows_are_sorted_by_any_form(customers, truth):
    expected = truth.sort("Customer@Joined", "Revenue", nulls_last=True).select("Customer", "Revenue")
    assert customers.sort("Customer@Joined", "Revenue").select("Customer", "Revenue").to_polars().equals(expected)
    first = customers.sort("Customer@ID", descending=True).head(3).to_polars()
    assert first.equals(truth.sort("Customer@ID", descending=True, nulls_last=True).head(3).select(SHOWN))
    ordered = customers.with_options(total_order=True).select("Customer@Email", "Revenue").to_polars()
    assert ordered.sort("Revenue").equals(truth.select("Customer@Email", "Revenue").sort("Revenue"))


def test_forms_are_named_by_ids(customers):
    customer = customers.attributes[0]
    email = next(form for form in customer["forms"] if form["name"] == "Email")
    for name in (f"{customer['id']}@{email['id']}", f"Customer@{email['id'].lower()}", f"{customer['id']}@Email"):
        assert customers.select(name).schema.names == ["Customer@Email"]
    assert customers.select("Customer@DESC").schema.names == ["Customer"]


@pytest.mark.one_in(6)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Customer@email", r"no column 'Customer@email' in this result\. Did you mean 'Customer@Email'"),
        ("Customer@Phone", r"no column 'Customer@Phone' in this result\. Did you mean 'Customer"),
        ("Shop", r"no column 'Shop' in this result\. Did you mean 'Shop@Home'"),
        ("Product@Code", r"'Product@Code' is more than one column\. Say which: 'Product@[0-9A-F]{32}', 'Product@"),
    ],
)
@pytest.mark.parametrize("call", ["select", "aggregate", "sort", "filter"])
def test_near_names_are_told(customers, call, name, message):
    with pytest.raises(UsageError, match=message):
        getattr(customers, call)(col(name).is_null() if call == "filter" else name).to_arrow()


def test_all_forms_are_read_where_they_are_asked_for(customers, truth):
    every = customers.with_options(forms="all")
    assert set(every.schema.names) == set(ALL)
    assert every.other_forms.names == []
    frame = every.to_polars()
    assert (
        frame.rename({"Customer@DESC": "Customer", "Shop@Home@DESC": "Shop@Home"})
        .select(truth.columns)
        .equals(truth)
    )
    lazy = every.lazy().filter(pl.col("Customer@Email") == "bob@example.com").select("Customer@ID").collect()
    expected = truth.filter(pl.col("Customer@Email") == "bob@example.com").select("Customer@ID")
    assert lazy.sort("Customer@ID").equals(expected.sort("Customer@ID"))
    assert every.head(2).to_polars().equals(frame.head(2))
    assert every.aggregate("Customer", "Visits").schema.names == [
        *(n for n in frame.columns if n[:8] == "Customer"),
        "Visits",
    ]
    assert every.with_options(forms="shown").schema.names == SHOWN


@pytest.mark.one_in(2)
@pytest.mark.parametrize("forms", ["shown", "all"])
def test_types_are_chosen_for_any_form(customers, forms):
    typed = customers.with_options(forms=forms, types={"Customer@ID": pa.string()})
    assert typed.select("Customer@ID").to_polars()["Customer@ID"].to_list()[0] == "101"
    assert typed.filter(col("Customer@ID") == "102").count_rows() == 10
    assert typed.to_arrow().num_rows == 60
    wrong = customers.with_options(forms=forms, types={"Customer@Id": pa.string()})
    for way in (lambda: wrong.schema, wrong.to_arrow, wrong.head(2).to_arrow):
        with pytest.raises(UsageError, match=r"types= names 'Customer@Id'.* Did you mean 'Customer@ID'"):
            way()


def test_conditions_behind_sums_take_forms_of_the_attributes_that_are_left(customers, truth):
    added = customers.aggregate("Customer", "Visits")
    email, number = pl.col("Customer@Email"), pl.col("Customer@ID")
    expected = truth.group_by("Customer@ID", "Customer@Email").agg(pl.col("Visits").sum())
    bobs = added.filter(col("Customer@Email") == "bob@example.com", col("Visits") > 0)
    assert bobs.schema.names == ["Customer", "Visits"]
    kept = expected.filter(email == "bob@example.com")["Visits"]
    assert sorted(bobs.to_polars()["Visits"]) == sorted(kept)
    ordered = added.sort("Customer@ID").head(2).to_polars()["Visits"].to_list()
    assert ordered == expected.filter(number.is_not_null()).sort("Customer@ID").head(2)["Visits"].to_list()
    with pytest.raises(UsageError, match="no column 'Product@ID' in this result"):
        added.filter(col("Product@ID") == 7).to_arrow()


@pytest.mark.parametrize("forms", ["shown", "all"])
def test_extractions_hold_other_forms(customers, truth, tmp_path, forms):
    scan = customers.with_options(forms=forms)
    scan = scan.select("Customer@Email", "Revenue") if forms == "shown" else scan
    scan.extract(tmp_path / "some")
    found = pl.read_parquet(tmp_path / "some" / "*.parquet").select("Customer@Email", "Revenue")
    assert found.sort("Revenue").equals(truth.select("Customer@Email", "Revenue").sort("Revenue"))


def test_elements_are_listed_by_any_form(customers):
    listed = customers.elements("Customer@Email")
    assert listed.column_names == ["id", "Customer@Email"]
    assert listed["Customer@Email"].to_pylist()[0] == "ann@example.com"
    assert "Customer@Joined" in customers.with_options(forms="all").elements("Customer").column_names


@pytest.mark.one_in(3)
@pytest.mark.parametrize("shape", ["without_elements", "only_paging", "no_definition", "error"])
@pytest.mark.parametrize("kind", ["cube", "report"])
def test_results_without_rows_have_other_forms_too(kind, shape):
    with Simulator(rows=20, **IDLE) as server, open_at(server) as connection:
        customers = connection.cube("Customers") if kind == "cube" else connection.report("Customer Report")
        scan = customers.select("Customer", "Customer@Email", "Customer@Joined", "Visits")
        full = scan.filter(col("Customer@ID") > 1).to_arrow()
        for method, path in (("POST", r"/instances$"), ("GET", r"/instances/\w+$"), ("PUT", r"/instances/\w+$")):
            server.fail(SHAPES[shape].on(method, path, skip=int(method == "POST"), times=None))
        none = customers.with_options().select(*full.column_names).filter(col("Customer@ID") > 2**50).to_arrow()
        assert (full.num_rows, none.num_rows) == (50, 0)
        assert none.schema.equals(full.schema)


# What cannot be


def test_an_older_server_that_ignores_forms_is_found_out():
    with Simulator(rows=20, ignores_forms=True, **IDLE) as server, open_at(server) as connection:
        for found in (connection.cube("Customers"), connection.report("Customer Report")):
            for scan in (
                found.select("Customer@Email"),
                found.filter(col("Customer@ID") > 1),
                found.filter(col("Customer@ID") > 1).sort("Revenue"),
                found.aggregate("Customer@Email", "Revenue"),
                found.with_options(forms="all"),
                found.with_options(forms="all").head(3),
            ):
                with pytest.raises(DataMismatch, match=r"was asked for 'Customer@.*too old to show other forms"):
                    scan.to_arrow()
            assert found.to_arrow().column_names == SHOWN


@pytest.mark.parametrize("terminal", ["to_arrow", "count_rows", "explain"])
def test_a_server_that_takes_conditions_on_id_and_desc_only_is_asked_once(terminal):
    with Simulator(rows=20, collation=Collation(any_form=False), **IDLE) as server, open_at(server) as connection:
        cube = connection.cube("Customers")
        scan = cube.filter(col("Customer@Email") == "bob@example.com", col("Customer@ID") == 102)
        getattr(scan, terminal)()
        told = scan.explain()
        assert (
            "only checked here: Customer@Email == 'bob@example.com' (this server takes conditions on ID and" in told
        )
        assert "decided by the server: Customer@ID == 102" in told
        assert scan.to_arrow().num_rows == 10
        assert cube.sort("Customer@Joined").head(3).to_arrow().num_rows == 3
        assert sum(request.status == 400 for request in server.requests) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"layout": "grid"}, "lose its layout"),
        ({"subtotals": "keep"}, "lose its subtotals"),
    ],
)
def test_reports_that_would_change_are_refused(server, options, reason):
    with open_at(server) as connection:
        report = connection.report("Customer Cross-tab", forms="all", **options)
        with pytest.raises(UsageError, match=f"forms='all' cannot be asked for: .*{reason}"):
            report.to_arrow()


@pytest.mark.parametrize("uncrosstab", [True, False])
def test_a_cross_tab_gives_all_forms_or_says_that_it_does_not(uncrosstab):
    with Simulator(rows=20, uncrosstab=uncrosstab, **IDLE) as server, open_at(server) as connection:
        report = connection.report("Customer Cross-tab")
        with pytest.raises(UsageError, match=r"'Customer@Email' is not shown by this object.*cross-tabs"):
            report.select("Customer@Email").to_arrow()
        every = report.with_options(forms="all")
        if uncrosstab:
            assert {"Customer@Email", "Shop@Home@ID"} < set(every.to_polars().columns)
            assert every.count_rows() == report.to_arrow().num_rows
        else:
            with pytest.raises(DataMismatch, match="was asked for"):
                every.to_arrow()


def test_a_given_instance_shows_what_it_shows(server):
    with open_at(server) as connection:
        cube = connection.cube("Customers")
        made = connection.post(f"v2/cubes/{cube.id}/instances", json={}).json()["instanceId"]
        given = connection.cube("Customers", instance_id=made)
        assert given.to_arrow().num_rows == 60
        with pytest.raises(UsageError, match="a given instance is read as it is"):
            given.select("Customer@Email").to_arrow()
        with pytest.raises(UsageError, match="a given instance is read as it is"):
            connection.cube("Customers", instance_id=made, forms="all").to_arrow()
