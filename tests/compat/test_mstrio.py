"""Filters that change the object in place, with the names and meanings of mstrio-py."""

from __future__ import annotations

import asyncio

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.compat.mstrio import MstrioObject
from mstr_arrow.errors import UsageError


@pytest.fixture
def cube(connection):
    return MstrioObject(connection.cube("Sales Cube"))


@pytest.fixture
def ids(cube):
    return {each["name"]: each["id"] for each in (*cube.attributes, *cube.metrics)}


@pytest.fixture
def sales(simulator):
    return pl.from_arrow(simulator.truth("Sales Cube"))


def elements(cube, attribute, *values):
    return [row["id"] for row in cube.scan.elements(attribute).to_pylist() if row[attribute] in values]


def units(frame, *keys):
    return frame.group_by(keys).agg(pl.col("Units").sum()).sort(keys)


def test_an_object_says_what_it_offers(cube, simulator):
    assert [each["name"] for each in cube.attributes][:3] == ["Order", "Region", "Store"]
    assert [each["name"] for each in cube.metrics] == ["Revenue", "Units", "Cost", "Ledger Id", "List Price"]
    assert cube.selected_attributes == [each["id"] for each in cube.attributes]
    assert cube.selected_metrics == [each["id"] for each in cube.metrics]
    assert cube.selected_attr_elements == []
    assert simulator.requests[-1].method == "GET"  # the definition says it: no instance was made


def test_chosen_attributes_and_metrics_are_read(cube, ids, sales):
    cube.apply_filters(attributes=[ids["Region"], ids["Channel"]], metrics=[ids["Units"]])
    found = cube.scan.to_polars()
    assert found.columns == ["Region", "Channel", "Units"]
    assert found.sort("Region", "Channel").equals(units(sales, "Region", "Channel"))
    assert cube.selected_attributes == [ids["Region"], ids["Channel"]]
    assert cube.selected_metrics == [ids["Units"]]


def test_names_do_as_well_as_ids(cube, ids):
    cube.apply_filters(attributes=["Region"], metrics=["Units", "Units"])
    assert cube.selected_attributes == [ids["Region"]]
    assert cube.selected_metrics == [ids["Units"]]
    assert cube.scan.schema.names == ["Region", "Units"]


def test_what_is_not_chosen_stays_as_it_was(cube, ids):
    cube.apply_filters(metrics=[ids["Cost"]])
    assert cube.selected_attributes == [each["id"] for each in cube.attributes]
    assert cube.scan.schema.names[-2:] == ["Channel", "Cost"]
    cube.apply_filters(attributes=[ids["Region"]])
    assert cube.scan.schema.names == ["Region", "Cost"]


def test_no_attribute_adds_everything_up(cube, ids, sales):
    cube.apply_filters(attributes=[], metrics=[ids["Units"]])
    assert cube.scan.to_polars().rows() == [(sales["Units"].sum(),)]
    cube.apply_filters(attributes=[ids["Region"]], metrics=[])
    assert sorted(cube.scan.to_polars()["Region"]) == sorted(sales["Region"].unique())


def test_a_form_is_chosen(cube, ids):
    form = cube.scan.schema.field("Store@DESC").metadata[b"mstr.form_id"].decode()
    cube.apply_filters(attributes=[f"{ids['Store']};{form}"], metrics=["Units"])
    assert cube.selected_attributes == [f"{ids['Store']};{form}"]
    assert cube.scan.to_arrow().column_names == ["Store@DESC", "Units"]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("spelling", ["colon", "h"])
@pytest.mark.parametrize("operator", ["In", "NotIn"])
def test_rows_have_the_chosen_elements_or_have_them_not(cube, sales, spelling, operator):
    chosen = [*elements(cube, "Region", "East", "West"), *elements(cube, "Channel", "Web")]
    if spelling == "h":
        chosen = [f"h{item[33:]};{item[:32]}" for item in chosen]
    cube.apply_filters(attr_elements=chosen, operator=operator)
    region, channel = pl.col("Region").is_in(["East", "West"]), pl.col("Channel") == "Web"
    kept = sales.filter(region & channel if operator == "In" else ~region & ~channel)
    assert 0 < kept.height == cube.scan.count_rows() < sales.height
    assert cube.scan.to_polars()["Order"].to_list() == kept["Order"].to_list()
    assert cube.selected_attr_elements == chosen
    cube.apply_filters(attributes=["Region"], metrics=["Units"])
    assert cube.scan.to_polars().sort("Region").equals(units(kept, "Region"))
    cube.apply_filters(attr_elements=[])
    assert cube.scan.to_polars()["Units"].sum() == sales["Units"].sum()


def test_a_column_of_elements_may_be_given(cube):
    east = cube.scan.elements("Region")["id"][:1]
    cube.apply_filters(attr_elements=east)
    assert cube.selected_attr_elements == east.to_pylist()


def test_everything_is_read_again_once_filters_are_cleared(cube, sales):
    whole = cube.scan.schema
    cube.apply_filters(attributes=["Region"], metrics=["Units"], attr_elements=elements(cube, "Channel", "Web"))
    assert cube.scan.to_arrow().num_columns == 2
    cube.clear_filters()
    assert cube.scan.schema == whole
    assert cube.scan.to_arrow().num_rows == sales.height
    assert cube.selected_attr_elements == []


def test_scans_made_before_are_left_alone(cube, sales):
    web = cube.scan.filter(ma.col("Channel") == "Web")
    cube.apply_filters(attributes=["Region"], metrics=["Units"])
    assert web.to_arrow().num_rows == sales.filter(pl.col("Channel") == "Web").height
    kept = cube.scan.filter(ma.col("Region") == "East").to_polars()
    assert kept.rows() == [("East", sales.filter(pl.col("Region") == "East")["Units"].sum())]


@pytest.mark.parametrize(
    ("filters", "told", "choice"),
    [
        ({"attributes": ["Regoin"]}, "no attribute 'Regoin' in <Cube 'Sales Cube'", "'Region'"),
        ({"attributes": ["0" * 32]}, "no attribute '000", "'Order', 'Region'"),
        ({"attributes": ["Units"]}, "no attribute 'Units'", "'Order', 'Region'"),
        ({"metrics": ["Unit"]}, "no metric 'Unit'", "'Units'"),
        ({"metrics": ["Region"]}, "no metric 'Region'", "'Revenue', 'Units'"),
        ({"attr_elements": [f"{'0' * 32}:East"]}, "no attribute '000", "'Order', 'Region'"),
        ({"attr_elements": ["East"]}, "no attribute 'East'", "'Order', 'Region'"),
        ({"attributes": "Region"}, "attributes takes a list of ids, not 'Region'", "['Region']"),
        ({"attributes": [], "metrics": []}, "No attribute and no metric", "at least one"),
        ({"operator": "Like"}, "operator='Like'", "'In' or 'NotIn'"),
    ],
)
def test_a_mistake_changes_nothing_and_asks_nothing(cube, simulator, filters, told, choice):
    cube.apply_filters(metrics=["Units"])
    before = (len(simulator.requests), cube.selected_metrics)
    with pytest.raises(UsageError) as caught:
        cube.apply_filters(**filters)
    assert told in caught.value.message
    assert choice in caught.value.hint
    assert (len(simulator.requests), cube.selected_metrics) == before
    assert cube.scan.schema.names[-2:] == ["Channel", "Units"]


def test_one_name_of_two_attributes_needs_an_id(connection):
    cube = MstrioObject(connection.cube("Same Names"))
    with pytest.raises(UsageError, match="'Amount' is more than one attribute"):
        cube.apply_filters(attributes=["Amount"])
    cube.apply_filters(attributes=[cube.attributes[1]["id"]], metrics=["Amount"])
    assert cube.scan.to_arrow().num_columns == 2


def test_a_pandas_frame_is_made(cube):
    pandas = pytest.importorskip("pandas")
    cube.apply_filters(attributes=["Region"], metrics=["Units"])
    frame = cube.to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["Region", "Units"]


def test_all_elements_are_listed_by_attribute(connection):
    cube = MstrioObject(connection.cube("One Row"))
    number, colour = cube.attr_elements
    assert (number["attribute_name"], colour["attribute_name"]) == ("Number", "Colour")
    assert [each["formValues"] for each in colour["elements"]] == [["red"], ["green"], ["blue"], [None]]
    cube.apply_filters(attr_elements=[number["elements"][0]["id"]])
    assert cube.scan.count_rows() == 1
    cube.apply_filters(attr_elements=[number["elements"][1]["id"]])
    assert cube.scan.count_rows() == 0


# Reports


def test_a_report_is_filtered_in_place_without_running_again(connection, simulator):
    report = MstrioObject(connection.report("Plain Report"))
    assert [each["name"] for each in report.attributes] == ["Region", "Store", "Day"]
    assert "Units" in [each["name"] for each in report.metrics]
    whole = report.scan.to_polars()
    report = MstrioObject(connection.report("Plain Report"))
    before = len(simulator.requests)
    north = elements(report, "Region", "North")
    report.apply_filters(attributes=["Region"], metrics=["Units"], attr_elements=north)
    assert report.scan.to_polars().rows() == [("North", whole.filter(pl.col("Region") == "North")["Units"].sum())]
    asked = [
        request.method
        for request in simulator.requests[before:]
        if "/instances" in request.path and not request.path.endswith("/status")
    ]
    assert asked == ["POST", "PUT"]


def test_a_cross_tab_says_that_it_cannot_be_filtered_there(connection):
    report = MstrioObject(connection.report("Cross-tab Metrics Last"))
    assert [each["name"] for each in report.attributes] == ["Region", "Store", "Channel"]
    report.apply_filters(attributes=["Region"], metrics=["Units"])
    with pytest.raises(UsageError, match="tables only"):
        report.scan.to_arrow()
    report.clear_filters()
    assert report.scan.to_arrow().num_rows > 0


def test_filters_hold_for_asynchronous_reads(cube):
    cube.apply_filters(attributes=["Region"], metrics=["Units"])
    assert asyncio.run(cube.scan.to_arrow_async()).equals(cube.scan.to_arrow())


def test_the_cube_stays_as_it_is(connection, sales):
    whole = connection.cube("Sales Cube")
    cube = MstrioObject(whole)
    assert cube.scan is whole
    cube.apply_filters(attributes=["Region"], metrics=["Units"])
    first = cube.scan
    cube.apply_filters(metrics=["Cost"])
    assert first.schema.names == ["Region", "Units"]
    assert whole.count_rows() == sales.height


@pytest.mark.parametrize("kind", ["cube", "report"])
def test_a_form_that_is_not_shown_is_chosen_by_its_id(connection, kind):
    whole = connection.cube("Customers") if kind == "cube" else connection.report("Customer Report")
    email = next(form["id"] for form in whole.attributes[0]["forms"] if form["name"] == "Email")
    found = MstrioObject(whole)
    assert set(found.attributes[0]) == {"id", "name"}
    customer = found.attributes[0]["id"]
    found.apply_filters(attributes=[f"{customer};{email}"], metrics=["Visits"])
    assert found.scan.schema.names == ["Customer@Email", "Visits"]
    assert found.scan.count_rows() == 6  # a row for each customer, though two have one address
    assert found.selected_attributes == [f"{customer};{email}"]
    with pytest.raises(UsageError, match=r"has no form 'F{32}'\. It has 'DESC: [0-9A-F]{32}', 'ID: "):
        found.apply_filters(attributes=[f"{customer};{'F' * 32}"])
