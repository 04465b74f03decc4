"""Subscriptions, schedules, users and addresses as the server has them, asked without the package's client."""

import pytest

from mstr_arrow.simulator import Fault, Simulator
from tests.simulator.conftest import Client

ALL = "/api/subscriptions"


@pytest.fixture
def client():
    with Simulator(rows=50, delivery_polls=1) as sim:
        client = Client(sim)
        assert client.login().status == 204
        yield client


def schedule(client, name="Every Morning"):
    listed = client.send("GET", "/api/schedules").json["schedules"]
    return next(each for each in listed if each["name"] == name)


def user(client, name="Ann Lee"):
    (found,) = client.send("GET", "/api/users", nameBegins=name).json
    return found


def body(client, **members):
    """Write the body of a subscription that the server takes."""
    return {
        "name": "Daily",
        "schedules": [{"id": schedule(client)["id"]}],
        "contents": [{"id": client.sim.cubes["Sales Cube"], "type": "cube"}],
        "recipients": [{"id": user(client)["id"], "type": "user", "includeType": "TO"}],
        "delivery": {"mode": "EMAIL", "email": {"subject": "Sales", "sendContentAs": None}},
        **members,
    }


def test_the_server_fills_a_new_one_in(client):
    made = client.send("POST", ALL, body(client))
    told = made.json
    assert made.status == 201
    assert told["owner"]["name"] == "demo"
    assert told["dateCreated"] == told["dateModified"]
    assert told["dateCreated"].endswith("+0000")
    assert told["schedules"][0] | {"id": ""} == {
        "id": "",
        "name": "Every Morning",
        "type": "time_based",
        "expired": False,
    }
    assert told["contents"][0]["name"] == "Sales Cube"
    assert (told["recipients"][0]["name"], told["recipients"][0]["isGroup"]) == ("Ann Lee", False)
    assert len(told["recipients"][0]["childSubscriptionId"]) == 32
    assert client.send("GET", f"{ALL}/{told['id']}").json == told


def test_they_are_listed_part_by_part_with_their_number(client):
    first = client.send("GET", ALL, offset=0, limit=2)
    assert (len(first.json["subscriptions"]), first.headers["x-mstr-total-count"]) == (2, "3")
    assert len(client.send("GET", ALL, offset=2, limit=2).json["subscriptions"]) == 1
    assert len(client.send("GET", ALL, offset=0, limit=-1).json["subscriptions"]) == 3
    assert client.send("GET", ALL, limit=-2).error == (400, "ERR006", None)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"name": None}, (400, "ERR007")),
        ({"name": 5}, (400, "ERR006")),
        ({"contents": []}, (400, "ERR007")),
        ({"contents": [{"id": "F" * 32, "type": "cube"}]}, (404, "ERR004")),
        ({"contents": [{"id": "F" * 32, "type": "picture"}]}, (400, "ERR006")),
        ({"contents": [{"type": "cube"}]}, (400, "ERR006")),
        ({"schedules": [{"id": "F" * 32}]}, (404, "ERR004")),
        ({"recipients": [{"id": "F" * 32, "type": "user"}]}, (404, "ERR004")),
        ({"recipients": [{"id": "F" * 32, "type": "user", "includeType": "CCC"}]}, (400, "ERR006")),
        ({"delivery": {"mode": "PIGEON"}}, (400, "ERR006")),
        ({"delivery": {"mode": "EMAIL", "email": {"subject": "x" * 266}}}, (400, "ERR006")),
        ({"delivery": {"mode": "EMAIL", "expiration": "1.2.2027"}}, (400, "ERR006")),
        ({"delivery": {"mode": "CACHE", "cache": {"shortcutCacheFormat": "XML"}}}, (400, "ERR006")),
    ],
)
def test_wrong_bodies_are_refused(client, wrong, error):
    before = client.sim.subscriptions
    assert client.send("POST", ALL, body(client, **wrong)).error[:2] == error
    assert client.sim.subscriptions == before


def test_a_missing_list_is_refused_when_it_is_new_and_dropped_later(client):
    whole = body(client)
    assert client.send("POST", ALL, {key: whole[key] for key in whole if key != "recipients"}).error[1] == "ERR005"
    one = f"{ALL}/{client.send('POST', ALL, whole).json['id']}"
    changed = client.send("PUT", one, {key: whole[key] for key in ("name", "delivery", "contents")})
    assert (changed.status, changed.json["recipients"], changed.json["schedules"]) == (200, [], [])


def test_one_runs_when_it_is_sent_and_not_before(client):
    one = f"{ALL}/{client.send('POST', ALL, body(client)).json['id']}"
    never = client.send("GET", f"{one}/status")
    assert never.error == (500, "ERR002", None)
    assert never.json["message"].startswith("No status for the subscription")
    sent = client.send("POST", f"/api/v2{one.removeprefix('/api')}/send")
    assert (sent.status, sent.body) == (202, b"")
    first, second = (client.send("GET", f"{one}/status").json for _ in range(2))
    assert (first["stage"], first["state"], first["end"]) == (1, 0, None)
    assert (second["stage"], second["state"]) == (2, 1)
    assert ".123+0000" in second["start"]
    assert [each.subscription for each in client.sim.deliveries] == ["Daily"]
    client.sim.fail(Fault.delivery_ends(4, "(too slow)"))
    client.send("POST", f"{one}/send")
    told = [client.send("GET", f"{one}/status").json for _ in range(2)][1]
    assert (told["state"], told["statuses"][0]["message"]) == (4, "(too slow)")
    assert len(client.sim.deliveries) == 1


def test_one_is_paused_handed_over_and_deleted(client):
    one = f"{ALL}/{client.send('POST', ALL, body(client)).json['id']}"
    assert client.send("PATCH", one, {"softDisabled": True, "name": "Later"}).status == 204
    told = client.send("GET", one).json
    assert (told["name"], told["delivery"]["softDisabled"]) == ("Later", True)
    assert client.send("PATCH", one, {"delivery": {}}).error[1] == "ERR006"
    assert client.send("PATCH", f"{one}/owner", {"id": user(client)["id"]}).status == 204
    assert client.send("GET", one).json["owner"]["name"] == "Ann Lee"
    assert client.send("DELETE", one).status == 204
    assert client.send("DELETE", one).error[:2] == (404, "ERR004")


def test_others_are_not_seen_without_the_privilege():
    with Simulator(rows=50, administers=False, delivery_api=1) as sim:
        client = Client(sim)
        client.login()
        assert [each["name"] for each in client.send("GET", ALL).json["subscriptions"]] == ["On My Phone"]
        assert client.send("GET", f"{ALL}/{sim.subscriptions['Weekly Sales']}").error[:2] == (403, "ERR0017")
        phone = sim.subscriptions["On My Phone"]
        assert client.send("POST", f"/api/v2/subscriptions/{phone}/send").error[:2] == (404, "ERR004")
        assert client.send("POST", f"{ALL}/{phone}/send").status == 202


def test_what_depends_on_an_object_and_what_asks(client):
    cube = client.sim.cubes["Sales Cube"]
    found = client.send("GET", "/api/dependentSubscriptions", objectId=cube, type=3).json["subscriptions"]
    assert [each["name"] for each in found] == ["Nightly Sales Cache"]
    asking = [{"id": client.sim.reports["Prompted Twice"], "type": "report"}]
    one = f"{ALL}/{client.send('POST', ALL, body(client, contents=asking)).json['id']}"
    assert len(client.send("GET", f"{one}/prompts").json["prompts"]) >= 1
    instance = client.send("POST", f"{one}/content/{asking[0]['id']}/instances").json["instanceId"]
    given = {"contentId": asking[0]["id"], "instanceId": instance}
    assert client.send("POST", f"{one}/send", given).error[:2] == (400, "ERR006")


@pytest.mark.parametrize(
    ("dialect", "members"),
    [
        ("value", {"value": "a@b.c", "deliveryMode": "EMAIL", "device": "GENERIC_EMAIL"}),
        ("physicalAddress", {"physicalAddress": "a@b.c", "deliveryType": "email", "deviceName": "Generic email"}),
    ],
)
def test_addresses_are_written_in_one_dialect_and_refused_in_the_other(dialect, members):
    with Simulator(rows=50, address_dialect=dialect, address_status=200) as sim:
        client = Client(sim)
        client.login()
        me = user(client, "demo")["id"]
        path = f"/api/v2/users/{me}/addresses"
        made = client.send("POST", path, {"name": "Office", **members, "isDefault": True})
        assert made.status == 200
        (told,) = made.json["addresses"]
        assert members.items() <= told.items()
        assert told["isDefault"] is True
        other = {"name": "x", "physicalAddress" if dialect == "value" else "value": "a@b.c"}
        assert client.send("POST", path, other).error[:2] == (400, "ERR005")
        changed = client.send("PUT", f"{path}/{told['id']}", {"name": "Home", **members})
        assert [each["name"] for each in changed.json["addresses"]] == ["Home"]
        assert client.send("DELETE", f"/api/users/{me}/addresses/{told['id']}").status == 204
        assert client.send("GET", path).json == {"addresses": []}


def test_the_first_version_of_the_calls_about_addresses_has_one_dialect():
    with Simulator(rows=50, address_dialect="physicalAddress") as sim:
        client = Client(sim)
        client.login()
        path = f"/api/users/{user(client, 'demo')['id']}/addresses"
        made = client.send("POST", path, {"name": "Office", "value": "a@b.c", "deliveryMode": "EMAIL"})
        assert [each["value"] for each in made.json["addresses"]] == ["a@b.c"]
        assert client.send("GET", path).json == made.json
        second = client.send("GET", path.replace("/api/", "/api/v2/"))
        assert [each["physicalAddress"] for each in second.json["addresses"]] == ["a@b.c"]


def test_groups_tell_their_members_a_part_at_a_time(client):
    groups = {each["name"]: each["id"] for each in client.send("GET", "/api/usergroups").json}
    everyone = client.send("GET", f"/api/usergroups/{groups['Everyone']}/members", limit=2)
    assert (len(everyone.json), int(everyone.headers["x-mstr-total-count"])) == (2, 7)
    team = client.send("GET", f"/api/usergroups/{groups['Sales Team'].lower()}/members")
    assert [each["name"] for each in team.json] == ["Ann Lee", "Bob Stone"]
    assert client.send("GET", f"/api/usergroups/{user(client)['id']}/members").status == 404


@pytest.mark.parametrize("path", ["/api/users", "/api/usergroups"])
def test_users_and_groups_belong_to_no_project(client, path):
    del client.headers["X-MSTR-ProjectID"]
    assert client.send("GET", path).status == 200


def test_events_of_schedules_have_an_id_of_their_own_name(client):
    assert schedule(client, "Nightly Load Done")["event"].keys() == {"eventId", "name"}
