"""All pages of a report, some instances of which are gone in the middle: complete and right, or an error."""

import random
import re
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator
from tests.support.slow import thinned

SMALL = ma.Limits(page_rows=7)
NARROW = ma.Limits(concurrency=3, buffer_bytes=10_000)  # few pages ahead, so that many are left
GONE = Fault.error(404, "ERR004", iserver_code=-2147468986)
SIZE = 6
MONTH = "2023-02"


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=100, working_set=SIZE, report_seconds=0.0, gzip=False) as server:
        yield server


@pytest.fixture
def connection(sim, quick):
    """A connection whose session is gone afterwards.."""
    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as opened:
        yield opened
    sim.heal()
    assert sim.open_sessions == 0


def truth(sim, name, schema):
    return pa.table(sim.truth(name)).cast(pa.schema([pa.field(each.name, each.type) for each in schema]))


def interrupted(scan, interruptions):
    """Read a scan batch by batch, with something done after so many batches."""
    found = []
    for batch in scan.to_batches(strings="plain"):
        found.append(batch)
        interruptions.get(len(found), lambda: None)()
    return pa.Table.from_batches(found)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("Paged By Three", "drop_instances"),
        ("Paged Cross-tab", "expire_sessions"),
        pytest.param("Paged By Three", "expire_sessions", marks=pytest.mark.slow),
        pytest.param("Paged Cross-tab", "drop_instances", marks=pytest.mark.slow),
    ],
)
def test_pages_not_handed_out_yet_are_shown_by_other_instances(connection, sim, name, what):
    every = connection.report(name, limits=NARROW).expand_pages()
    log_ins = sum(each.path.endswith("auth/login") for each in sim.requests)
    found = interrupted(every, {1: getattr(sim, what), 3: getattr(sim, what)})
    assert found.equals(truth(sim, name, found.schema))
    assert 2 <= every.stats.restarts <= 2 * SIZE
    assert (every.stats.rows, every.stats.result_rows) == (every.stats.total_rows, found.num_rows)
    new = sum(each.path.endswith("auth/login") for each in sim.requests) - log_ins
    assert new == (2 if what == "expire_sessions" else 0)
    assert all(counts.missed == 0 for counts in sim.instances)  # none pushed out another that was in use


def test_a_page_of_which_rows_were_handed_out_ends_with_the_ways_out(connection, sim):
    every = connection.report("Paged", limits=ma.Limits(page_rows=3, concurrency=1, buffer_bytes=1)).expand_pages()
    with pytest.raises(errors.InstanceGone, match=r"files begin again by themselves.*page_by\(\)"):
        interrupted(every, {1: sim.drop_instances})


@pytest.mark.parametrize("ordered", thinned([True, False], {True}))
def test_a_table_of_all_pages_begins_again(connection, sim, ordered):
    every = connection.report("Paged", limits=SMALL, ordered=ordered).expand_pages()
    expected = every.to_polars()
    sim.fail(GONE.on("GET", r"/instances/[^/]+$", skip=2, times=2))
    assert every.to_polars().sort(pl.all()).equals(expected.sort(pl.all()))
    assert every.stats.result_rows == len(expected)
    in_order = every.sort("Units").to_polars()
    sim.fail(GONE.on("GET", r"/instances/[^/]+$", skip=2))
    assert every.sort("Units").to_polars()["Units"].equals(in_order["Units"])


def test_instances_that_die_again_and_again_end_the_read(connection, sim):
    every = connection.report("Paged", limits=SMALL).expand_pages()
    assert every.schema.names
    made = sim.instances_created
    sim.fail(GONE.on("GET", r"/instances/[^/]+$", times=None))
    with pytest.raises(errors.InstanceGone):
        every.to_arrow()
    assert sim.instances_created - made < 60


def test_an_instance_that_dies_while_its_pages_are_listed_is_made_again(connection, sim):
    sim.fail(GONE.on("GET", "pageBy/elements", times=2))
    every = connection.report("Paged").expand_pages()
    assert every.to_arrow(strings="plain").num_rows == sim.truth("Paged").num_rows
    sim.fail(GONE.on("GET", "pageBy/elements", times=None))
    with pytest.raises(errors.InstanceGone):
        assert connection.report("Paged").expand_pages().schema


def of_another(member):
    return Fault.rewritten(
        lambda body: re.sub(rb'"%b":"\w+"' % member, b'"%b":"%b"' % (member, b"F" * 32), body, count=1)
    )


SHOWS, READS = ("PUT", "/instances/"), ("GET", r"/instances/\w+$")


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("fault", "aim"),
    [
        (Fault.lying_page(current=1), SHOWS),
        (of_another(b"instanceId"), READS),
        pytest.param(Fault.lying_page(current=1), READS, marks=pytest.mark.slow),
        pytest.param(of_another(b"instanceId"), SHOWS, marks=pytest.mark.slow),
        *(pytest.param(Fault.lying_page(offset=1), aim, marks=pytest.mark.slow) for aim in (SHOWS, READS)),
    ],
)
def test_a_page_that_contradicts_itself_is_asked_for_again(connection, sim, fault, aim):
    sim.fail(fault.on(*aim, skip=1))
    every = connection.report("Paged By Three", limits=NARROW).expand_pages()
    found = every.to_arrow(strings="plain")
    assert found.equals(truth(sim, "Paged By Three", found.schema))


def test_another_list_of_pages_is_believed_when_it_is_told_twice(connection, sim):
    every = connection.report("Paged By Three", limits=NARROW).expand_pages()

    def gone():
        sim.fail(of_another(b"id").on("GET", r"/pageBy$"))
        sim.drop_instances()

    found = interrupted(every, {1: gone})
    assert found.equals(truth(sim, "Paged By Three", found.schema))


def test_other_pages_than_before_are_told(connection, sim):
    every = connection.report("Paged By Three", limits=NARROW).expand_pages()
    batches = every.to_batches()
    next(batches)
    reports = sim._server.catalogue.reports
    of = sim.reports["Paged By Three"]
    before = reports[of]
    some = pl.Series(range(0, before.rows.count, 7))
    reports[of] = replace(before, rows=replace(before.rows, order=some))
    try:
        sim.drop_instances()
        with pytest.raises(errors.DataChanged, match=r"its pages are others.*Read it again from the start"):
            list(batches)
        sim.drop_instances()
        again = every.to_arrow(strings="plain")  # from the start, so that it is no matter
        assert again.equals(truth(sim, "Paged By Three", again.schema))
    finally:
        reports[of] = before


@pytest.mark.parametrize("seed", thinned(range(8), {0}))
def test_ends_of_instances_and_sessions_at_random_moments_lose_no_row(connection, sim, seed):
    chance = random.Random(seed)
    month = connection.report("Paged Many", limits=ma.Limits(concurrency=4, buffer_bytes=15_000)).page_by(
        Month=MONTH
    )
    every = month.expand_pages()
    sim.fail(Fault.instances_dropped().on("", "/instances/", skip=chance.randrange(60)))
    sim.fail(Fault.logged_out().on("", "/instances/", skip=chance.randrange(60)))
    sim.fail(Fault.instances_dropped().on("PUT", "/instances/", skip=chance.randrange(40)))
    moments = sorted(chance.sample(range(1, 45), 3))
    ends = (sim.drop_instances, sim.expire_sessions, sim.drop_instances)
    found = interrupted(every, dict(zip(moments, ends, strict=True)))
    assert found.equals(of_month(sim, found.schema))
    assert 1 <= every.stats.restarts <= 6 * SIZE
    assert all(counts.missed == 0 for counts in sim.instances)


@pytest.mark.parametrize("seed", thinned(range(4), {0}))
def test_a_table_survives_ends_within_pages_of_the_report(connection, sim, seed):
    chance = random.Random(seed)
    month = connection.report("Paged Many", limits=ma.Limits(page_rows=2, concurrency=4)).page_by(Month=MONTH)
    sim.fail(Fault.instances_dropped().on("GET", r"/instances/[^/]+$", skip=chance.randrange(25)))
    sim.fail(Fault.logged_out().on("", "/instances/", skip=chance.randrange(90)))
    table = month.expand_pages().to_arrow(strings="plain")
    assert table.equals(of_month(sim, table.schema))


def test_more_instances_are_used_when_more_requests_may_be_in_flight(connection, sim):
    month = connection.report("Paged Many", limits=ma.Limits(polite=True, buffer_bytes=15_000)).page_by(Month=MONTH)
    every = month.expand_pages()
    made = sim.instances_created
    found = interrupted(every, {3: lambda: setattr(every._last._context.budget.limiter, "limit", 3)})
    assert found.equals(of_month(sim, found.schema))
    assert sim.instances_created - made == 3  # one to begin with


def test_places_in_use_count_in_the_next_session(connection, sim):
    month = connection.report("Paged Many", limits=ma.Limits(buffer_bytes=15_000)).page_by(Month=MONTH)
    every = month.expand_pages()
    found = interrupted(every, {5: sim.expire_sessions})
    assert found.equals(of_month(sim, found.schema))
    assert every.stats.restarts == 3  # as many instances as there is room for
    last = sim.instances[-1]
    assert (last.most, last.evicted) == (3, 0)


def test_the_deadline_ends_a_read_of_all_pages(connection, sim):
    every = connection.report("Paged", limits=SMALL, deadline=0.5).expand_pages()
    assert every.schema.names  # before the time begins
    sim.fail(Fault.slow(5).on("PUT", "/instances/", times=None))
    with pytest.raises(errors.TimeoutExceeded, match=r"within 0\.5 s.*deadline"):
        every.to_arrow()


def of_month(sim, schema):
    every = truth(sim, "Paged Many", schema)
    return every.filter(pc.equal(every["Month"], MONTH)).combine_chunks()
