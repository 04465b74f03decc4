"""Answers to what is sent by PUT that cannot be read: the same once more is the same, so it is sent again."""

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator

INSTANCE, PROMPTS, CHUNK = r"/instances/\w+$", r"/prompts/answers$", r"/uploadSessions/\w+$"
DAMAGES = {
    "gzip": Fault.damaged(),
    "cut": Fault.cut_short(),
    "page": Fault.not_json(b"<html><body>Maintenance</body></html>"),
    "text": Fault.not_json(b'"maintenance"'),
    "object": Fault.not_json(b'{"a": 1}'),
    "nothing": Fault.empty(200),
    "accepted": Fault.not_json(b"{}", status=202),
}
ROWS = pl.DataFrame({"key": [f"k{n}" for n in range(50)], "n": range(50)})


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=20, publish_polls=0) as server:
        yield server


@pytest.fixture
def connection(sim, quick):
    with ma.connect(
        sim.url, username=sim.username, password=sim.password, project=sim.project, settings=quick
    ) as connection:
        yield connection
        sim.heal()


def puts(sim, path):
    return [request for request in sim.requests if request.method == "PUT" and path in request.path]


READS = {
    "condition": lambda connection: connection.report("Plain Report").filter(ma.col("Units") > 50),
    "sums": lambda connection: connection.report("Plain Report").aggregate("Region", "Revenue"),
    "subtotals": lambda connection: connection.report("Report With Subtotals"),
    "pages": lambda connection: connection.report("Paged").expand_pages(),
}


@pytest.fixture(scope="module")
def undamaged(sim):
    """What each read makes where nothing is wrong."""
    with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as connection:
        return {name: read(connection).to_polars().sort(pl.all()) for name, read in READS.items()}


QUICK = {(read, damage) for place, damage in enumerate(DAMAGES) for read in [list(READS)[place % len(READS)]]}


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("read", "damage"),
    [
        pytest.param(read, damage, marks=() if (read, damage) in QUICK else pytest.mark.slow)
        for read in READS
        for damage in DAMAGES
    ],
)
def test_a_change_of_an_instance_is_asked_for_again(sim, connection, undamaged, read, damage):
    before = len(puts(sim, "/instances/"))
    sim.fail(DAMAGES[damage].on("PUT", INSTANCE))
    assert READS[read](connection).to_polars().sort(pl.all()).equals(undamaged[read])
    assert len(puts(sim, "/instances/")) - before > 1


@pytest.mark.parametrize("damage", ["page", "object", "nothing"])
def test_a_change_that_nobody_confirms_ends_the_read(sim, connection, damage):
    before = len(puts(sim, "/instances/"))
    sim.fail(DAMAGES[damage].on("PUT", INSTANCE, times=None))
    with pytest.raises(errors.ProtocolError):
        READS["sums"](connection).to_polars()
    assert len(puts(sim, "/instances/")) - before == 3


@pytest.mark.one_in(3)
@pytest.mark.parametrize("lost", [*DAMAGES.values(), Fault.reset(), Fault.html(502), Fault.outwaited(504)])
def test_answers_to_prompts_are_sent_again_where_the_prompts_are_open(sim, connection, lost):
    due = connection.report("Prompted Twice").prompts(Year=2024).to_polars()
    sim.fail(lost.on("PUT", PROMPTS))
    assert connection.report("Prompted Twice").prompts(Year=2024).to_polars().equals(due)


def test_answers_that_never_arrive_end_the_read(sim, connection):
    before = len(puts(sim, "/prompts/"))
    sim.fail(DAMAGES["page"].on("PUT", PROMPTS, times=None))
    with pytest.raises(errors.ProtocolError, match="Maintenance"):
        connection.report("Prompted Twice").prompts(Year=2024).to_polars()
    assert len(puts(sim, "/prompts/")) - before == 3


@pytest.mark.parametrize("damage", ["gzip", "cut", "page"])
def test_a_chunk_is_sent_again(sim, connection, damage):
    sim.fail(DAMAGES[damage].on("PUT", CHUNK, skip=1))
    connection.write("Pushed", {"T": ROWS}, chunk_rows=30)
    assert sim.dataset("Pushed")["T"].num_rows == 50


@pytest.mark.parametrize("damage", ["text", "object"])
def test_a_chunk_of_which_an_answer_says_something_is_counted(sim, connection, damage):
    connection.write("Pushed", {"T": ROWS})
    sim.fail(DAMAGES[damage].on("PUT", CHUNK, skip=1))
    with pytest.raises(errors.DataMismatch, match="'T' has 30 rows after publishing, and should have 50"):
        connection.write("Pushed", {"T": ROWS}, chunk_rows=30)
    said = Fault.rewritten(lambda _: b'{"status": "received"}')
    sim.fail(said.on("PUT", CHUNK, times=None))
    assert connection.write("Pushed", {"T": ROWS}, chunk_rows=30).verified
