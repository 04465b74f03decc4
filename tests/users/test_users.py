"""Users, groups and addresses."""

import asyncio
import pickle
from dataclasses import replace

import pytest

from mstr_arrow.errors import InvalidRequest, MstrError, NotFound, ProtocolError, ServerError, UsageError
from mstr_arrow.simulator import Fault, Simulator
from mstr_arrow.users.people import read_addresses
from tests.support.servers import IDLE, connect_to

ADDRESSES = r"/addresses"


@pytest.fixture(scope="module", params=["value", "physicalAddress"])
def server(request):
    """A server for each dialect of addresses; the second answers 200 to a new one."""
    status = 201 if request.param == "value" else 200
    with Simulator(rows=50, **IDLE, address_dialect=request.param, address_status=status) as sim:
        yield sim


@pytest.fixture
def conn(server, quick):
    with connect_to(server, settings=quick) as opened:
        yield opened
    server.heal()
    assert server.addresses("demo") == [], "a test has left addresses"


def posts(server):
    return [r for r in server.requests if r.method == "POST" and r.path.endswith("/addresses") and r.status < 300]


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("ann*", ["Ann Berg", "Ann Lee"]),
        ("ANNL", ["Ann Lee"]),
        ("ann lee", ["Ann Lee"]),
        ("*n*ez", ["José Núñez"]),
        ("?ob stone", ["Bob Stone"]),
        ("nobody*", []),
    ],
)
def test_users_are_found_by_either_name(conn, name, names):
    assert [user.name for user in conn.users(name)] == names
    assert [user.name for user in asyncio.run(conn.users_async(name))] == names


def test_the_table_has_a_row_for_each_user(conn):
    bob = conn.users().table().to_pylist()[3]
    assert (bob["name"], bob["username"], bob["enabled"]) == ("Bob Stone", "bstone", False)
    assert bob["created"].year == 2026
    assert conn.users("no such").table().schema == conn.users().table().schema
    assert conn.user_groups().table()["name"].to_pylist() == ["Everyone", "Sales Team"]
    assert asyncio.run(conn.user_groups_async("every*"))[0].id == conn.user_groups("Everyone")[0].id


def test_a_user_is_a_pair_of_id_and_name_and_can_be_pickled(conn):
    me, ann = conn.user(), conn.user("Ann Lee")
    assert me == conn.user(me.id.lower())
    assert tuple(ann) == (ann.id, "Ann Lee")
    assert (ann.username, ann.enabled) == ("annl", True)
    assert pickle.loads(pickle.dumps(ann)) == ann
    assert me.username is None
    assert asyncio.run(conn.user_async("annl")) == ann


def test_a_user_that_is_not_there_is_explained(conn):
    with pytest.raises(NotFound, match="Did you mean 'Ann Lee'"):
        conn.user("Ann Le")
    with pytest.raises(NotFound):
        conn.user("F" * 32)
    with pytest.raises(UsageError, match="no text"):
        conn.user(7)


def test_addresses_are_read_written_and_deleted_in_either_dialect(server, conn):
    me = conn.user()
    assert me.addresses() == []
    office = me.add_address("Office", "demo@example.com", default=True)
    home = asyncio.run(me.add_address_async("Home", "home@example.com"))
    assert (office.name, office.value, office.mode, office.default) == ("Office", "demo@example.com", "EMAIL", True)
    assert me.addresses() == [office, home]
    assert asyncio.run(me.addresses_async()).table()["value"].to_pylist() == [
        "demo@example.com",
        "home@example.com",
    ]
    me.delete_address("HOME@example.com")
    asyncio.run(me.delete_address_async(office))
    assert server.addresses("demo") == []


def test_an_address_that_is_none_is_refused_by_the_server_in_its_words(conn):
    before = conn.user().addresses()
    with pytest.raises(InvalidRequest, match=r"not a valid e-mail address|is missing"):
        conn.user().add_address("Office", "nobody")
    with pytest.raises(UsageError, match="the address is empty"):
        conn.user().add_address("Office", " ")
    with pytest.raises(InvalidRequest, match=r"no device 'PIGEON'|is missing"):
        conn.user().add_address("Office", "a@b.c", device="PIGEON")
    with pytest.raises(NotFound, match="no address 'x'"):
        conn.user().delete_address("x")
    assert conn.user().addresses() == before


@pytest.mark.parametrize(
    "fault",
    [Fault.reset(), Fault.outwaited(504), Fault.html(502), Fault.error(500), Fault.not_json(), Fault.cut_short()],
    ids=["reset", "gateway", "html", "500", "not json", "cut short"],
)
def test_an_address_is_added_once_though_the_answer_is_lost(server, conn, fault):
    me = conn.user()
    me.add_address("First", "first@example.com")  # from here on the dialect is known
    server.fail(fault.on("POST", ADDRESSES))
    added = me.add_address("Office", "demo@example.com")
    assert server.addresses("demo") == ["first@example.com", "demo@example.com"]
    for each in (added, "First"):
        me.delete_address(each)


@pytest.mark.parametrize(
    "fault", [Fault.reset(), Fault.outwaited(504), Fault.html(502)], ids=["reset", "504", "502"]
)
def test_an_address_is_deleted_though_the_answer_is_lost(server, conn, fault):
    me = conn.user()
    added = me.add_address("Office", "demo@example.com")
    server.fail(fault.on("DELETE", ADDRESSES))
    me.delete_address(added)
    assert server.addresses("demo") == []
    with pytest.raises(NotFound):
        me.delete_address(added)


def test_trouble_that_stays_leaves_no_address(server, conn):
    server.fail(Fault.html(502).on("POST", ADDRESSES, times=None))
    with pytest.raises(MstrError):
        conn.user().add_address("Office", "demo@example.com")
    assert server.addresses("demo") == []


@pytest.mark.parametrize(
    "body", [{"addresses": [{"name": "x"}]}, "none", {"addresses": [{"id": "A", "name": "x"}]}]
)
def test_what_is_no_list_of_addresses_is_a_protocol_error(body):
    with pytest.raises(ProtocolError, match="no list of addresses"):
        read_addresses(body)


def test_what_is_no_list_of_users_is_a_protocol_error(library, retail):
    library.on("GET", "/api/users", json=[{"name": "x"}])
    with pytest.raises(ProtocolError, match="no list of users: 'id' is missing"):
        retail.users()


def test_an_address_is_changed_in_either_dialect_and_keeps_what_is_not_named(conn):
    me = conn.user()
    office = me.add_address("Office", "demo@example.com", default=True)
    moved = me.update_address("demo@example.com", value="demo@example.org")
    assert moved == replace(office, value="demo@example.org")
    named = asyncio.run(me.update_address_async(office, name="Desk", default=False, device="GENERIC_EMAIL"))
    assert (named.id, named.name, named.value, named.default) == (office.id, "Desk", "demo@example.org", False)
    assert me.addresses() == [named]
    me.delete_address(named)


@pytest.mark.parametrize(
    "fault", [Fault.reset(), Fault.outwaited(504), Fault.html(502)], ids=["reset", "504", "502"]
)
def test_an_address_is_changed_though_the_answer_is_lost(server, conn, fault):
    me = conn.user()
    office = me.add_address("Office", "demo@example.com")
    server.fail(fault.on("PUT", ADDRESSES))
    assert me.update_address(office, value="demo@example.org").value == "demo@example.org"
    assert server.addresses("demo") == ["demo@example.org"]
    me.delete_address(office)


def test_what_cannot_be_changed_of_an_address_is_refused(server, conn):
    me = conn.user()
    office = me.add_address("Office", "demo@example.com")
    with pytest.raises(NotFound, match=r"Did you mean 'demo@example\.com'"):
        me.update_address("demo@example.co", name="x")
    with pytest.raises(UsageError, match="the value of the address is empty"):
        me.update_address(office, value=" ")
    with pytest.raises(UsageError, match="no text"):
        me.update_address(office, name=7)
    with pytest.raises(InvalidRequest, match="not a valid e-mail address"):
        me.update_address(office, value="nobody")
    server.fail(Fault.empty(204).on("PUT", ADDRESSES))
    with pytest.raises(ServerError, match=r"shows the address 'Office' \(demo@example.com\)"):
        me.update_address(office, value="demo@example.org")
    me.delete_address(office)
