"""Whatever the server does wrong is one typed error that says what to do."""

import re

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=120, gzip=False) as server:
        yield server


@pytest.fixture(scope="module")
def packed():
    with Simulator(rows=120, gzip=True) as server:
        yield server


@pytest.fixture(autouse=True)
def healed(sim, packed):
    """Whatever happened, no session is left."""
    yield
    for server in (sim, packed):
        server.heal()
        assert server.open_sessions == 0


def read(server, settings, cube="Sales Cube", way="to_arrow", **login):
    options = {"username": server.username, "password": server.password, "project": server.project} | login
    url = options.pop("url", server.url)
    with ma.connect(url, settings=settings, **options) as connection:
        scan = connection.cube(cube, limits=ma.Limits(page_rows=20, concurrency=2))
        return list(scan) if way == "batches" else getattr(scan, way)()


# What a person gets wrong


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"url": "http://127.0.0.1:9/MicroStrategyLibrary"}, errors.ConnectError, "whether the server runs"),
        ({"url": "ftp://127.0.0.1/MicroStrategyLibrary"}, errors.UsageError, "http"),
        ({"password": "wrong"}, errors.LoginError, "Check user name, password"),
        ({"username": "nobody"}, errors.LoginError, "Check user name, password"),
        ({"project": "Simulated Retial"}, errors.NotFound, "Did you mean 'Simulated Retail'"),
        ({"project": "0" * 32}, errors.NotFound, "'Simulated Retail'"),
        ({"cube": "Sales Cub"}, errors.NotFound, "Did you mean 'Sales Cube'"),
        ({"cube": "0" * 32}, errors.NotFound, "Check the id"),
        ({"cube": "Twice"}, errors.UsageError, "Give the id or the path"),
        ({"cube": "Not Published"}, errors.NotPublished, "Publish the cube"),
    ],
)
def test_what_is_wrong_is_told_with_the_way_out(sim, quick, wrong, error, said):
    with pytest.raises(error, match=re.escape(said)) as caught:
        read(sim, quick, **wrong)
    assert type(caught.value) is error
    assert str(caught.value).startswith(error.__name__)
    assert sim.password not in str(caught.value).replace("'demo'", "")


def test_a_wrong_path_of_the_library_is_told(sim, quick):
    with pytest.raises(errors.MstrError, match="Check the base URL"):
        read(sim, quick, url=sim.url.replace("MicroStrategyLibrary", "Library"))


# What the server gets wrong

AGAIN = {"times": None}
FAULTS = {
    "truncated": (Fault.truncated(), AGAIN, errors.ConnectError, "ended early"),
    "cut short": (Fault.cut_short(), {}, errors.ProtocolError, "JSON"),
    "not JSON": (Fault.not_json(), {}, errors.ProtocolError, "JSON"),
    "empty": (Fault.not_json(b""), {}, errors.ProtocolError, "JSON"),
    "another JSON": (Fault.not_json(b'{"a": 1}'), {}, errors.ProtocolError, "without data"),
    "a JSON list": (Fault.not_json(b"[1, 2]"), {}, errors.ProtocolError, "no page of data"),
    "HTML": (Fault.html(200), {}, errors.ProtocolError, "(?i)html|web page"),
    "an HTML error": (Fault.html(502), AGAIN, errors.ServerError, "gateway"),
    "a redirect": (Fault.redirect("https://sso.example.com/login"), {}, errors.ProtocolError, "log-in page"),
    "a session that ended": (Fault.logged_out(), {"times": None}, errors.InstanceGone, "Start again"),
    "a row limit": (
        Fault.error(500, iserver_code=-2147205488, message="32000 rows"),
        {},
        errors.LimitExceeded,
        "Ask for fewer rows",
    ),
    "busy": (Fault.busy(retry_after=0.01), AGAIN, errors.ServerBusy, "later"),
    "reset": (Fault.reset(), AGAIN, errors.ConnectError, "connection broke"),
    "lying count": (Fault.lying_page(current=5), {}, errors.DataMismatch, "says it has 25 rows but brings 20"),
    "wrong offset": (Fault.lying_page(offset=20), {}, errors.DataMismatch, "came with offset"),
    "another total": (Fault.lying_page(total=-1), {}, errors.DataMismatch, "says the result has 119 rows"),
    "an empty page": (Fault.short_page(0), {}, errors.DataMismatch, "is empty"),
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("fault", "way"), [*((fault, "to_arrow") for fault in FAULTS), ("HTML", "batches"), ("wrong offset", "batches")]
)
def test_a_bad_page_is_a_typed_error_with_a_way_out(sim, quick, fault, way):
    effect, aim, error, said = FAULTS[fault]
    if error in {errors.ProtocolError, errors.DataMismatch}:
        aim = AGAIN | aim  # such a page is asked for once more
    sim.fail(effect.on("GET", "/instances/", skip=2, **aim))
    with pytest.raises(error, match=said) as caught:
        read(sim, quick, way=way)
    assert type(caught.value) is error
    assert caught.value.hint


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    "fault", [name for name in FAULTS if name not in {"wrong offset", "another total", "a session that ended"}]
)
def test_a_bad_first_page_is_a_typed_error(sim, quick, fault):
    effect, aim, error, _ = FAULTS[fault]
    aim = AGAIN | aim if error is errors.ProtocolError else aim  # an instance is made again
    sim.fail(effect.on("POST", "/instances", **aim))
    if error is errors.DataMismatch:  # the page is asked for once more
        sim.fail(effect.on("GET", "/instances/", **AGAIN))
    with pytest.raises(error):
        read(sim, quick)
    assert sum(request.method == "POST" for request in sim.requests if "/instances" in request.path) >= 1


def test_a_first_page_of_an_empty_result_that_brings_rows_is_refused(sim, quick):
    sim.fail(Fault.lying_page(total=-120).on(None, "/instances", times=3))
    with pytest.raises(errors.DataMismatch, match="has 20 rows where at most 0 were due"):
        read(sim, quick)


def test_a_total_that_changed_since_the_schema_was_read_is_told(sim, quick):
    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection:
        cube = connection.cube("Sales Cube")
        assert cube.count_rows() == 120
        sim.fail(Fault.lying_page(total=7).on("GET", "/instances/", times=3))  # it is asked for again
        with pytest.raises(errors.DataMismatch, match="had 120 rows when its schema was read and has 127 now"):
            cube.to_arrow()
        assert cube.to_arrow().num_rows == 120


def test_a_first_page_that_tells_another_total_than_the_schema_is_asked_for_again(sim, quick):
    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection:
        cube = connection.cube("Sales Cube")
        assert cube.count_rows() == 120
        sim.fail(Fault.lying_page(total=7).on("GET", "/instances/", times=2))
        assert cube.to_arrow().num_rows == 120
        assert cube.stats.restarts == 0


def test_an_instance_that_dies_on_the_way_is_told(sim, quick):
    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection:
        batches = connection.cube("Sales Cube", limits=ma.Limits(page_rows=20, concurrency=1)).to_batches()
        next(batches)
        sim.drop_instances()
        with pytest.raises(errors.InstanceGone, match="run the read again"):
            list(batches)


@pytest.mark.parametrize("fault", [Fault.cut_short(), Fault.truncated()])
def test_a_packed_page_that_ends_early_is_told(packed, quick, fault):
    packed.fail(fault.on("GET", "/instances/", skip=2, times=None))
    with pytest.raises(errors.TransportError, match=r"ends early|ended early"):
        read(packed, quick)


def test_short_pages_lose_nothing(sim, quick):
    for rows in (7, 1, 13):
        sim.fail(Fault.short_page(rows).on("GET", "/instances/", skip=rows % 3))
    orders = read(sim, quick)["Order"]
    assert orders.to_pylist() == sim.truth("Sales Cube")["Order"].to_pylist()


@pytest.mark.one_in(2)
@pytest.mark.parametrize("fault", [Fault.busy(retry_after=0), Fault.reset(), Fault.truncated(), Fault.html(502)])
def test_what_passes_is_tried_again(sim, quick, fault):
    sim.fail(fault.on("GET", "/instances/", skip=1))
    assert read(sim, quick).num_rows == 120


# Types that do not fit


def test_a_value_that_does_not_fit_names_column_row_and_way_out(sim, quick):
    import pyarrow as pa

    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection:
        small = ma.Limits(page_rows=20, concurrency=2)
        truth = sim.truth("Sales Cube")["Revenue"].to_pylist()
        first = next(row for row, value in enumerate(truth) if value != int(value))
        with pytest.raises(errors.ConversionError, match=r"'Revenue'.*types=") as caught:
            connection.cube("Sales Cube", types={"Revenue": pa.int64()}, limits=small).to_arrow()
        assert caught.value.column == "Revenue"
        assert caught.value.row is not None
        assert caught.value.row >= first
        cube = connection.cube("Sales Cube", types={"Revenue": pa.decimal128(18, 2)}, limits=small)
        assert cube.schema.field("Revenue").type == pa.decimal128(18, 2)
        assert [float(value) for value in cube.to_arrow()["Revenue"].to_pylist()] == truth
        texts = cube.with_options(types={"Revenue": pa.string()})
        assert texts.name == "Sales Cube"
        assert texts.schema.field("Revenue").type == pa.dictionary(pa.int32(), pa.string())
        assert cube.schema.field("Revenue").type == pa.decimal128(18, 2)


def test_types_of_a_column_that_is_not_there_name_near_ones(sim, quick):
    import pyarrow as pa

    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection:
        with pytest.raises(errors.UsageError, match="Did you mean 'Revenue'"):
            connection.cube("Sales Cube", types={"Revenu": pa.int64()}).to_arrow()
        with pytest.raises(errors.UsageError, match=r"type of 'Revenue' is given as 'string'.*pyarrow\.string\(\)"):
            connection.cube("Sales Cube").with_options(types={"Revenue": "string"})
        with pytest.raises(errors.UsageError, match=r"types='Revenue' names no columns"):
            connection.cube("Sales Cube", types="Revenue")
        with pytest.raises(errors.UsageError, match="'dictionary' or 'plain'"):
            connection.cube("Sales Cube").to_arrow(strings="dict")


@pytest.mark.parametrize(
    "limit", ["page_bytes", "page_rows", "first_page_rows", "concurrency", "buffer_bytes", "decode_threads"]
)
def test_a_limit_below_one_is_told_before_anything_is_sent(sim, quick, limit):
    with ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick) as connection:
        cube = connection.cube("One Row")
        before = len(sim.requests)
        with pytest.raises(errors.UsageError, match=rf"Limits\.{limit} is 0"):
            cube.with_options(limits=ma.Limits(**{limit: 0}))
        with pytest.raises(errors.UsageError, match=rf"Limits\.{limit} is -1"):
            connection.cube("One Row", limits=ma.Limits(**{limit: -1}))
        assert [request for request in sim.requests[before:] if "sessions" not in request.path] == []
