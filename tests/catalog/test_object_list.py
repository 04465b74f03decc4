"""The catalogue: all that can be read or looked at, in pages side by side, with what is known of its data."""

import asyncio

import pyarrow as pa
import pytest
from aiohttp import web

import mstr_arrow as ma
from mstr_arrow.catalog import details
from mstr_arrow.errors import DataLossWarning, PermissionDenied, ProtocolError, ServerError, UsageError
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import connect_to

COUNT = 3_500


@pytest.fixture(scope="module")
def full():
    """A server with a few thousand objects."""
    with Simulator(rows=50, further_objects=COUNT) as server:
        yield server


@pytest.fixture
def conn(full):
    with connect_to(full) as connection:
        yield connection


def items(*numbers):
    return [
        {"id": f"{number:032X}", "name": f"Object {number}", "type": 3, "subtype": 776, "certifiedInfo": None}
        for number in numbers
    ]


def serves(library, answer):
    """Have a Library answer searches by a function of offset and limit; return the offsets that were asked for."""
    asked = []

    async def search(request):
        asked.append(int(request.query["offset"]))
        body, headers = answer(asked[-1], int(request.query["limit"]), len(asked))
        return web.json_response(body, headers=headers)

    library.on("GET", "/api/searches/results", search)
    return asked


def test_every_object_is_listed_once_and_by_name(full, conn):
    seen = []
    found = conn.objects("object*", on_progress=seen.append)
    names = found.table()["name"].to_pylist()
    assert names == [f"Object {number:06}" for number in range(COUNT)]
    assert [found[0].name, found[-1].name, len(found[10:20])] == [names[0], names[-1], 10]
    assert [each.name for each in found[::1_000]] == names[::1_000]
    assert [each.name for each in found] == names
    assert (seen[-1].objects, seen[-1].project) == (seen[-1].total, full.project)


@pytest.mark.parametrize("kind", ["cube", "report", "data model", "dashboard"])
def test_a_kind_is_listed_alone(conn, kind):
    assert set(conn.objects(kind=kind).table()["type"].to_pylist()) == {kind}


def test_the_metadata_have_the_same(conn):
    assert conn.objects("object*", complete=True).table().equals(conn.objects("object*").table())


def test_all_projects_are_named(full, conn):
    found = conn.objects("sales*", projects="all")
    assert {each.project for each in found} == {full.project}
    assert found.table().schema.names[0] == "project"
    assert conn.objects("sales*", projects=full.project).table().equals(found.table())


@pytest.mark.parametrize("member", ["extType", "viewMedia"])
def test_a_number_that_no_column_holds_is_refused(library, retail, member):
    body = [items(1)[0] | {member: 2**80}]
    serves(library, lambda *_: ({"result": body, "totalItems": 1}, {}))
    with pytest.raises(ProtocolError, match=r"of an object that is no int"):
        retail.objects()


@pytest.mark.parametrize("where", ["body", "header", "nowhere"])
def test_a_total_may_stand_in_the_body_the_header_or_nowhere(library, retail, where):
    def answer(offset, limit, _):
        part = items(*range(2_500))[offset : offset + limit]
        header = {"x-mstr-total-count": "2500"} if where == "header" else {}
        return ({"result": part, "totalItems": 2_500} if where == "body" else part), header

    serves(library, answer)
    assert len(retail.objects()) == 2_500


def test_pages_that_are_shorter_than_asked_for_leave_nothing_out(library, retail):
    asked = serves(
        library, lambda at, limit, _: ({"totalItems": 7, "result": items(*range(7))[at : at + min(2, limit)]}, {})
    )
    assert len(retail.objects()) == 7
    assert sorted(asked) == [0, 2, 4, 6]


def test_objects_that_move_between_pages_are_asked_for_again(library, retail):
    def answer(at, _limit, times):
        shown = items(0, 1, 1, 2) if times <= 2 else items(0, 1, 2, 3)  # one came in before the second page
        return {"totalItems": 4, "result": shown[at : at + 2]}, {}

    asked = serves(library, answer)
    assert [each.name for each in retail.objects()] == [f"Object {number}" for number in range(4)]
    assert asked == [0, 2, 4, 0, 2, 4]  # the last page is full: there may be more than are counted


def test_objects_that_are_counted_and_never_listed_are_told(library, retail):
    serves(library, lambda at, limit, _: ({"totalItems": 5, "result": items(0, 1, 2)[at : at + limit]}, {}))
    with pytest.warns(DataLossWarning, match=r"of 5 objects .* in 'Retail' it listed all but 2, asked twice\.$"):
        assert len(retail.objects()) == 3


def test_a_listing_that_grows_is_read_to_its_new_end(library, retail):
    def answer(at, _limit, times):
        total = 4 if times == 1 else 6
        return {"totalItems": total, "result": items(*range(total))[at : at + 2]}, {}

    serves(library, answer)
    assert len(retail.objects()) == 6


def test_a_server_that_ignores_the_wish_for_certified_objects_is_seen_through(library, retail):
    listed = [{**each, "certifiedInfo": {"certified": at == 1}} for at, each in enumerate(items(0, 1, 2))]
    serves(library, lambda *_: ({"totalItems": 3, "result": listed}, {}))
    assert [each.name for each in retail.objects(certified=True)] == ["Object 1"]
    assert len(retail.objects(certified=False)) == 2


def test_details_come_of_caches_and_cost_a_request_each_node(full, conn):
    before = len(full.requests)
    found = {each.name: each.details for each in conn.objects("*sales*", details=True)}
    assert (found["Sales Cube"].rows, found["Sales Cube"].status) == (50, "active, persisted, loaded")
    paths = [request.path for request in full.requests[before:]]
    assert paths.count("/api/monitors/caches/cubes") == 1
    assert "/api/cubes" not in paths
    (overview,) = conn.objects("retail overview", details=True)
    assert overview.details == (None, None, None, None, None)
    assert conn.objects("*sales*", details=True).table().schema.field("data_updated").type == pa.timestamp("us")


def test_without_the_right_to_monitor_caches_columns_are_null_and_it_is_said_once():
    with (
        Simulator(rows=50, monitors_caches=False) as server,
        connect_to(server) as conn,
        pytest.warns(DataLossWarning, match="may not monitor the caches") as caught,
    ):
        (sales,) = conn.objects("sales c*", details=True)
    assert len(caught) == 1
    assert (sales.details.rows, sales.details.size_bytes is None) == (None, False)
    assert "ready" in sales.details.status


def test_objects_are_certified_and_it_is_taken_back(conn):
    for one in (conn.objects("sales cube")[0], conn.objects("retail overview")[0], conn.report("Plain Report")):
        one.certify()
        one.certify()
        assert [each.id for each in conn.objects(certified=True)] == [one.id]
        assert conn.objects(one.name)[0].certified is True
        one.decertify()
        assert len(conn.objects(certified=True)) == 0
        assert conn.objects(one.name)[0].certified is False


def test_a_lost_answer_certifies_once_more(full, conn):
    full.fail(Fault.reset().on("PUT", "/certify"))
    conn.cube("Sales Cube").certify()
    assert conn.objects("sales cube")[0].certified is True
    conn.cube("Sales Cube").decertify()


OLD = Fault.rewritten(lambda body: body.replace(b'"certified":true', b'"certified":false'))


def test_an_answer_that_shows_the_object_as_before_is_looked_at_again(full, conn):
    full.fail(OLD.on("PUT", "/certify"))
    conn.cube("Sales Cube").certify()
    assert conn.objects("sales cube")[0].certified is True
    conn.cube("Sales Cube").decertify()


@pytest.mark.parametrize("kind", ["cube", "report", "dashboard"])
def test_an_object_that_stays_as_it_was_is_an_error(full, conn, kind):
    one = conn.objects("sales cube" if kind == "cube" else None, kind=kind)[0]
    full.fail(OLD.on("PUT", "/certify"))
    full.fail(OLD.on("GET", f"/objects/{one.id}"))
    with pytest.raises(ServerError, match=f"shows {one.id} as not certified all the same") as caught:
        one.certify()
    assert caught.value.hint
    one.decertify()


def test_a_refusal_to_certify_is_typed(full, conn):
    full.fail(Fault.error(403).on("PUT", "/certify"))
    with pytest.raises(PermissionDenied):
        conn.report("Plain Report").certify()


@pytest.mark.parametrize(
    "wrong", [{"kind": "metric"}, {"certified": "yes"}, {"pattern": 7}, {"projects": "Simulated Retial"}]
)
def test_what_cannot_be_asked_is_refused(conn, wrong):
    with pytest.raises((UsageError, ma.errors.NotFound)) as caught:
        conn.objects(**wrong)
    assert caught.value.hint


def test_the_asynchronous_twin_does_the_same(full):
    asyncio.run(certify_and_decertify(full))


async def certify_and_decertify(full):
    async with ma.connect_async(full.url, username=full.username, password=full.password) as conn:
        (sales,) = await conn.objects_async("sales cube")
        await sales.certify_async()
        (again,) = await conn.objects_async(certified=True)
        await again.decertify_async()
        assert again.name == "Sales Cube"


@pytest.fixture
def by_itself():
    """A server that lists no caches, with eight cubes that are listed and cannot be read."""
    with (
        Simulator(rows=50, monitors_caches=False, further_objects=20) as server,
        connect_to(server) as conn,
    ):
        yield server, conn


def test_a_cube_that_fails_does_not_end_the_details_of_others(by_itself):
    server, conn = by_itself
    server.fail(Fault.error(403).on("GET", "/api/cubes$"))
    with pytest.warns(DataLossWarning, match="may not monitor") as caught:
        found = conn.objects(kind="cube", details=True)
    told = {each.name: each.details.size_bytes for each in found}
    untold = [name for name, size in told.items() if size is None]
    assert len(caught) == 1
    assert f"size and status of {len(untold)} of {len(found)} cubes" in str(caught[0].message)
    assert len([name for name in untold if not name.startswith("Object ")]) == 1
    assert len(untold) < len(found)


def test_after_many_failures_no_more_details_are_asked_for(by_itself, monkeypatch):
    server, conn = by_itself
    monkeypatch.setattr(details, "FAILURES", 3)
    server.fail(Fault.error(403).on("GET", "/api/cubes$", times=None))
    with pytest.warns(DataLossWarning, match=r"size and status of (\d+) of \1 cubes"):
        found = conn.objects(kind="cube", details=True)
    asked = sum(request.path == "/api/cubes" for request in server.requests)
    assert 3 <= asked < len(found)


def test_the_end_of_the_session_ends_the_details(by_itself):
    server, conn = by_itself
    server.fail(Fault.error(401, "ERR003").on("GET", "/api/cubes$", times=None))
    with pytest.raises(ma.errors.LoginError):
        conn.objects(kind="cube", details=True)


def test_caches_that_are_counted_and_not_listed_are_told(full, conn):
    def more(body):
        return body.replace(b'"total":', b'"total":1')

    full.fail(Fault.rewritten(more).on("GET", "/caches/cubes$", times=None))
    with pytest.warns(DataLossWarning, match=r"caches that the node 'simulated-node' counts in 'Simulated Retail'"):
        conn.objects("sales cube", details=True)
    full.heal()
