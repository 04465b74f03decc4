from __future__ import annotations

import tracemalloc

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.simulator import Simulator
from mstr_arrow.simulator.samples.sales import sales_cube
from mstr_arrow.simulator.truth.cube_truth import truth


def test_columns_and_types():
    schema = truth(sales_cube(10, 0)).schema
    assert dict(zip(schema.names, schema.types, strict=True)) == {
        "Order": pa.int64(),
        "Region": pa.string(),
        "Store@ID": pa.int64(),
        "Store@DESC": pa.string(),
        "Product": pa.string(),
        "Customer": pa.string(),
        "Day": pa.date32(),
        "Sold At": pa.timestamp("us"),
        "Channel": pa.string(),
        "Revenue": pa.float64(),
        "Units": pa.int64(),
        "Cost": pa.float64(),
        "Ledger Id": pa.int64(),
        "List Price": pa.decimal128(38, 18),
    }


def test_first_rows_stay_what_they_are():
    rows = truth(sales_cube(1_000, 0), columns=["Order", "Product", "Sold At", "Revenue", "List Price"], limit=5)
    assert rows["Order"].to_pylist() == [3000000001, 3000000007, 3000000018, 3000000026, 3000000034]
    assert rows["Product"].to_pylist() == [
        "Marble Mug ☕ M",
        "Wool Lamp XL",
        "Clay Bowl M",
        "Birch Mug ☕ L",
        "Cotton Plate L",
    ]
    assert rows["Revenue"].to_pylist() == [0.99, 20000.98, 14550.05, 18064.87, 1815.64]


def test_same_seed_same_data_other_seed_other_data():
    first, again, other = (truth(sales_cube(500, seed)) for seed in (7, 7, 8))
    assert first.equals(again)
    assert not first["Product"].equals(other["Product"])


def test_character_of_the_data():
    table = truth(sales_cube(50_000, 0))
    distinct = {name: pc.count_distinct(table[name], mode="all").as_py() for name in table.column_names}
    assert distinct["Order"] == 50_000
    assert pc.min(table["Order"]).as_py() > 2**31
    assert (distinct["Region"], distinct["Store@ID"], distinct["Product"], distinct["Channel"]) == (
        5,
        400,
        2_000,
        3,
    )
    assert 17_000 < distinct["Customer"] <= 20_000
    assert 1_080 <= distinct["Day"] <= 1_100
    assert 16_000 < distinct["Sold At"] <= 18_000
    assert {None, ""} <= set(table["Customer"].to_pylist())
    assert 0.01 < table["Cost"].null_count / 50_000 < 0.03
    assert pc.min(table["Ledger Id"]).as_py() > 2**53
    assert all(round(value, 2) == value for value in table["Revenue"].to_pylist())
    assert any(moment.microsecond for moment in table["Sold At"].to_pylist())
    texts = str([pc.unique(table[name]).to_pylist() for name in ("Store@DESC", "Product")])
    assert all(mark in texts for mark in ("é", '"', "\\", "☕", "茶"))


def test_day_is_the_day_of_the_moment():
    table = truth(sales_cube(2_000, 3), columns=["Day", "Sold At"])
    assert table["Day"].to_pylist() == [moment.date() for moment in table["Sold At"].to_pylist()]


def test_far_rows_are_computed_without_those_before_them(new_client, read):
    with Simulator(rows=10_000_000) as sim:
        client = new_client(sim)
        client.login()
        tracemalloc.start()
        instance = client.create("Sales Cube", limit=1)["instanceId"]
        page = client.page("Sales Cube", instance, offset=9_000_000, limit=100, standardDateFormat="true")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        far = sim.truth("Sales Cube", columns=["Order", "Units"], offset=9_000_000, limit=100)
    assert (page["data"]["paging"]["total"], page["data"]["paging"]["current"]) == (10_000_000, 100)
    columns = list(read(page).values())
    assert [int(text) for text in columns[0]] == far["Order"].to_pylist()
    assert peak < 50 * 2**20


def test_hidden_row_count_only_on_request():
    cube = sales_cube(3, 0)
    assert "Row Count - sales" not in truth(cube).column_names
    assert truth(cube, columns=["Row Count - sales"]).to_pydict() == {"Row Count - sales": [1, 1, 1]}
