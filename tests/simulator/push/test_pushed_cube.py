from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest


def form(category, *places):
    expressions = [{"tableName": table, "columnName": column} for table, column in places]
    return {"category": category, "expressions": expressions}


@pytest.fixture
def shops(pusher, table):
    """A client whose dataset has stores, sales by store and day, and temperatures by day."""
    pusher.define(
        table("stores", id="KEY INTEGER", name="STRING", size="INTEGER"),
        table("sales", store="KEY INTEGER", day="DATE", revenue="DOUBLE"),
        table("weather", day="DATE", temperature="DOUBLE"),
        attributes=[
            {
                "name": "store",
                "attributeForms": [
                    form("DESC", ("stores", "name")),
                    form("ID", ("stores", "id"), ("sales", "store")),
                ],
            },
            {"name": "day", "attributeForms": [form("ID", ("sales", "day"), ("weather", "day"))]},
        ],
    )
    pusher.push([[1, "Lyon", 100], [2, "Oulu", 50], [3, "Bari", 70]], name="stores")
    sales = [[1, "2024-01-31", 1.5], [2, "2024-01-31", 2], [1, "2024-02-01", None], [9, "2024-01-31", 8]]
    pusher.push([*sales, [1, "2024-01-31", 0.5]], name="sales")
    pusher.push([["2024-01-31", -3.5], ["2024-03-01", 4]], name="weather")
    return pusher


def rows_of(client, *names, **options):
    return [tuple(row.values()) for row in client.read(*names, **options)]


def test_tables_are_joined_in_full_on_shared_attributes(shops):
    assert sorted(rows_of(shops), key=str) == sorted(
        [
            ("1", "Lyon", "2024-01-31", 100, Decimal("2.0"), Decimal("-3.5")),
            ("1", "Lyon", "2024-02-01", 100, None, None),
            ("2", "Oulu", "2024-01-31", 50, Decimal("2.0"), Decimal("-3.5")),
            ("3", "Bari", None, 70, None, None),
            ("9", "", "2024-01-31", None, 8, Decimal("-3.5")),
            (None, None, "2024-03-01", None, None, 4),
        ],
        key=str,
    )


def test_tables_that_have_none_of_the_requested_attributes_give_totals(shops):
    assert rows_of(shops, "size", "revenue", "temperature") == [(220, 12, Decimal("0.5"))]
    assert rows_of(shops, "store", "temperature") == [
        (number, name, Decimal("0.5")) for number, name in (("1", "Lyon"), ("2", "Oulu"), ("3", "Bari"), ("9", ""))
    ]


def test_rows_of_each_table_are_counted(shops):
    counts = ("Row Count - stores", "Row Count - sales", "Row Count - weather")
    assert rows_of(shops, *counts) == [(3, 5, 2)]
    assert rows_of(shops, "day", "Row Count - sales") == [
        ("2024-01-31", 4),
        ("2024-02-01", 1),
        ("2024-03-01", None),
    ]
    assert len(shops.read(hidden=True)[0]) == 9


def test_attributes_alone(shops):
    assert rows_of(shops, "day") == [("2024-01-31",), ("2024-02-01",), ("2024-03-01",)]


def test_elements_of_an_attribute_of_two_tables(shops):
    cube = shops.dataset.removeprefix("/api/datasets/")
    attributes = shops.send("GET", f"/api/v2/cubes/{cube}").json["definition"]["availableObjects"]["attributes"]
    store = next(attribute for attribute in attributes if attribute["name"] == "store")
    assert [(f["name"], f["dataType"]) for f in store["forms"]] == [("ID", "integer"), ("DESC", "nVarChar")]
    listed = shops.send("GET", f"/api/cubes/{cube}/attributes/{store['id']}/elements").json
    assert [element["formValues"] for element in listed] == [
        ["1", "Lyon"],
        ["2", "Oulu"],
        ["3", "Bari"],
        ["9", ""],
    ]


def test_one_form_of_an_attribute(shops):
    cube = shops.dataset.removeprefix("/api/datasets/")
    objects = shops.send("GET", f"/api/v2/cubes/{cube}").json["definition"]["availableObjects"]
    store = next(attribute for attribute in objects["attributes"] if attribute["name"] == "store")
    asked = {"id": store["id"], "forms": [{"id": store["forms"][1]["id"]}]}
    page = shops.create(cube, {"requestedObjects": {"attributes": [asked]}})
    unit = page["definition"]["grid"]["rows"][0]
    assert [f["name"] for f in unit["forms"]] == ["DESC"]
    assert [element["formValues"] for element in unit["elements"]] == [["Lyon"], ["Oulu"], ["Bari"], [""]]


def test_tables_without_a_shared_attribute_are_crossed(pusher, table):
    pusher.define(table("left", a="STRING"), table("right", b="STRING", n="INTEGER"))
    pusher.push([["x"], ["y"]], name="left")
    assert rows_of(pusher) == [("x", None, None), ("y", None, None)]
    pusher.push([["p", 1], ["q", 2]], name="right")
    assert rows_of(pusher) == [("x", "p", 1), ("x", "q", 2), ("y", "p", 1), ("y", "q", 2)]


def test_crossing_of_large_tables_is_refused(pusher, table):
    pusher.define(table("left", a="KEY INTEGER"), table("right", b="KEY INTEGER"))
    for name in ("left", "right"):
        pusher.push([[n] for n in range(5_000)], name=name)
    cube = pusher.dataset.removeprefix("/api/datasets/")
    assert pusher.send("POST", pusher.instances(cube)).error == (500, "ERR001", -2147205488)
    assert rows_of(pusher, "Row Count - left") == [(5_000,)]


def test_metrics_are_summed_without_nulls(pusher, table):
    pusher.define(table("sales", k="STRING", n="BIGINTEGER", x="DOUBLE", d="BIGDECIMAL"))
    pusher.push('[["a",1,0.5,0.1],["a",null,null,1e-20],["b",null,null,null],["b",null,null,null],["c",4,-0.0,1]]')
    cells = [["a", 1, "0.5", "0.10000000000000000001"], ["b", None, None, None], ["c", 4, "-0.0", "1"]]
    assert [[None if v is None else str(v) for v in row] for row in rows_of(pusher)] == [
        [None if v is None else str(v) for v in row] for row in cells
    ]


def test_sum_beyond_64_bits_becomes_a_decimal(pusher, table):
    pusher.define(table("sales", k="STRING", n="BIGINTEGER"))
    pusher.push([["a", 2**63 - 1], ["a", 2**63 - 1], ["b", -(2**63)]])
    assert rows_of(pusher) == [("a", 2**64 - 2), ("b", -(2**63))]
    cube = pusher.dataset.removeprefix("/api/datasets/")
    (metric, _count) = pusher.create(cube)["definition"]["grid"]["columns"][0]["elements"]
    assert (metric["dataType"], metric["min"], metric["max"]) == ("bigDecimal", -(2**63), 2**64 - 2)


def test_least_and_greatest_of_a_large_cube(pusher, table):
    pusher.define(table("sales", k="KEY INTEGER", n="INTEGER"))
    pusher.push([list(range(150_000)), [(n * 7) % 150_001 for n in range(150_000)]], orientation="COLUMN")
    cube = pusher.dataset.removeprefix("/api/datasets/")
    (metric, _count) = pusher.create(cube, limit=1)["definition"]["grid"]["columns"][0]["elements"]
    assert (metric["min"], metric["max"]) == (0, max((n * 7) % 150_001 for n in range(150_000)))


def test_null_empty_and_misleading_texts_are_elements_of_their_own(pusher, table):
    texts = ["", None, "\\N", "h\\N", "null", "Total", '"', "\u0000", "a:b", ":"]
    pusher.define(table("sales", text="STRING", n="INTEGER"))
    pusher.push([[text, n] for n, text in enumerate(texts)])
    assert rows_of(pusher) == [(text, n) for n, text in enumerate(texts)]
    page = pusher.create(pusher.dataset.removeprefix("/api/datasets/"))
    ids = [element["id"] for element in page["definition"]["grid"]["rows"][0]["elements"]]
    assert (len(set(ids)), ids[0][:2], ids[1][:3]) == (len(texts), "h;", "h\\N")


def test_elements_of_several_forms(pusher, table):
    pusher.define(
        table("sales", id="STRING", name="STRING", code="KEY INTEGER", n="INTEGER"),
        attributes=[
            {
                "name": "store",
                "attributeForms": [
                    form("Code", ("sales", "code")),
                    form("ID", ("sales", "id")),
                    form("DESC", ("sales", "name")),
                ],
            }
        ],
    )
    rows = [["1", "Lyon", 7], ["1", "Lyons", 7], [None, None, None], [None, "x", 8], ["1", "Lyon", 7]]
    pusher.push([[*row, 1] for row in rows])
    assert pusher.read() == [
        {"store": "1", "store@Code": "7", "store@DESC": "Lyon", "n": 2},
        {"store": "1", "store@Code": "7", "store@DESC": "Lyons", "n": 1},
        {"store": None, "store@Code": None, "store@DESC": None, "n": 1},
        {"store": "", "store@Code": "8", "store@DESC": "x", "n": 1},
    ]
    page = pusher.create(pusher.dataset.removeprefix("/api/datasets/"))
    ids = [element["id"] for element in page["definition"]["grid"]["rows"][0]["elements"]]
    assert len(set(ids)) == 4


def test_sorting_and_requests_for_what_the_cube_does_not_have(shops):
    cube = shops.dataset.removeprefix("/api/datasets/")
    objects = shops.send("GET", f"/api/v2/cubes/{cube}").json["definition"]["availableObjects"]
    store, size = objects["attributes"][0]["id"], objects["metrics"][0]["id"]
    asked = {"attributes": [{"id": store}], "metrics": [{"id": size}]}
    order = {"rows": [{"type": "metric", "metric": {"id": size}, "order": "descending"}]}
    page = shops.create(cube, {"requestedObjects": asked, "sorting": order})
    assert [row[0] for row in page["data"]["metricValues"]["raw"]] == [100, 70, 50, None]
    wrong = {"requestedObjects": {"attributes": [{"id": "F" * 32}]}}
    assert shops.send("POST", shops.instances(cube), wrong).error[0] == 400
    nothing = shops.create(cube, {"requestedObjects": {}})
    assert (nothing["data"]["paging"]["total"], nothing["definition"]["grid"]["rows"]) == (0, [])


def test_truth_has_the_types_of_the_cube(pusher, table):
    columns = {
        "STRING": ("é", pa.string()),
        "BOOL": (True, pa.bool_()),
        "DATE": ("2024-01-31", pa.date32()),
        "TIME": ("10:00:00.5", pa.time64("us")),
        "DATETIME": ("2024-01-31T10:00:00.125", pa.timestamp("us")),
        "INTEGER": (1, pa.int64()),
        "BIGINTEGER": (2**62, pa.int64()),
        "DOUBLE": (0.1, pa.float64()),
        "BIGDECIMAL": (1.25, pa.decimal128(38, 18)),
    }
    pusher.define(table("sales", **{name: name for name in columns}))
    pusher.push([[value for value, _ in columns.values()], [None] * len(columns)])
    truth = pusher.sim.truth("Pushed")
    assert truth.schema == pa.schema([(name, kind) for name, (_, kind) in columns.items()])
    raw = pusher.sim.dataset("Pushed")["sales"]
    assert (raw.schema.field("INTEGER").type, raw.schema.field("BIGDECIMAL").type) == (
        pa.int32(),
        pa.decimal128(38, 2),
    )
    assert [row | {"BIGDECIMAL": None} for row in raw.to_pylist()] == [
        row | {"BIGDECIMAL": None} for row in truth.to_pylist()
    ]
    assert truth.column("BIGDECIMAL").to_pylist() == raw.column("BIGDECIMAL").to_pylist()


def test_names_may_be_anything_that_is_allowed(pusher, table):
    names = ["0", "row", "key", "new 0", "changed", "Row Count", "é'`%", "x" * 250]
    pusher.define(table("sales", **dict.fromkeys(names, "STRING"), n="INTEGER"))
    for policy in ("upsert", "upsert", "add"):
        pusher.push([[*names, 1]], policy=policy)
    assert pusher.read() == [{**{name: name for name in names}, "n": 2}]
