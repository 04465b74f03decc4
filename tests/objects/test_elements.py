"""The elements of attributes of cubes and reports, as tables."""

from __future__ import annotations

import asyncio
import datetime as dt

import polars as pl
import pyarrow as pa
import pytest

from mstr_arrow import col
from mstr_arrow.errors import DataMismatch, ProtocolError, ServerBusy, UsageError
from mstr_arrow.instances import fetch_elements as listing
from mstr_arrow.simulator import Fault


def listings(simulator):
    return [request for request in simulator.requests if request.path.endswith("/elements")]


@pytest.fixture
def awkward(connection):
    return connection.cube("Awkward Values")


def test_elements_have_ids_and_a_column_per_form(connection):
    stores = connection.cube("Sales Cube").elements("Store")
    assert stores.schema.names == ["id", "Store@ID", "Store@DESC"]
    assert stores.schema.types == [pa.string(), pa.int64(), pa.string()]
    attribute = stores.schema.field("Store@ID").metadata[b"mstr.id"].decode()
    assert stores["id"].to_pylist() == [f"{attribute}:{number}" for number in stores["Store@ID"].to_pylist()]


@pytest.mark.parametrize("name", ["Store", "Store@DESC", "Store@ID"])
def test_an_attribute_is_named_by_any_of_its_forms_and_by_id(connection, name):
    cube = connection.cube("Sales Cube")
    store = cube.schema.field("Store@ID").metadata[b"mstr.id"].decode()
    assert cube.elements(name).equals(cube.elements(store))


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "name", ["Text", "Long", "Number", "Exact", "Date", "Time", "Moment", "Flag", "Three Forms"]
)
def test_elements_are_what_the_reader_reads(awkward, name):
    found = awkward.elements(name)
    columns = found.column_names[1:]
    read = awkward.select(*columns).to_arrow(strings="plain").combine_chunks()
    assert found.select(columns).schema.types == read.schema.types
    assert set(map(repr, pl.from_arrow(read).rows())) == set(map(repr, pl.from_arrow(found).select(columns).rows()))


def test_the_null_element_has_no_value(connection):
    customers = connection.cube("Sales Cube").elements("Customer")
    (null, empty) = customers.slice(0, 2).to_pylist()
    assert (null["id"][-3:], null["Customer"]) == (":\\N", None)
    assert (empty["id"][-1:], empty["Customer"]) == (":", "")


def test_elements_are_read_page_by_page(connection, simulator, monkeypatch):
    cube = connection.cube("Awkward Values")
    whole = cube.elements("Text")
    monkeypatch.setattr(listing, "PAGE", 7)
    before = len(listings(simulator))
    assert cube.elements("Text").equals(whole)
    assert len(listings(simulator)) - before == -(-whole.num_rows // 7)


def test_fewer_elements_are_asked_for_where_the_server_runs_out_of_time(connection, simulator):
    cube = connection.cube("Sales Cube")
    whole = cube.elements("Store")
    simulator.fail(Fault.error(500, iserver_code=-2147206497).on("GET", "/elements$", times=3))
    before = len(listings(simulator))
    assert cube.elements("Store").equals(whole)
    limits = [int(request.query["limit"]) for request in listings(simulator)[before:]]
    assert sorted(set(limits), reverse=True)[:2] == [10_000, 5_000]
    assert limits[-1] < limits[0]
    simulator.fail(Fault.error(500, iserver_code=-2147206497).on("GET", "/elements$", times=None))
    try:
        with pytest.raises(ServerBusy):
            cube.elements("Store")
    finally:
        simulator.heal()


def test_a_report_lists_its_elements(connection):
    report = connection.report("Plain Report")
    stores = pl.from_arrow(report.elements("Store"))
    read = report.select("Store").to_polars().unique()
    assert stores.drop("id").sort("Store@ID").equals(read.sort("Store@ID"))


def test_the_elements_of_a_filtered_object_are_all(connection):
    cube = connection.cube("Sales Cube")
    whole = cube.elements("Region")
    assert cube.aggregate("Store", "Units").elements("Region").equals(whole)


def test_elements_keep_rows_apart(connection):
    cube = connection.cube("Sales Cube")
    regions = cube.elements("Region")
    east = [row["id"] for row in regions.to_pylist() if row["Region"] == "East"]
    read = cube.to_polars()
    assert cube.filter(col("Region").has_elements(east)).to_polars().equals(read.filter(pl.col("Region") == "East"))


@pytest.mark.parametrize(("name", "told"), [("Regoin", "'Region'"), ("Units", "'Region'"), ("nothing", "'Order'")])
def test_unknown_attributes_are_told_with_choices(connection, name, told):
    with pytest.raises(UsageError) as caught:
        connection.cube("Sales Cube").elements(name)
    assert repr(name) in caught.value.message
    assert told in caught.value.hint


def test_a_form_called_id_keeps_its_name(connection):
    frame = pl.DataFrame({"id": [1, 2], "day": [dt.date(2024, 1, 31), None], "amount": [1.5, 2.5]})
    connection.write("Ids", frame, attributes=["id"])
    cube = connection.cube("Ids")
    assert cube.elements("id").column_names == ["element id", "id"]
    assert cube.elements("day").column_names == ["id", "day"]


def test_elements_are_listed_asynchronously(connection):
    cube = connection.cube("Sales Cube")
    assert asyncio.run(cube.elements_async("Region")).equals(cube.elements("Region"))


def cube_that_lists(library, *answers):
    """Have a cube list the elements of its one attribute, Region, by these bodies and counts; return its id."""
    cube_id, region = "C" * 32, "A" * 32
    form = {"id": "45C11FA478E745FEA08D781CEA190FE5", "name": "ID", "dataType": "nVarChar"}
    attribute = {"name": "Region", "id": region, "type": "attribute", "forms": [form]}
    objects = {"attributes": [attribute], "metrics": []}
    library.on(
        "GET",
        f"/api/v2/cubes/{cube_id}",
        json={"id": cube_id, "name": "C", "definition": {"availableObjects": objects}},
    )
    grid = {"crossTab": False, "rows": [{**attribute, "elements": []}], "columns": [], "pageBy": []}
    data = {
        "paging": {"total": 0, "current": 0, "offset": 0, "limit": 1},
        "headers": {"rows": [], "columns": []},
        "metricValues": {"raw": []},
    }
    page = {"id": cube_id, "instanceId": "I", "status": 1, "definition": {"grid": grid}, "data": data}
    library.on("POST", f"/api/v2/cubes/{cube_id}/instances", json=page)
    for body, count in reversed(answers):
        library.on(
            "GET",
            f"/api/cubes/{cube_id}/attributes/{region}/elements",
            times=1,
            body=body,
            content_type="application/json",
            headers={"x-mstr-total-count": count} if count else {},
        )
    return cube_id


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'[{"id":"A:1","formValues":["x"]}]', DataMismatch),
        (b'[{"id":"A:1","formValues":[]}]', ProtocolError),
        (b'[{"id":"A:1"}]', ProtocolError),
        (b'["A:1"]', ProtocolError),
    ],
)
def test_what_is_no_list_of_elements_is_told(library, retail, body, error):
    with pytest.raises(error):
        retail.cube(cube_that_lists(library, (body, "2"), (body, "2"))).elements("Region")


def test_a_list_that_ends_early_without_its_count_is_told(library, retail):
    cube_id = cube_that_lists(library, (b'[{"id":"A:1","formValues":["x"]}]', "2"), (b"[]", None))
    with pytest.raises(DataMismatch, match="counts 2 elements of 'Region' and lists 1"):
        retail.cube(cube_id).elements("Region")
