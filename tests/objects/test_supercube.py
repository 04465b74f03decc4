"""SuperCubes step by step, and `Connection.write`, which does the steps."""

import asyncio
import datetime as dt
import warnings

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Simulator
from tests.support.servers import connect_to

SALES = pl.DataFrame({"store": ["Lyon", "Paris"], "day": [dt.date(2024, 1, 31), None], "revenue": [1.5, 2.5]})
STORES = pl.DataFrame({"store": ["Lyon", "Nice"], "city_id": [69, 6], "city": ["Lyon", "Nice"]})
PUBLIC = "/Public Objects/Reports"


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=10, publish_polls=1) as simulator:
        yield simulator


@pytest.fixture
def conn(server):
    with connect_to(server) as connection:
        yield connection
    assert server.uploads_open == 0


@pytest.fixture
def name(request, conn):
    """A name for a dataset, which is deleted afterwards."""
    name = request.node.name[:200].replace("[", " ").replace("]", "")
    yield name
    for found in conn.objects(name, kind="cube"):
        ma.SuperCube(conn, id=found.id).delete()


def rows(conn, cube_id, *columns):
    return conn.cube(cube_id).to_polars().select(columns).sort(columns[0]).rows()


def cube_of(conn, name, data=SALES, table="Sales", **options):
    cube = ma.SuperCube(conn, name=name)
    cube.add_table(table, data, **options)
    return cube


def test_created_step_by_step(conn, name):
    cube = cube_of(conn, name)
    assert cube.id is None
    result = cube.create(auto_upload=False)
    assert (result.created, result.published, result.rows) == (True, False, 0)
    assert cube.publish_status() is None
    result = cube.update(auto_publish=False)
    assert (result.created, result.published, result.rows) == (False, False, 2)
    assert not cube.publish_status().done
    result = cube.publish()
    assert result.published
    assert cube.publish_status().done
    assert rows(conn, cube.id, "store", "day", "revenue") == SALES.rows()


def test_created_at_once_in_a_folder(conn, name):
    result = cube_of(conn, name).create(PUBLIC)
    assert conn.find(name).path.endswith(f"{PUBLIC}/{name}")
    assert (result.rows, result.chunks, result.published) == (2, 1, True)
    assert result.bytes > 0
    assert result.seconds >= result.seconds_publishing > 0


def test_tables_can_be_taken_back(conn, name):
    cube = cube_of(conn, name)
    cube.add_table("Wrong", STORES)
    cube.remove_table("Wrong")
    with pytest.raises(errors.UsageError, match="no table 'Wrong' was added"):
        cube.remove_table("Wrong")
    assert [table.name for table in cube.create().tables] == ["Sales"]


def test_an_existing_name_is_refused_unless_forced(conn, name):
    old = cube_of(conn, name).create().cube_id
    other = cube_of(conn, name, STORES, "Stores", to_attribute=["city_id"])
    with pytest.raises(errors.UsageError, match=rf"there is a dataset .* \({old}\)"):
        other.create()
    result = other.create(force=True)
    assert rows(conn, result.cube_id, "city_id", "city") == [(6, "Nice"), (69, "Lyon")]


def test_forms_of_an_attribute(conn, name):
    cube = cube_of(conn, name, STORES, "Stores")
    cube.create(attribute_forms={"City": {"ID": "city_id", "DESC": "city"}})
    assert rows(conn, cube.id, "City@ID", "City@DESC", "store") == [(6, "Nice", "Nice"), (69, "Lyon", "Lyon")]


def test_certified_and_deleted(conn, name):
    cube = cube_of(conn, name)
    cube.create()
    cube.certify()
    assert conn.get(f"objects/{cube.id}", params={"type": 3}).json()["certifiedInfo"]["certified"] is True
    cube.certify(False)
    assert conn.get(f"objects/{cube.id}", params={"type": 3}).json()["certifiedInfo"]["certified"] is False
    gone = cube.id
    cube.delete()
    assert cube.id is None
    with pytest.raises(errors.NotFound):
        conn.cube(gone)


def test_everything_has_an_async_twin(server):
    async def steps():
        async with ma.connect_async(server.url, username=server.username, password=server.password) as conn:
            cube = cube_of(conn, "Twins")
            await cube.create_async(auto_upload=False)
            await cube.update_async(auto_publish=False)
            assert not (await cube.publish_status_async()).done
            await cube.discard_async()
            await cube.update_async(auto_publish=False)
            assert (await cube.publish_async()).published
            await cube.certify_async()
            result = await conn.write_async("Twins", SALES, mode="upsert")
            assert result.cube_id == cube.id
            await cube.delete_async()

    asyncio.run(steps())
    assert server.uploads_open == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "by its name or by its id"),
        ({"name": "a", "id": "A" * 32}, "by its name or by its id"),
        ({"id": "Sales"}, "'Sales' is no id"),
        ({"name": "a[b]"}, "may not be"),
        ({"name": "a", "description": "x" * 251}, "251 characters"),
    ],
)
def test_what_a_supercube_cannot_be(conn, arguments, says):
    with pytest.raises(errors.UsageError, match=says):
        ma.SuperCube(conn, **arguments)


def test_what_cannot_be_done(conn):
    cube = ma.SuperCube(conn, name="Nothing")
    for step, says in (
        (cube.update, "no table to upload"),
        (cube.create, "no table to upload"),
        (cube.publish, "nothing waits"),
        (cube.delete, "not created yet"),
        (cube.certify, "not created yet"),
    ):
        with pytest.raises(errors.UsageError, match=says):
            step()
    with pytest.raises(errors.UsageError, match="update_policy='append' is not known"):
        cube.add_table("T", SALES, update_policy="append")
    cube.add_table("T", SALES)
    with pytest.raises(errors.NotFound, match="no dataset 'Nothing' in My Reports"):
        cube.update()
    existing = ma.SuperCube(conn, id="A" * 32)
    with pytest.raises(errors.UsageError, match="exists"):
        existing.create()
    with pytest.raises(errors.UsageError, match="chunk_rows is 0"):
        cube.create(chunk_rows=0)


# Connection.write


def test_written_created_then_updated(conn, name):
    first = conn.write(name, SALES)
    second = conn.write(name, SALES.with_columns(revenue=pl.lit(9.0)), verify=True)
    assert (first.created, second.created) == (True, False)
    assert first.cube_id == second.cube_id
    assert second.verified
    assert rows(conn, first.cube_id, "store", "revenue") == [("Lyon", 9.0), ("Paris", 9.0)]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("replace", [("Lyon", 5.0), ("Nice", 7.0)]),
        ("add", [("Lyon", 6.5), ("Nice", 7.0), ("Paris", 2.5)]),
        ("update", [("Lyon", 5.0), ("Paris", 2.5)]),
        ("upsert", [("Lyon", 5.0), ("Nice", 7.0), ("Paris", 2.5)]),
    ],
)
def test_each_mode_does_what_it_says(conn, name, mode, expected):
    conn.write(name, SALES.select("store", "revenue"))
    result = conn.write(name, pl.DataFrame({"store": ["Lyon", "Nice"], "revenue": [5.0, 7.0]}), mode=mode)
    assert rows(conn, result.cube_id, "store", "revenue") == expected


def test_several_tables_and_one_of_them_again(conn, name):
    result = conn.write(name, {"Sales": SALES, "Stores": STORES}, attributes=["city_id"])
    assert [(table.name, table.rows) for table in result.tables] == [("Sales", 2), ("Stores", 2)]
    result = conn.write(name, {"Sales": SALES.head(1)}, verify=True)
    assert result.verified
    got = conn.cube(result.cube_id).to_polars()
    assert sorted(got["store"]) == ["Lyon", "Nice"]


def test_a_single_table_goes_to_the_only_table_there_is(conn, name):
    cube_of(conn, name).create()
    assert [table.name for table in conn.write(name, SALES).tables] == ["Sales"]


def test_a_dataset_may_be_given_by_its_id(conn, name):
    cube = cube_of(conn, name)
    cube.create(PUBLIC)
    assert conn.write(cube.id, SALES, verify=True).verified


def test_an_empty_table(conn, name):
    result = conn.write(name, SALES.clear(), verify=True)
    assert (result.rows, result.chunks, result.verified) == (0, 0, True)
    assert conn.cube(result.cube_id).to_polars().height == 0


def test_published_later(conn, name):
    result = conn.write(name, SALES, publish=False)
    assert not result.published
    assert ma.SuperCube(conn, id=result.cube_id).publish().published


def test_losses_are_counted_in_one_warning(conn, name):
    stamps = pl.Series([dt.datetime(2024, 1, 1, microsecond=1500)] * 2, dtype=pl.Datetime("us"))
    data = SALES.with_columns(revenue=pl.Series([float("nan"), float("inf")]), at=stamps)
    with pytest.warns(ma.DataLossWarning) as caught:
        result = conn.write(name, data)
    said = (
        f"{name}: 2 values of {name}.revenue: NaN or infinite, written as null; "
        f"2 values of {name}.at lost digits below the millisecond."
    )
    assert [str(each.message) for each in caught] == [said]
    assert result.nulled == {f"{name}.revenue": 2}
    assert caught[0].filename == __file__


def test_a_time_zone_can_be_chosen(conn, name):
    at = pl.Series([dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)])
    result = conn.write(name, pl.DataFrame({"at": at}), time_zone="Europe/Berlin")
    assert rows(conn, result.cube_id, "at") == [(dt.datetime(2024, 1, 1, 13),)]


REFUSED = {
    "a pandas period": lambda: _pandas().DataFrame(
        {"Month": _pandas().period_range("2024-01", periods=2, freq="M")}
    ),
    "mixed objects": lambda: _pandas().DataFrame({"Month": [1, "x"]}),
    "names that are no texts": lambda: _pandas().DataFrame([[1]], columns=["Month"]).rename(columns={"Month": 1}),
    "128 bits": lambda: pl.DataFrame({"Month": pl.Series([1], dtype=pl.Int128)}),
    "an extension type": lambda: pa.table({"Month": pa.array([None], pa.opaque(pa.int64(), "money", "SomeDB"))}),
    "no UTF-8": lambda: pa.table({"Month": pa.array([b"\xff"]).view(pa.string())}),
    "two columns of one name": lambda: pa.table([[1], [2]], names=["Month", "Month"]),
    "names that differ in case": lambda: pl.DataFrame({"Month": [1], "MONTH": [1]}),
}


def _pandas():
    return pytest.importorskip("pandas")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
def test_what_would_not_arrive_as_it_is_is_refused_before_anything_is_sent(server, conn, name, kind, there):
    if there:
        conn.write(name, pl.DataFrame({"Month": ["2024-01"]}))
    before = len(server.requests)
    with pytest.raises(ma.errors.UsageError, match=r"'Month'|is 1, a value of type int"):
        conn.write(name, REFUSED[kind]())
    with pytest.raises(ma.errors.UsageError):
        cube_of(conn, name, REFUSED[kind]()).create(force=True)
    assert {request.method for request in server.requests[before:]} <= {"GET"}


DECLARED = pa.table(
    {
        "key": ["a", "b"],
        "units": pa.array([1, 2], pa.int32()),
        "price": [0.5, 1.5],
        "day": pa.array([dt.date(2024, 1, 31)] * 2),
        "at": pa.array([dt.datetime(2024, 1, 31, 11)] * 2, pa.timestamp("us")),
    }
)


def test_a_dataset_takes_values_of_other_types_that_are_what_its_columns_hold(conn, name):
    conn.write(name, DECLARED)
    midnight = dt.datetime(2024, 2, 29)
    other = pl.DataFrame(
        {
            "key": ["c", None],
            "units": [3.0, None],
            "price": [None, None],
            "day": [midnight] * 2,
            "at": [midnight.date()] * 2,
        }
    )
    result = conn.write(name, other, mode="add")
    got = conn.cube(result.cube_id).to_polars().select(other.columns).tail(2)
    assert got.rows() == [("c", 3, None, midnight.date(), midnight), (None, None, None, midnight.date(), midnight)]


def test_a_value_that_a_column_of_the_dataset_does_not_hold_is_refused_before_it_is_sent(server, conn, name):
    conn.write(name, DECLARED)
    halves = pa.table(DECLARED).set_column(1, "units", [[1.0, 2.5]])
    before = len(server.requests)
    with pytest.raises(errors.UsageError, match=r"Column 'units', row 1: 2\.5 .* type INTEGER"):
        conn.write(name, halves, mode="upsert")
    assert {request.method for request in server.requests[before:]} == {"GET"}
    assert rows(conn, conn.objects(name, kind="cube")[0].id, "key", "units") == [("a", 1), ("b", 2)]


def test_moments_that_become_one_time_are_counted_in_the_warning_and_the_result(conn, name):
    at = pl.Series([dt.datetime(2023, 11, 5, hour, tzinfo=dt.UTC) for hour in (5, 6, 7)])
    data = pl.DataFrame({"at": at, "units": [1, 2, 4]})
    with pytest.warns(ma.DataLossWarning, match=rf"2 values of {name}.at: in an hour that occurs twice") as caught:
        result = conn.write(name, data, time_zone="America/New_York")
    assert len(caught) == 1
    assert result.ambiguous == {f"{name}.at": 2}
    assert "occurs twice" in result.losses
    assert conn.write(name, data, time_zone="UTC").losses == ""


def test_progress_is_told(conn, name):
    seen = []
    conn.write(name, SALES, chunk_rows=1, on_progress=seen.append)
    assert [(p.phase, p.table, p.rows, p.total_rows, p.chunks) for p in seen[:3]] == [
        ("sending", name, 1, 2, 1),
        ("sending", name, 2, 2, 2),
        ("publishing", None, 2, 2, 2),
    ]
    assert seen[-1].server_says == "result ready"


def test_mode_update_needs_a_dataset(conn):
    with pytest.raises(errors.NotFound, match="nothing to update"):
        conn.write("Not There", SALES, mode="update")


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        (SALES, {"mode": "append"}, "mode='append' is not known"),
        (SALES, {"attributes": ["revenu"]}, "no column 'revenu' to be an attribute. Did you mean 'revenue'"),
        (SALES, {"metrics": "daay"}, "no column 'daay' to be a metric"),
        (SALES, {"orientation": "DIAGONAL"}, "orientation='DIAGONAL'"),
        (SALES, {"time_zone": "Mars"}, "time_zone='Mars'"),
        (SALES, {"folder": "/Public Objects/Reprots"}, "no folder 'Reprots'"),
        ({}, {}, "no table to upload"),
        ({"a": [1]}, {}, "the table 'a' is a list"),
        (pa.table({"x": [[1]]}), {}, "list<item: int64>, which a dataset on the server cannot hold"),
        (pa.table({"x": pa.array([b"1"])}), {}, "Cast it to string"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(conn, server, data, options, says):
    before = len(server.requests)
    with pytest.raises(errors.MstrError) as caught:
        conn.write("Bad Input", data, **options)
    assert says in str(caught.value)
    assert all(request.method == "GET" for request in server.requests[before:])


@pytest.mark.parametrize("taken", ["Awkward Values", "One Row", "Cross-tab Metrics Last"])
def test_what_was_not_made_through_rest_is_refused_by_name(conn, taken):
    found = conn.find(taken)
    folder = found.path.rpartition("/")[0]
    with pytest.raises(errors.UsageError, match="was not made through REST"):
        conn.write(taken, SALES, folder=folder)


def test_a_cube_that_was_not_made_through_rest_is_refused_by_id(conn):
    with pytest.raises(errors.UsageError, match=r"'Awkward Values' .* was not made through REST"):
        conn.write(conn.find("Awkward Values").id, SALES)


# Columns that are not the dataset's


def test_each_difference_is_named_before_anything_is_sent(conn, name, server):
    conn.write(name, SALES)
    sent = len(server.chunks_received)
    other = pl.DataFrame({"store": [1], "revenue": [2.0], "margin": [0.5]})
    with pytest.raises(errors.UsageError) as caught:
        conn.write(name, other)
    for part in ("column 'margin' of table", "'day' of table", "'store' of table"):
        assert part in str(caught.value)
    assert len(server.chunks_received) == sent


def test_columns_can_be_added_when_everything_is_replaced(conn, name):
    conn.write(name, SALES, attributes=["revenue"])
    wider = SALES.with_columns(margin=pl.lit(0.5))
    with pytest.raises(errors.UsageError, match="schema_mode='add'"):
        conn.write(name, wider)
    with pytest.raises(errors.UsageError, match="only while all tables are replaced"):
        conn.write(name, wider, schema_mode="add", mode="add")
    result = conn.write(name, wider, schema_mode="add", verify=True)
    assert result.verified
    assert rows(conn, result.cube_id, "store", "margin", "revenue") == [("Lyon", 0.5, 1.5), ("Paris", 0.5, 2.5)]
    assert conn.cube(result.cube_id).schema.field("revenue").metadata[b"mstr.role"] == b"attribute"


def test_roles_are_those_of_the_dataset(conn, name):
    conn.write(name, SALES)
    with pytest.raises(errors.UsageError, match=r"'revenue' is a metric of .*, and cannot become an attribute"):
        conn.write(name, SALES, attributes=["revenue"])


def two_tables(conn, name, policies):
    """Create Sales and Stores, and give the SuperCube that sends other values of both by these policies."""
    stores = STORES.drop("city_id")
    conn.write(name, {"Sales": SALES, "Stores": stores})
    cube = ma.SuperCube(conn, name=name)
    more = pl.DataFrame({"store": ["Lyon", "Rome"], "city": ["Lyon", "Roma"]})
    cube.add_table("Stores", more, policies[0])
    cube.add_table("Sales", SALES.with_columns(revenue=pl.lit(9.0)), policies[1])
    return cube


@pytest.mark.one_in(2)
@pytest.mark.parametrize("policy", ["upsert", "update", "add", "replace"])
def test_an_update_of_a_table_without_metrics_is_sent_and_warned_of(conn, name, server, policy):
    cube = two_tables(conn, name, ("update", policy))
    with pytest.warns(ma.DataLossWarning) as caught:
        result = cube.update()
    said = (
        "no row of table 'Stores' (2 sent) can change anything, as 'update' changes metrics only, and it has none"
    )
    assert [str(each.message) for each in caught] == [f"{name}: {said}."]
    assert caught[0].filename == __file__
    assert result.without_effect == {"Stores": 2}
    assert [(table.name, table.rows) for table in result.tables] == [("Stores", 2), ("Sales", 2)]
    assert server.dataset(cube.id)["Stores"]["store"].to_pylist() == ["Lyon", "Nice"]
    assert 9.0 in server.dataset(cube.id)["Sales"]["revenue"].to_pylist()


def test_an_upsert_of_a_table_without_metrics_adds_its_new_rows(conn, name, server):
    cube = two_tables(conn, name, ("upsert", "upsert"))
    assert cube.update().losses == ""
    stores = server.dataset(cube.id)["Stores"]
    assert sorted(stores["store"].to_pylist()) == ["Lyon", "Nice", "Rome"]


def test_written_without_metrics_an_update_is_warned_of(conn, name):
    conn.write(name, STORES.drop("city_id"))
    with pytest.warns(ma.DataLossWarning, match=r"no row of table .* \(2 sent\) can change anything"):
        assert conn.write(name, STORES.drop("city_id"), mode="update").published


def test_what_published_by_id_has_the_name_of_the_dataset(conn, name):
    cube_id = conn.write(name, SALES, publish=False).cube_id
    cube = ma.SuperCube(conn, id=cube_id)
    assert repr(cube) == f"<SuperCube {cube_id}>"
    assert cube.publish().name == name
    assert cube.name == name
    cube.delete()
    assert repr(cube) == f"<SuperCube {name!r} (no id)>"


def test_a_supercube_that_was_deleted_by_id_has_no_name_to_be_found_by(conn, name):
    cube = ma.SuperCube(conn, id=conn.write(name, SALES).cube_id)
    cube.delete()
    cube.add_table("Sales", SALES)
    with pytest.raises(errors.UsageError, match="was deleted, and no name of it is known"):
        cube.update()
    with pytest.raises(errors.UsageError, match="was deleted"):
        cube.certify()


# What mstrio-py gets wrong (wire reference, section 11.4), where it is not tested beside encoding and faults


def test_u3_doubles_come_back_as_they_were(conn, name):
    values = [1 / 3, 0.1 + 0.2, 1e300, 5e-324, -0.0, 123456789.123456789]
    result = conn.write(name, pl.DataFrame({"key": list("abcdef"), "x": values}))
    assert [value for _, value in rows(conn, result.cube_id, "key", "x")] == values


def test_u4_dates_stay_dates_after_leading_nulls(conn, name):
    data = pl.DataFrame({"key": ["a", "b", "c"], "day": [None, None, dt.date(2020, 1, 1)]})
    result = conn.write(name, data, chunk_rows=1)
    assert rows(conn, result.cube_id, "key", "day") == data.rows()
    assert conn.cube(result.cube_id).schema.field("day").type == pa.date32()


def test_u5_moments_are_not_dates(conn, name):
    data = pl.DataFrame({"key": ["a"], "at": [dt.datetime(2020, 1, 1, 11)]})
    assert rows(conn, conn.write(name, data).cube_id, "key", "at") == data.rows()


def test_u6_integers_beyond_32_bits(conn, name):
    data = pl.DataFrame({"key": ["a", "b"], "n": [2**31, -(2**63)]})
    assert rows(conn, conn.write(name, data).cube_id, "key", "n") == data.rows()


def test_u8_a_cell_that_looks_like_base64(conn, name):
    data = pl.DataFrame({"key": ["aGVs"]})
    assert rows(conn, conn.write(name, data, orientation="ROW").cube_id, "key") == data.rows()


def test_u9_chunks_are_cut_by_bytes(conn, name, server):
    narrow = pl.DataFrame({"key": [str(n) for n in range(5_000)]})
    wide = pl.DataFrame({"key": [str(n) * 50 for n in range(5_000)]})
    few = conn.write(name, narrow, chunk_bytes=60_000).chunks
    many = conn.write(name, wide, chunk_bytes=60_000).chunks
    assert many > 10 * few
    assert max(size for *_, size in server.chunks_received) <= 60_000


def test_no_warning_without_a_loss(conn, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert conn.write(name, SALES).losses == ""
