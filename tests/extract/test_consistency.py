"""An extraction that goes on over another instance says how certain it is that the data are the same."""

import json
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.extract import portion
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import IDLE

ROWS = 600
PAGES = ma.Limits(page_rows=100, concurrency=1)


@pytest.fixture(params=["caches", "no caches"])
def sim(request):
    settings = IDLE | {"encode_once": False}
    with Simulator(rows=ROWS, monitors_caches=request.param == "caches", **settings) as server:
        yield server


@contextmanager
def sales(sim, quick, **options):
    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection:
        yield connection.cube("Sales Cube", limits=PAGES, **options)


def begin(sim, quick, folder):
    """Extract a part of the cube; the instance that it was read from is gone then."""
    sim.fail(Fault.html(502).on("GET", "/instances/", skip=3, times=None))
    with sales(sim, quick) as cube, pytest.raises(errors.ServerError):
        cube.extract(folder, part_rows=100)
    sim.heal()
    sim.expire_sessions()


def swap_units(sim):
    """Publish the cube with the units of two rows of the first part exchanged; nothing else tells of it."""
    cubes, of = sim._server.catalogue.cubes, sim.cubes["Sales Cube"]
    cube = cubes[of]
    units = next(metric for metric in cube.metrics if metric.name == "Units")
    values = cube.rows(0, 50)[units.id]
    other = next(row for row in range(1, 50) if values[row] != values[0])
    row, value = pl.col("row"), units.value
    changed = pl.when(row == 0).then(values[other]).when(row == other).then(values[0]).otherwise(value)
    metrics = [replace(units, value=changed) if metric is units else metric for metric in cube.metrics]
    cubes[of] = replace(cube, metrics=tuple(metrics))


def test_the_result_and_the_manifest_say_how_certain_it_is(sim, quick, tmp_path):
    with sales(sim, quick) as cube:
        assert cube.extract(tmp_path / "whole").consistent == "one instance"
    begin(sim, quick, tmp_path / "sales")
    told = "published once" if sim.settings.monitors_caches else "likely"
    likely = pytest.warns(errors.ConsistencyWarning) if told == "likely" else nullcontext()
    with sales(sim, quick) as cube, likely:
        done = cube.extract(tmp_path / "sales")
    assert (done.consistent, done.rows, done.continued) == (told, ROWS, False)
    assert json.loads((tmp_path / "sales" / "_manifest.json").read_text())["consistent"] == told
    with sales(sim, quick) as cube:
        assert cube.extract(tmp_path / "sales").consistent == told  # it is skipped


def test_without_proof_an_extraction_that_wants_it_ends_or_restarts(sim, quick, tmp_path):
    begin(sim, quick, tmp_path / "sales")
    with sales(sim, quick, consistency="proven") as cube:
        if sim.settings.monitors_caches:
            assert cube.extract(tmp_path / "sales").consistent == "published once"
            return
        with pytest.raises(errors.DataChanged, match="likely, but not certain"):
            cube.extract(tmp_path / "sales")
        done = cube.extract(tmp_path / "sales", on_change="restart")
    assert (done.restarted, done.consistent) == (True, "one instance")


def test_rows_that_changed_places_are_found_where_they_are_drawn(quick, tmp_path, monkeypatch):
    with Simulator(rows=ROWS, monitors_caches=False, **IDLE | {"encode_once": False}) as sim:
        begin(sim, quick, tmp_path / "sales")
        swap_units(sim)
        monkeypatch.setattr(portion.random, "sample", lambda parts, k: parts[:k])
        with sales(sim, quick) as cube, pytest.raises(errors.DataChanged, match="row 0 on are not those"):
            cube.extract(tmp_path / "sales")


@pytest.mark.parametrize(
    "fault",
    [
        Fault.cut_short(),
        pytest.param(Fault.damaged(), marks=pytest.mark.slow),
        Fault.other_page(20),
        *(
            pytest.param(fault, marks=pytest.mark.slow)
            for fault in (Fault.lying_page(total=1), Fault.lying_page(current=1), Fault.long_page(5))
        ),
    ],
)
def test_a_damaged_or_contradictory_page_of_a_comparison_is_asked_for_again(quick, tmp_path, fault):
    with Simulator(rows=ROWS, monitors_caches=False, **IDLE | {"encode_once": False}) as sim:
        begin(sim, quick, tmp_path / "sales")
        before = len(sim.requests)
        sim.fail(fault.on("GET", r"/instances/\w+$"))
        with sales(sim, quick) as cube, pytest.warns(errors.ConsistencyWarning):
            done = cube.extract(tmp_path / "sales", on_change="restart")
        assert (done.rows, done.restarted) == (ROWS, False)
        asked = [each for each in sim.requests[before:] if each.method == "GET" and "/instances/" in each.path]
        pages = [(each.query["offset"], each.query["limit"]) for each in asked]
        assert pages[0] == pages[1]  # once more
        assert len(pages) == len(set(pages)) + 1


def test_another_user_does_not_go_on_with_these_parts(quick, tmp_path):
    with Simulator(rows=ROWS, **IDLE) as sim:
        begin(sim, quick, tmp_path / "sales")
        sim.fail(
            Fault.rewritten(lambda body: body.replace(b'"id":"', b'"id":"F')).on("GET", "/userInfo$", times=None)
        )
        with sales(sim, quick) as cube:
            with pytest.raises(errors.UsageError, match=r"by a user who may see other rows.*resume=False"):
                cube.extract(tmp_path / "sales")
            assert cube.extract(tmp_path / "sales", resume=False).rows == ROWS
