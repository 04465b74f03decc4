"""The kinds of work of a sweep, each against the simulator, request by request."""

import pyarrow.compute as pc
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.simulator import Simulator
from mstr_arrow.throughput.uploads import rows_of

FEW = {"concurrency": [1, 2], "requests": 6, "repeats": 1}

SENT = {
    "pages": ("GET", "/instances/"),
    "instances": ("POST", "/instances"),
    "elements": ("GET", "/elements"),
    "uploads": ("PUT", "/uploadSessions/"),
}


@pytest.fixture(scope="module")
def packing():
    """A server that packs its answers, as real ones do."""
    with Simulator(rows=2_000, encode_once=True) as server:
        yield server


@pytest.fixture
def open_connection(packing):
    with ma.connect(
        packing.url, username=packing.username, password=packing.password, project=packing.project
    ) as opened:
        yield opened


def sent(server, since, work):
    """Give the requests of a kind of work that the server has answered."""
    method, path = SENT[work]
    return [each for each in server.requests[since:] if each.method == method and path in each.path]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("work", SENT)
def test_requests_rows_and_bytes_are_those_that_the_server_counts(packing, open_connection, work):
    before, chunks = len(packing.requests), len(packing.chunks_received)
    found = ma.throughput.sweep(open_connection, "Sales Cube", works=[work], page_rows=[300], **FEW)
    counted = sent(packing, before, work)
    if work == "elements":  # of each attribute they are counted beforehand
        counted = [each for each in counted if each.query["limit"] != "1"]
    if work == "instances":  # one is made beforehand, of a row
        counted = [each for each in counted if each.query["limit"] == "300"]
    if work == "uploads":  # a chunk of a row is tried beforehand
        counted = [each for each in counted if each.size > 1_000]
    requests = found.requests
    assert found.ended is None
    assert requests["error"].null_count == requests.num_rows == len(counted) == 18
    assert requests["retries"].to_pylist() == [0] * 18
    if work == "uploads":
        assert pc.sum(requests["wire_bytes"]).as_py() == sum(each.size for each in counted)
        assert pc.sum(requests["rows"]).as_py() == 300 * len(
            [rows for *_, rows, _ in packing.chunks_received[chunks:] if rows == 300]
        )
    else:
        assert pc.sum(requests["wire_bytes"]).as_py() == sum(each.wire_bytes for each in counted)
        assert pc.sum(requests["text_bytes"]).as_py() == sum(each.answer_bytes for each in counted)
    if work in {"pages", "instances"}:
        assert pc.sum(requests["rows"]).as_py() == sum(each.answer_rows for each in counted)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("work", SENT)
def test_nothing_is_left_on_the_server(packing, open_connection, work):
    before = set(packing.cubes)
    ma.throughput.sweep(open_connection, "Sales Cube", works=[work], page_rows=[300], sessions=2, **FEW)
    assert packing.open_sessions == 1
    assert packing.uploads_open == 0
    assert set(packing.cubes) == before


def test_the_moments_of_a_request_follow_each_other(open_connection):
    requests = ma.throughput.sweep(open_connection, "Sales Cube", page_rows=[300], **FEW).requests
    moments = ("due", "queued", "sent", "connected", "first_byte", "last_byte")
    for row in requests.select(moments).to_pylist():
        assert list(row.values()) == sorted(row.values())


def test_a_report_is_measured_as_a_cube_is(open_connection):
    found = ma.throughput.sweep(
        open_connection, "Plain Report", works=["pages", "instances"], page_rows=[100], **FEW
    )
    assert found.requests["error"].null_count == found.requests.num_rows == 36
    assert pc.min(found.requests["rows"]).as_py() > 0


def test_answers_to_prompts_are_given_as_to_a_read(open_connection):
    report = open_connection.report("Prompted Nested").prompts(
        {"Category": "Music", "Items": ["Cello", "Drum"], "Least Units": 20}
    )
    found = ma.throughput.sweep(open_connection, report, page_rows=[10], **FEW)
    assert found.loads[0].name == "Prompted Nested"
    assert found.requests["error"].null_count == found.requests.num_rows
    with pytest.raises(UsageError, match="takes several requests"):
        ma.throughput.sweep(open_connection, report, works=["instances"], **FEW)


def test_a_report_that_asks_is_told_before_anything_is_measured(packing, open_connection):
    with pytest.raises(ma.errors.PromptsOpen):
        ma.throughput.sweep(open_connection, "Prompted Nested", **FEW)
    assert packing.open_sessions == 1


def test_a_part_of_an_object_is_refused(open_connection):
    cube = open_connection.cube("Sales Cube")
    with pytest.raises(UsageError, match="as a whole"):
        ma.throughput.sweep(open_connection, cube.filter(ma.col("Units") > 3), **FEW)
    with pytest.raises(UsageError, match="an object"):
        ma.throughput.sweep(open_connection, 7, **FEW)


def test_near_names_are_told_before_anything_is_measured(packing, open_connection):
    before = packing.instances_created
    with pytest.raises(NotFound, match="Did you mean 'Sales Cube'"):
        ma.throughput.sweep(open_connection, "Sales Cube", "Sale Cube", **FEW)
    assert packing.instances_created == before
    assert packing.open_sessions == 1


def test_made_up_rows_follow_from_their_seed():
    assert rows_of(50, seed=1).equals(rows_of(50, seed=1))
    assert not rows_of(50, seed=1).equals(rows_of(50, seed=2))


def test_a_server_that_takes_no_columns_is_sent_rows(quick):
    with Simulator(rows=100, column_orientation=False) as server:
        with ma.connect(server.url, username=server.username, password=server.password, settings=quick) as opened:
            found = ma.throughput.sweep(opened, "Sales Cube", works=["uploads"], page_rows=[20], **FEW)
        assert found.requests["error"].null_count == found.requests.num_rows == 18
        assert server.uploads_open == 0


def test_what_has_no_rows_or_no_attributes_is_refused(open_connection):
    with pytest.raises(UsageError, match="has no rows"):
        ma.throughput.sweep(open_connection, "Empty Report", **FEW)
