"""A read that goes on over another instance says how certain it is that the data are the same."""

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.fetch import recovery
from mstr_arrow.grid.checksum import checksum
from mstr_arrow.instances.fetch_known import without_metrics
from mstr_arrow.instances.freshness import Cache, Published, Times
from mstr_arrow.instances.known import Known
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import IDLE, connect_to

ROWS = 140
CUBE = "Sales Cube"
PAGES = ma.Limits(page_rows=20, concurrency=1, buffer_bytes=30_000)


@pytest.fixture(scope="module", params=["caches", "no caches"])
def any_sim(request):
    with Simulator(rows=ROWS, monitors_caches=request.param == "caches", **IDLE | {"encode_once": False}) as server:
        yield server


@pytest.fixture(scope="module")
def blind():
    """A server on which this login may not monitor caches."""
    with Simulator(rows=ROWS, monitors_caches=False, **IDLE | {"encode_once": False}) as server:
        yield server


@contextmanager
def scan_of(sim, quick, **options):
    with connect_to(sim, settings=quick) as connection:
        yield connection.cube(CUBE, **{"limits": PAGES, "total_order": True, **options})
    sim.heal()


def batches_of(scan, *, then):
    """Read a scan batch by batch; ``then`` is done once, after four of them."""
    found = []
    for batch in scan.to_batches(strings="plain"):
        found.append(batch)
        if len(found) == 4:
            then()
    return pa.Table.from_batches(found)


@contextmanager
def republished(sim, change):
    """Have the cube's metrics, by name, show what ``change`` makes of them, and its cache tell nothing of it."""
    cubes, of = sim._server.catalogue.cubes, sim.cubes[CUBE]
    before = cubes[of]
    sim._server._bounds.clear()

    def publish():
        metrics = [change(metric) for metric in before.metrics]
        cubes[of] = replace(before, metrics=tuple(metrics), extremes=None)
        sim._server._bounds.clear()
        sim.drop_instances()

    yield publish
    cubes[of] = before
    sim._server._bounds.clear()


def at_rows(values):
    """Change the units of some rows, by number in the server's own order."""

    def change(metric):
        if metric.name != "Units":
            return metric
        value = metric.value
        for row, new in values.items():
            value = pl.when(pl.col("row") == row).then(pl.lit(new)).otherwise(value)
        return replace(metric, value=value)

    return change


def test_what_the_caches_prove_is_said(any_sim, quick):
    seen = any_sim.settings.monitors_caches
    with scan_of(any_sim, quick) as scan:
        whole = scan.to_arrow(strings="plain")
        assert scan.stats.consistent == "one instance"
        with nullcontext() if seen else pytest.warns(errors.ConsistencyWarning, match="Cube: the rows come from"):
            found = batches_of(scan, then=any_sim.drop_instances)
        assert found.equals(whole)
        assert (scan.stats.restarts, scan.stats.consistent) == (1, "published once" if seen else "likely")
        proven = scan.with_options(consistency="proven")
        if seen:
            assert batches_of(proven, then=any_sim.drop_instances).equals(whole)
        else:
            with pytest.raises(
                errors.InstanceGone, match=r"not certain.*monitor the caches.*consistency=\"likely\""
            ):
                batches_of(proven, then=any_sim.drop_instances)


def test_what_is_shown_at_its_end_begins_again_rather_than_be_only_likely(any_sim, quick):
    with scan_of(any_sim, quick) as scan:
        any_sim.fail(Fault.instances_dropped().on("GET", "/instances/", skip=4))
        assert scan.to_arrow().num_rows == ROWS
        assert scan.stats.restarts == 1
        seen = any_sim.settings.monitors_caches
        assert scan.stats.consistent == ("published once" if seen else "one instance")


OTHER_DATA = {
    "another total": ({7: 4}, "the total of a metric was"),
    "another greatest value": (
        {7: 900, 8: -900},
        "the values of a metric went from 1 to 99, and go from -900 to 900 now",
    ),
}


@pytest.mark.parametrize("case", OTHER_DATA)
def test_other_data_of_the_same_length_are_told_whatever_the_overlap_says(blind, quick, case):
    values, said = OTHER_DATA[case]
    with (
        republished(blind, at_rows(values)) as publish,
        scan_of(blind, quick) as scan,
        pytest.raises(errors.DataChanged, match=said),
    ):
        batches_of(scan, then=publish)


def test_rows_that_changed_places_are_found_where_their_page_is_drawn(blind, quick):
    units = blind.truth(CUBE, columns=["Units"])["Units"].to_pylist()
    first = next(row for row in range(20) if units[row] != units[row + 20])
    swapped = {first: units[first + 20], first + 20: units[first]}
    with (
        republished(blind, at_rows(swapped)) as publish,
        scan_of(blind, quick) as scan,
        patch.object(recovery.random, "sample", lambda pages, k: pages[:k]),
        pytest.raises(errors.DataChanged, match="on are not those that were handed out"),
    ):
        batches_of(scan, then=publish)
    with (
        republished(blind, at_rows(swapped)) as publish,
        scan_of(blind, quick) as scan,
        patch.object(recovery.random, "sample", lambda pages, k: pages[-1:][:k]),
    ):
        with pytest.warns(errors.ConsistencyWarning):
            batches_of(scan, then=publish)
        assert scan.stats.consistent == "likely"


def test_two_publications_within_one_second_differ_by_their_jobs(sim_with_jobs, quick):
    sim, jobs = sim_with_jobs
    with scan_of(sim, quick) as scan:
        jobs[0] += 1
        with pytest.raises(errors.DataChanged, match="published by job 1, and again by job 2"):
            batches_of(scan, then=lambda: (jobs.__setitem__(0, 2), sim.drop_instances()))


@pytest.fixture
def sim_with_jobs():
    jobs = [0]
    with Simulator(rows=ROWS, **IDLE) as sim:

        def rewrite(body):
            return body.replace(b'"lastUpdateJob":1001', b'"lastUpdateJob":%d' % jobs[0])

        sim.fail(Fault.rewritten(rewrite).on("GET", "/monitors/caches/cubes$", times=None))
        yield sim, jobs


def test_grand_totals_that_are_refused_end_nothing(blind, quick):
    with scan_of(blind, quick) as scan:
        blind.fail(Fault.error(500).on("POST", "/instances$", skip=1))  # behind the one that tells the columns
        with pytest.warns(errors.ConsistencyWarning):
            assert batches_of(scan, then=blind.drop_instances).num_rows == ROWS


def test_only_a_read_in_a_total_order_of_several_pages_asks_for_more(any_sim, quick):
    with scan_of(any_sim, quick) as scan:
        asked = {}
        for name, each in {
            "plain": scan.with_options(total_order=False),
            "one page": scan.with_options(limits=ma.Limits(page_rows=ROWS)),
            "pages": scan,
        }.items():
            before = len(any_sim.requests)
            each.to_arrow()
            paths = [(request.method, request.path.rsplit("/", 1)[-1]) for request in any_sim.requests[before:]]
            asked[name] = (paths.count(("POST", "instances")), sum("monitors" in path for _, path in paths))
        assert asked["plain"] == (1, 0)
        assert asked["one page"] == (2, 0)  # that of the columns, and that of the rows
        assert asked["pages"][0] == 3  # and the grand totals


def test_what_is_known_tells_other_data_and_proves_the_same():
    once = Published((Cache("2026-01-01 00:00:00", "7", "10", "99"),))
    known = Known(Times("m", once), {"M": 1.0, "N": 5}, 10, {"M": (0.0, 1.0)})
    assert known.difference(known) is None
    assert known.proves(known)
    assert known.difference(replace(known, total=11)) == "it had 10 rows and has 11 now"
    assert known.difference(replace(known, totals={"M": 1.0 + 1e-12, "N": 5})) is None
    assert "total of a metric was 5, and is 6 now" in known.difference(replace(known, totals={"M": 1.0, "N": 6}))
    assert known.difference(replace(known, totals=None)) is None
    later = Published((Cache("2026-01-01 00:00:00", "8", "10", "99"),))
    assert (
        known.difference(replace(known, times=Times("m", later))) == "it was published by job 7, and again by job 8"
    )
    unknown = replace(known, times=Times("m", Published((Cache("2026-01-01 00:00:00"),))))
    assert unknown.difference(unknown) is None
    assert not unknown.proves(unknown)
    two = Published((*once.caches, Cache("2026-01-02 00:00:00", "8", "10", "99")))
    assert not replace(known, times=Times("m", two)).proves(replace(known, times=Times("m", two)))


def test_conditions_on_metrics_are_left_out_of_grand_totals():
    metric, element = {"operator": "Greater", "operands": [{"type": "metric"}]}, {"operator": "In", "operands": []}
    assert without_metrics(None) is None
    assert without_metrics(element) == element
    assert without_metrics(metric) is None
    assert without_metrics({"operator": "And", "operands": [metric, element]})["operands"] == [element]
    assert without_metrics({"operator": "Or", "operands": [metric, element]}) is None


def test_a_checksum_is_that_of_the_rows_in_their_order_whatever_dictionary_they_use():
    text = pa.array(["a", "b", None, "a"])
    batch = pa.record_batch({"t": text.dictionary_encode(), "n": [1, None, 3, 4], "d": [1.5, None, 0.0, -0.0]})
    other = pa.DictionaryArray.from_arrays(pa.array([2, 0, None, 2], pa.int32()), pa.array(["b", "x", "a"]))
    same = pa.record_batch({"t": other, "n": batch["n"], "d": batch["d"]})
    assert checksum(batch) == checksum(same)
    assert checksum(batch) != checksum(batch.take([1, 0, 2, 3]))
    assert checksum(batch) != checksum(batch.slice(1))
    assert checksum(batch.slice(1)) == checksum(same.slice(1))
    assert checksum(batch.slice(0, 0)) != checksum(batch)
