"""Pages that name another instance or object than they were asked of, and those that name it otherwise."""

import orjson
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import connect_to
from tests.support.slow import thinned

OTHER = "F" * 32
WAYS = {
    "schema": lambda scan: scan.schema.names,
    "rows": lambda scan: scan.to_arrow().num_rows,
    "total order": lambda scan: scan.with_options(total_order=True).to_arrow().num_rows,
    "grid": lambda scan: scan.with_options(layout="grid").to_arrow().num_rows,
}


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=200) as server:
        yield server


@pytest.fixture
def connection(sim, quick):
    with connect_to(sim, settings=quick) as opened:
        yield opened
    sim.heal()


def renamed(name, change):
    """Have a page name something else."""

    def rewrite(body):
        page = orjson.loads(body)
        if name in page:
            page[name] = change(page[name])
        return orjson.dumps(page)

    return Fault.rewritten(rewrite)


def scans(connection):
    limits = ma.Limits(page_rows=70, first_page_rows=70)
    return connection.cube("Sales Cube", limits=limits), connection.report("Plain Report", limits=limits)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("kind", "way"),
    [(kind, way) for kind in ("cube", "report") for way in WAYS if way != "total order" or kind == "cube"],
)
@pytest.mark.parametrize("name", thinned(["id", "instanceId"], {"instanceId"}))
def test_a_page_of_something_else_is_asked_for_once_more(sim, connection, kind, name, way):
    scan = scans(connection)[kind == "report"]
    right = WAYS[way](scan)
    sim.fail(renamed(name, lambda _: OTHER).on("GET", "/instances/[^/]+$"))
    assert WAYS[way](scan) == right


@pytest.mark.parametrize(("name", "what"), [("id", "cube"), ("instanceId", "instance")])
def test_one_that_stays_is_refused(sim, connection, name, what):
    sim.fail(renamed(name, lambda _: OTHER).on("GET", "/instances/[^/]+$", times=None))
    with pytest.raises(errors.DataMismatch, match=f"of the {what} .?{OTHER}.?, not of"):
        scans(connection)[0].to_arrow()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", ["id", "instanceId"])
@pytest.mark.parametrize("change", [str.lower, str.upper, lambda _: None, lambda _: ""])
def test_case_does_not_count_and_nothing_need_be_named(sim, connection, name, change):
    sim.fail(renamed(name, change).on("GET", "/instances/[^/]+$", times=None))
    assert scans(connection)[0].to_arrow().num_rows == 200


def test_the_instance_may_be_called_id(sim, connection):
    def rewrite(body):
        page = orjson.loads(body)
        return orjson.dumps({**page, "id": page["instanceId"]})

    sim.fail(Fault.rewritten(rewrite).on(None, "/instances", times=None))
    assert scans(connection)[0].to_arrow().num_rows == 200
