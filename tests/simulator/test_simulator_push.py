from __future__ import annotations

import pytest

ROWS = [["2024-01-31", "Lyon", 3, 1.5], ["2024-02-01", None, None, 2], ["2024-01-31", "Oulu", 1, None]]
COLUMNS = [list(column) for column in zip(*ROWS, strict=True)]


@pytest.fixture
def sales(pusher, table):
    """A client that defined a table of sales by day and store."""
    pusher.define(table("sales", day="DATE", store="STRING", units="INTEGER", revenue="DOUBLE"))
    return pusher


@pytest.mark.parametrize(("orientation", "values"), [("ROW", ROWS), ("COLUMN", COLUMNS), ("column", COLUMNS)])
def test_pushed_rows_are_read_as_a_cube(sales, orientation, values):
    sales.push(values, orientation=orientation)
    assert sales.read() == [dict(zip(("day", "store", "units", "revenue"), row, strict=True)) for row in ROWS]


def test_add_appends_and_replace_begins_anew(sales):
    sales.push(ROWS)
    sales.push([["2024-01-31", "Lyon", 4, 0.25]], policy="ADD")
    assert sales.read("store", "units") == [
        {"store": "Lyon", "units": 7},
        {"store": None, "units": None},
        {"store": "Oulu", "units": 1},
    ]
    assert sales.sim.dataset("Pushed")["sales"].column("units").to_pylist() == [3, None, 1, 4]
    sales.push(ROWS[:1])
    assert sales.sim.dataset("Pushed")["sales"].num_rows == 1
    assert len(sales.read()) == 1


def test_chunks_are_put_together_by_their_index(sales):
    session = sales.session()
    for index in (2, "1", 3):
        assert sales.put(session, ROWS[int(index) - 1 : int(index)], index=index).status == 200
    assert sales.publish(session) == ("1", "result ready")
    assert sales.sim.dataset("Pushed")["sales"].column("units").to_pylist() == [3, None, 1]
    assert [chunk[1:4] for chunk in sales.sim.chunks_received] == [
        ("sales", 2, 1),
        ("sales", 1, 1),
        ("sales", 3, 1),
    ]
