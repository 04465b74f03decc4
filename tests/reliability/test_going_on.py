"""A read whose instance is gone in the middle goes on, starts again, or says why it does neither."""

import io
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator
from mstr_arrow.simulator.samples.sales import sales_cube
from tests.support.slow import thinned

ROWS = 300
CUBE = "Sales Cube"
PAGES = ma.Limits(page_rows=30, concurrency=2, buffer_bytes=45_000)  # hardly more than the consumer waits for
GONE = Fault.error(404, "ERR004", iserver_code=-2147468986)


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=ROWS, gzip=False) as server:
        yield server


@pytest.fixture
def cube(sim, quick):
    """A cube in pages of 30 rows; no session is left of it."""
    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection:
        yield connection.cube(CUBE, limits=PAGES)
    sim.heal()
    assert sim.open_sessions == 0


def interrupted(scan, **interruptions):
    """Read a scan batch by batch, with something done after so many batches."""
    found = []
    for batch in scan.to_batches(strings="plain"):
        found.append(batch)
        interruptions.get(f"after_{len(found)}", lambda: None)()
    return pa.Table.from_batches(found)


def ordered(scan):
    return scan.with_options(total_order=True, limits=PAGES)


def test_a_total_order_has_all_rows_sorted(cube, sim):
    table = ordered(cube).to_arrow(strings="plain")
    truth = sim.truth(CUBE).select(table.column_names)
    assert table["Order"].to_pylist() == sorted(truth["Order"].to_pylist())
    assert table.sort_by("Order").equals(truth.sort_by("Order").cast(table.schema))


def test_an_ordered_read_goes_on_where_it_was(cube, sim):
    whole = ordered(cube).to_arrow(strings="plain")
    scan = ordered(cube)
    asked = len(sim.requests)
    found = interrupted(scan, after_2=sim.drop_instances, after_4=sim.expire_sessions, after_6=sim.drop_instances)
    assert found.equals(whole)
    assert scan.stats.restarts == 3
    assert (scan.stats.rows, scan.stats.result_rows) == (ROWS, ROWS)
    rows = [int(each.query["limit"]) for each in sim.requests[asked:] if each.query.get("offset", "0") != "0"]
    assert sum(rows) < 2 * ROWS  # it did not start again


CONTRADICTIONS = {
    "offset": Fault.lying_page(offset=3),
    "total": Fault.lying_page(total=1),
    "more than asked": Fault.long_page(5),
    "another page": Fault.other_page(15),
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("contradiction", thinned(CONTRADICTIONS, {"offset", "another page"}))
def test_a_first_page_of_the_other_instance_that_contradicts_is_asked_for_again(cube, sim, contradiction):
    def gone():
        sim.fail(CONTRADICTIONS[contradiction].on("POST", r"/instances$"))
        sim.drop_instances()

    whole = ordered(cube).to_arrow(strings="plain")
    scan = ordered(cube)
    asked = len(sim.requests)
    assert interrupted(scan, after_3=gone).equals(whole)
    assert scan.stats.restarts == 1
    pages = [request.query.get("limit") for request in sim.requests[asked:] if request.method == "GET"]
    assert "1" in pages  # once more


@pytest.mark.one_in(2)
@pytest.mark.parametrize("contradiction", CONTRADICTIONS)
def test_a_contradiction_is_believed_when_it_has_come_three_times(cube, sim, contradiction):
    aimed = CONTRADICTIONS[contradiction].on("GET", "/instances/", skip=2, times=2)
    scan = cube.with_options(limits=ma.Limits(page_rows=30, concurrency=1))
    sim.fail(aimed)
    assert scan.to_arrow()["Order"].to_pylist() == sim.truth(CUBE)["Order"].to_pylist()
    sim.fail(replace(aimed, times=None))
    asked = len(sim.requests)
    with pytest.raises(errors.DataMismatch):
        scan.to_arrow()
    pages = [request.query["offset"] for request in sim.requests[asked:] if request.method == "GET"]
    assert max(map(pages.count, pages)) == 3


@pytest.mark.parametrize("skip", [0, 1, 3])
def test_a_page_that_cannot_be_read_is_asked_for_as_often_as_any(cube, sim, skip):
    sim.fail(Fault.cut_short().on("GET", "/instances/", skip=skip, times=2))
    scan = cube.with_options(limits=ma.Limits(page_rows=30, concurrency=1))
    assert scan.schema.names[0] == "Order"
    assert scan.to_arrow()["Order"].to_pylist() == sim.truth(CUBE)["Order"].to_pylist()
    sim.fail(Fault.cut_short().on("GET", "/instances/", skip=skip, times=None))
    with pytest.raises(errors.ProtocolError):
        cube.with_options(limits=ma.Limits(page_rows=30, concurrency=1)).to_arrow()


def test_requests_that_fail_together_make_one_instance(cube, sim):
    scan = ordered(cube).with_options(limits=ma.Limits(page_rows=10, concurrency=8, buffer_bytes=25_000))
    made = sim.instances_created
    found = interrupted(scan, after_2=sim.drop_instances)
    assert found.num_rows == ROWS
    # That of the columns, two of the rows, and two of the grand totals.
    assert (scan.stats.restarts, sim.instances_created - made) == (1, 5)


def test_conditions_and_first_rows_hold_on_the_other_instance(cube, sim):
    small = ma.Limits(page_rows=20, concurrency=2, buffer_bytes=30_000)
    scan = ordered(cube.filter(ma.col("Units") >= 3)).head(100).with_options(limits=small)
    whole = scan.to_arrow(strings="plain")
    assert interrupted(scan, after_2=sim.drop_instances).equals(whole)
    assert whole.num_rows == 100
    assert scan.stats.restarts == 1


def test_a_read_without_order_that_delivered_ends_with_the_way_out(cube, sim):
    with pytest.raises(errors.InstanceGone, match=r"run the read again.*total_order=True"):
        interrupted(cube, after_2=sim.drop_instances)


def test_a_read_that_delivered_nothing_starts_again_silently(cube, sim):
    assert cube.count_rows() == ROWS
    sim.drop_instances()
    assert cube.to_arrow()["Order"].to_pylist() == sim.truth(CUBE)["Order"].to_pylist()
    assert cube.stats.restarts == 1


def test_an_instance_that_dies_before_the_first_batch_is_made_again(cube, sim):
    sim.fail(GONE.on("GET", "/instances/", skip=0, times=3))
    none = cube.filter(ma.col("Order") == 3_000_004_999)  # its first pages hold nothing to hand out
    kept = none.with_options(pushdown=False, limits=ma.Limits(page_rows=30, concurrency=1))
    assert kept.to_arrow().num_rows <= 1
    assert kept.stats.restarts >= 1


@pytest.mark.parametrize("way", thinned(["to_arrow", "to_polars"], {"to_arrow"}))
def test_a_table_begins_again_as_nothing_of_it_was_handed_out(cube, sim, way):
    for scan in (cube, cube.sort("Customer")):
        sim.fail(GONE.on("GET", "/instances/", skip=3))
        orders = getattr(scan, way)()["Order"]
        assert sorted(orders.to_list() if way == "to_polars" else orders.to_pylist()) == sorted(
            sim.truth(CUBE)["Order"].to_pylist()
        )
        assert (scan.stats.restarts, scan.stats.rows) == (1, ROWS)
    sim.fail(GONE.on("GET", "/instances/", skip=3, times=None))
    with pytest.raises(errors.InstanceGone):
        cube.to_arrow()


FILES = {
    "parquet": (lambda scan, to, **how: scan.write_parquet(to, row_group_rows=50, **how), pl.read_parquet),
    "parts": (
        lambda scan, to, **how: scan.write_parquet(to, part_rows=70, **how),
        lambda path: pl.read_parquet(path / "*.parquet"),
    ),
    "ipc": (lambda scan, to, **how: scan.write_ipc(to, **how), pl.read_ipc),
    "stream": (lambda scan, to, **how: scan.write_ipc(to, stream=True, **how), pl.read_ipc_stream),
    "csv": (lambda scan, to, **how: scan.write_csv(to, **how), pl.read_csv),
}


@pytest.mark.parametrize("kind", thinned(FILES, {"parts"}))
def test_a_file_begins_again_as_nobody_has_seen_it(cube, sim, tmp_path, kind):
    write, read = FILES[kind]
    for number, scan in enumerate((cube, ordered(cube), cube.sort("Customer"))):
        sim.fail(GONE.on("GET", "/instances/", skip=4))
        path = tmp_path / f"{number}"
        stats = write(scan, path)
        assert sorted(read(path)["Order"]) == sorted(sim.truth(CUBE)["Order"].to_pylist())
        assert (stats.restarts, stats.rows, stats.result_rows) == (1, ROWS, ROWS)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["0", "1", "2"]
    sim.fail(GONE.on("GET", "/instances/", skip=4, times=None))
    with pytest.raises(errors.InstanceGone, match="run the read again"):
        write(cube, tmp_path / "3")
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_of_data_that_were_published_in_between_is_all_new(cube, sim, tmp_path):
    published = []

    def publish(stats):
        if stats.rows > 100 and not published:
            published.append(sim.republish(CUBE, rows=ROWS + 40, seed=5))
            sim.drop_instances()

    try:
        ordered(cube).write_parquet(tmp_path / "x", row_group_rows=30, on_progress=publish)
        written = pl.read_parquet(tmp_path / "x").sort("Order")
        truth = pl.from_arrow(sim.truth(CUBE)).sort("Order").select(written.columns)
        assert written.equals(truth.cast(dict(written.schema)))
        assert len(written) == ROWS + 40
    finally:
        sim.republish(CUBE, rows=ROWS)


def test_a_stream_of_the_caller_gets_nothing_twice(cube, sim):
    stream = io.BytesIO()
    sim.fail(GONE.on("GET", "/instances/", skip=4))
    with pytest.raises(errors.InstanceGone, match="total_order=True"):
        cube.write_ipc(stream, stream=True)
    sim.fail(GONE.on("GET", "/instances/", skip=4))
    stream = io.BytesIO()
    ordered(cube).write_ipc(stream, stream=True)
    stream.seek(0)
    assert pl.read_ipc_stream(stream)["Order"].to_list() == sorted(sim.truth(CUBE)["Order"].to_pylist())


def test_rows_are_counted_once_where_the_count_begins_again(cube, sim):
    few = cube.filter(ma.col("Units") >= 3).with_options(pushdown=False, limits=PAGES)
    rows = few.count_rows()
    sim.fail(GONE.on("GET", "/instances/", skip=4))
    assert few.count_rows() == rows > 0


def test_an_instance_that_dies_again_and_again_ends_the_read(cube, sim):
    scan = ordered(cube)
    batches = scan.to_batches()
    next(batches)
    sim.fail(GONE.on("GET", "/instances/", times=None))
    with pytest.raises(errors.InstanceGone):
        list(batches)
    assert scan.stats.restarts == 2
    sim.heal()


@pytest.mark.parametrize(
    ("rows", "seed", "said"),
    [
        (ROWS + 40, 1, "had 300 rows and has 340"),
        (ROWS, 77, "the total of a metric was"),
    ],
)
def test_a_cube_that_was_published_in_between_is_told(cube, sim, rows, seed, said):
    batches = ordered(cube).to_batches()
    next(batches)
    cubes, of = sim._server.catalogue.cubes, sim.cubes[CUBE]
    before = cubes[of]
    cubes[of] = replace(sales_cube(rows, seed), edition=before.edition)  # times that tell nothing
    try:
        sim.drop_instances()
        with pytest.raises(errors.DataChanged, match=f"{said}.*Read it again from the start"):
            list(batches)
    finally:
        cubes[of] = before


def test_a_cube_that_was_published_with_other_rows_further_on_is_told(cube, sim):
    batches = ordered(cube).to_batches()
    next(batches)
    sim.republish(CUBE)  # the rows that are compared are the same
    sim.drop_instances()
    with pytest.raises(errors.DataChanged, match=r"it was published last at 2026.*and again at 2026"):
        list(batches)


def test_times_are_those_before_an_instance_was_made_that_was_only_looked_at(cube, sim):
    scan = ordered(cube)
    assert scan.explain()  # makes one
    sim.republish(CUBE)
    batches = scan.to_batches()
    next(batches)
    sim.drop_instances()
    with pytest.raises(errors.DataChanged, match="published"):
        list(batches)


def test_without_the_privilege_to_monitor_caches_a_read_asks_once_and_goes_on(quick):
    with (
        Simulator(rows=ROWS, monitors_caches=False, gzip=False) as sim,
        ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection,
    ):
        scan = ordered(connection.cube(CUBE))
        with pytest.warns(errors.ConsistencyWarning):
            found = interrupted(scan, after_2=sim.drop_instances, after_5=sim.drop_instances)
        assert sorted(found["Order"].to_pylist()) == sorted(sim.truth(CUBE)["Order"].to_pylist())
        assert scan.stats.restarts == 2
        assert sum("/monitors/" in each.path for each in sim.requests) == 1


def test_what_cannot_be_sorted_is_refused(sim, quick):
    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection:
        crossed = next(name for name in sim.reports if "Cross" in name)
        with pytest.raises(errors.UsageError, match="total order: the server takes conditions on tables only"):
            connection.report(crossed).with_options(total_order=True).to_arrow()
        with pytest.raises(errors.UsageError, match="exclude each other"):
            connection.cube(CUBE).with_options(total_order=True, ordered=False)


def test_a_page_that_takes_the_server_too_long_is_halved(cube, sim):
    sim.fail(Fault.error(500, iserver_code=-2147206497).on("GET", "/instances/", skip=1, times=3))
    scan = cube.with_options(limits=ma.Limits(first_page_rows=10, concurrency=1))
    assert scan.to_arrow()["Order"].to_pylist() == sim.truth(CUBE)["Order"].to_pylist()
    assert scan.stats.restarts == 0


def test_pages_are_not_halved_for_ever(cube, sim):
    sim.fail(Fault.error(500, iserver_code=-2147206497).on("GET", "/instances/", times=None))
    with pytest.raises(errors.ServerBusy, match="smaller pages"):
        cube.with_options(limits=ma.Limits(page_rows=100)).to_arrow()


def test_a_read_has_a_deadline(cube, sim):
    sim.fail(Fault.slow(1).on("GET", "/instances/", skip=2))
    with pytest.raises(errors.TimeoutExceeded, match=r"within 0\.3 s.*deadline"):
        cube.with_options(deadline=0.3, limits=PAGES).to_arrow()
    assert cube.with_options(deadline=30).to_arrow().num_rows == ROWS
    with pytest.raises(errors.UsageError, match="deadline is 0"):
        cube.with_options(deadline=0)
