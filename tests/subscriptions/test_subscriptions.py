"""Subscriptions over HTTP: listed, made, changed, paused, deleted."""

import asyncio
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from mstr_arrow import delivery
from mstr_arrow.errors import (
    InvalidRequest,
    NotFound,
    NotSupported,
    PermissionDenied,
    ProtocolError,
    ServerError,
    UsageError,
)
from mstr_arrow.session import listing
from mstr_arrow.simulator import Fault
from tests.support.servers import IDLE, connect_to


def sent(server, method, path="/api/subscriptions"):
    """Give the bodies of the requests of a method to paths that begin so."""
    found = [request for request in server.requests if request.method == method and request.path.startswith(path)]
    return [json.loads(request.body) if request.body else None for request in found]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["Nightly Sales Cache", "On My Phone", "Weekly Sales"]),
        ({"name": "*sales*"}, ["Nightly Sales Cache", "Weekly Sales"]),
        ({"name": "weekly sales"}, ["Weekly Sales"]),
        ({"owner": "admin*"}, ["Nightly Sales Cache", "Weekly Sales"]),
        ({"owner": "demo", "name": "*"}, ["On My Phone"]),
        ({"content": "Sales Cube"}, ["Nightly Sales Cache"]),
        ({"name": "nothing like it"}, []),
    ],
)
def test_subscriptions_are_listed_by_name_owner_and_content(conn, asked, names):
    found = conn.subscriptions(**asked)
    assert [each.name for each in found] == names
    assert [each.id for each in asyncio.run(conn.subscriptions_async(**asked))] == [each.id for each in found]


def test_owners_and_contents_may_be_objects_and_ids(conn):
    cube = conn.cube("Sales Cube")
    assert [each.name for each in conn.subscriptions(content=cube)] == ["Nightly Sales Cache"]
    assert [each.name for each in conn.subscriptions(content=cube.id.lower())] == ["Nightly Sales Cache"]
    assert [each.name for each in conn.subscriptions(owner=conn.user())] == ["On My Phone"]


def test_the_table_has_a_row_for_each(conn):
    table = conn.subscriptions().table()
    row = table.to_pylist()[2]
    assert row.pop("id") == conn.subscription("Weekly Sales").id
    assert row.pop("created") <= row.pop("modified")
    assert row == {
        "name": "Weekly Sales",
        "owner": "Administrator",
        "mode": "EMAIL",
        "contents": ["Cross-tab Metrics Last"],
        "schedules": ["Mondays At Six"],
        "recipients": ["Ann Lee", "Everyone"],
        "paused": None,
        "last_run": None,
    }
    assert table.schema.field("created").type == pa.timestamp("us", "UTC")
    assert conn.subscriptions("no such").table().schema == table.schema


def test_one_says_all_that_the_server_does(conn):
    phone = conn.subscription("on my phone")
    assert (phone.owner, phone.contents[0].type, phone.schedules[0].type) == ("demo", "report", "time_based")
    assert phone.created == datetime(2026, 1, 15, 8, 33, tzinfo=UTC)
    assert isinstance(phone.delivery, delivery.Other)
    assert phone.delivery.fields["mobile"]["clientType"] == "PHONE"
    assert phone.definition["delivery"]["expiration"] == "2030-12-31"
    assert conn.subscription(phone.id.lower()).name == "On My Phone"
    cache = conn.subscription("Nightly Sales Cache").delivery
    assert cache == delivery.Cache(cache_type="RESERVED", shortcut_cache_format="BOTH")


@pytest.mark.usefixtures("daily")
def test_a_name_that_nothing_or_several_have_is_explained(conn):
    with pytest.raises(NotFound, match="Did you mean 'Weekly Sales'"):
        conn.subscription("Weekly Sale")
    again = conn.subscribe("Daily", "Sales Cube", "Every Morning", conn.user(), delivery.HistoryList())
    try:
        with pytest.raises(UsageError, match=r"2 subscriptions are named 'daily'.*of demo"):
            conn.subscription("daily")
    finally:
        again.delete()
    with pytest.raises(NotFound):
        conn.subscription("F" * 32)


def test_many_come_part_by_part(server, conn, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 2)
    before = len(server.requests)
    assert len(conn.subscriptions()) == 3
    asked = [request.query for request in server.requests[before:] if request.path == "/api/subscriptions"]
    assert [query["offset"] for query in asked] == ["0", "2"]


def test_a_server_that_tells_no_number_is_asked_until_a_part_is_short(quick, monkeypatch):
    from mstr_arrow.simulator import Simulator

    monkeypatch.setattr(listing, "PAGE", 3)
    sim = Simulator(rows=50, total_counts=False, administers=False, pauses_subscriptions=False, **IDLE)
    with sim, connect_to(sim, settings=quick) as conn:
        assert len(conn.users()) == 7
        assert [each.name for each in conn.subscriptions()] == ["On My Phone"]
        with pytest.raises(PermissionDenied):
            conn.subscription(sim.subscriptions["Weekly Sales"])
        with pytest.raises(PermissionDenied):
            conn.user("annl").addresses()
        with pytest.raises(NotSupported, match="servers of 2026 can"):
            conn.subscription("On My Phone").pause()


def test_a_subscription_is_made_of_objects_names_and_ids(server, conn):
    sales, nightly = conn.cube("Sales Cube"), conn.schedule("Nightly Load Done")
    mail = delivery.Email(
        subject="Sales", message="x", expiration=date(2030, 1, 31), zip=delivery.Zip(password="p")
    )
    pdf = delivery.Personalization(
        format_type="pdf", format_mode="ALL_PAGES", pdf=delivery.PdfSettings(page_size="A4")
    )
    made = conn.subscribe(
        "All kinds",
        [sales, ("1F7CA1D4E0480F918F5C0E057FC7A61A", "report"), delivery.Content("Cross-tab Metrics First", pdf)],
        [nightly, "every morning", conn.schedule("Mondays At Six").id],
        [
            conn.user("annl"),
            conn.user_groups("Sales Team")[0],
            delivery.Recipient("Press Office", include="cc"),
            (conn.user("Administrator").id, "user"),
        ],
        mail,
        allow_unsubscribe=True,
    )
    try:
        body = sent(server, "POST")[-1]
        assert body["name"] == "All kinds"
        assert [each["type"] for each in body["contents"]] == ["cube", "report", "report"]
        assert body["contents"][2]["personalization"] == {
            "formatMode": "ALL_PAGES",
            "formatType": "PDF",
            "exportToPdfSettings": {"pageSize": "A4"},
        }
        assert body["delivery"]["email"]["zip"] == {"password": "p", "passwordProtect": True}
        assert body["delivery"]["expiration"] == "2030-01-31"
        assert (body["multipleContents"], body["allowUnsubscribe"]) == (True, True)
        assert [each["includeType"] for each in body["recipients"]] == ["TO", "TO", "CC", "TO"]
        assert [each.type for each in made.recipients] == ["user", "user_group", "contact", "user"]
        assert [each.name for each in made.schedules] == ["Nightly Load Done", "Every Morning", "Mondays At Six"]
    finally:
        made.delete()


def test_whom_contents_can_be_delivered_to(conn):
    found = {each.name: each.type for each in conn.recipients("Sales Cube")}
    assert found["Ann Lee"] == "user"
    assert found["Partners"] == "contact_group"
    assert "Bob Stone" not in found  # who has no address
    assert "Bob Stone" in {each.name for each in asyncio.run(conn.recipients_async("Sales Cube", "cache"))}


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"contents": "Sales Cub"}, NotFound, "Sales Cube"),
        ({"contents": []}, UsageError, "no contents"),
        ({"contents": 3}, UsageError, "nothing that can be delivered"),
        ({"schedules": "Every Mornin"}, NotFound, "Every Morning"),
        ({"schedules": 5}, UsageError, "no text"),
        ({"recipients": "Ann Le"}, NotFound, r"Ann Lee.*add_address\(\)"),
        ({"recipients": "F" * 32}, NotFound, "no recipient"),
        ({"recipients": None}, UsageError, "no recipients"),
        ({"delivery": "EMAIL"}, UsageError, r"ma\.delivery\.Email"),
        ({"name": " "}, UsageError, "empty"),
        ({"allow_unsubscribed": True}, UsageError, "allow_unsubscribe"),
        ({"allow_unsubscribe": 1}, UsageError, "True or False"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_made(server, conn, changed, error, said):
    right = {
        "name": "Wrong",
        "contents": "Sales Cube",
        "schedules": "Every Morning",
        "recipients": "Ann Lee",
        "delivery": delivery.Email(),
    }
    before = len(sent(server, "POST"))
    with pytest.raises(error, match=said):
        conn.subscribe(**(right | changed))
    assert [each for each in sent(server, "POST")[before:] if each and "name" in each] == []


def test_what_the_server_refuses_is_a_typed_error(conn):
    with pytest.raises(InvalidRequest, match="Invalid value 'CARRIER_PIGEON' of 'mode'"):
        conn.subscribe("X", "Sales Cube", "Every Morning", conn.user(), delivery.Other("carrier_pigeon", {}))
    with pytest.raises(InvalidRequest, match="no address for the delivery mode EMAIL"):
        conn.subscribe("X", "Sales Cube", "Every Morning", conn.user("bstone"), delivery.Email())
    made = conn.subscribe("X", "Sales Cube", "Every Morning", "bstone", delivery.Other("ftp", {"ftp": {"a": 1}}))
    assert made.definition["delivery"] == {"mode": "FTP", "ftp": {"a": 1}}
    made.delete()


def test_an_update_keeps_what_is_not_named(server, conn):
    weekly = conn.subscription("Weekly Sales")
    before = weekly.definition
    same = weekly.update(delivery=delivery.Email(subject="Anew"))
    assert same is weekly
    body = sent(server, "PUT")[-1]
    assert body["delivery"]["email"] == {"subject": "Anew", "message": "As every week.", "priority": "HIGH"}
    assert body["alerting"] == before["alerting"]
    assert not {"id", "owner", "dateCreated", "editable", "lastRun"} & body.keys()
    content = delivery.Content(conn.report("Cross-tab Metrics Last"), delivery.Personalization(format_type="EXCEL"))
    weekly.update(contents=content, schedules="Every Morning", name="Weekly")
    told = weekly.definition
    assert told["contents"][0]["personalization"] == {
        "formatMode": "CURRENT_PAGE",
        "viewMode": "BOTH",
        "formatType": "EXCEL",
    }
    assert told["recipients"] == before["recipients"]
    assert (weekly.name, [each.name for each in weekly.schedules]) == ("Weekly", ["Every Morning"])
    weekly.update(recipients=["Ann Lee", "Press Office"])
    assert weekly.definition["recipients"][0] == before["recipients"][0]
    restored = {"delivery": delivery.Email(subject="Sales"), "recipients": ["Ann Lee", "Everyone"]}
    weekly.update(name="Weekly Sales", schedules="Mondays At Six", **restored)
    with pytest.raises(UsageError, match="allow_unsubscribe"):
        weekly.update(allow_unsubscribed=True)


def test_an_update_keeps_what_others_have_changed_meanwhile(conn, daily):
    other = conn.subscription(daily.id)
    other.update(name="Renamed")
    daily.update(delivery=delivery.HistoryList())
    assert (daily.name, daily.delivery) == ("Renamed", delivery.HistoryList(contact_security=None))


def test_a_subscription_is_paused_and_goes_on(conn, daily):
    assert daily.paused is None
    assert daily.pause().paused is True
    assert conn.subscriptions("Daily").table()["paused"].to_pylist() == [True]
    daily.update(name="Daily")
    assert daily.paused is True
    assert asyncio.run(daily.resume_async()).paused is False


def test_a_data_model_is_refreshed_by_table_or_as_a_whole(server, conn):
    condition = delivery.RefreshCondition(tables={"A" * 32: "upsert"}, filters=[{"type": "x", "expression": {}}])
    cache = delivery.Cache(library_cache_types=["web"])
    content = delivery.Content("Sales Cube", refresh=condition)
    made = conn.subscribe("Refresh", content, "Nightly Load Done", conn.user(), cache)
    made.delete()
    assert sent(server, "POST")[-1]["contents"][0]["refreshCondition"] == {
        "tables": [{"id": "A" * 32, "refreshPolicy": "upsert"}],
        "filters": [{"type": "x", "expression": {}}],
    }


@pytest.mark.parametrize("body", [{}, {"subscriptions": [{"name": "x"}]}, [3], {"subscriptions": "none"}])
def test_an_answer_that_lists_no_subscriptions_is_a_protocol_error(library, retail, body):
    library.on("GET", "/api/subscriptions", json=body)
    with pytest.raises(ProtocolError, match=r"no (list|description) of (a subscription|subscriptions)"):
        retail.subscriptions()


def test_a_bare_list_of_subscriptions_with_little_in_it_is_read(library, retail):
    library.on("GET", "/api/subscriptions", json=[{"id": "a" * 32, "name": "x", "delivery": None}])
    (found,) = retail.subscriptions()
    assert (found.id, found.owner, found.created, found.contents) == ("A" * 32, None, None, [])
    assert found.delivery == delivery.Other("UNSUPPORTED", {})


def test_tables_of_a_data_model_may_be_named(server, conn):
    model = conn.data_model("Retail Model")
    ids = {table.name: table.id for table in model.tables()}
    condition = delivery.RefreshCondition(tables={"YTD_DAY": "replace", ids["city_mnth_sls"]: "upsert"})
    made = conn.subscribe(
        "Model", delivery.Content(model, refresh=condition), "Nightly Load Done", conn.user(), delivery.Cache()
    )
    made.delete()
    content = sent(server, "POST")[-1]["contents"][0]
    assert (content["id"], content["type"]) == (model.id, "cube")
    assert content["refreshCondition"]["tables"] == [
        {"id": ids["ytd_day"], "refreshPolicy": "replace"},
        {"id": ids["city_mnth_sls"], "refreshPolicy": "upsert"},
    ]
    wrong = delivery.Content("Retail Model", refresh=delivery.RefreshCondition(tables={"ytd_dy": "replace"}))
    with pytest.raises(NotFound, match="ytd_day"):
        conn.subscribe("Model", wrong, "Nightly Load Done", conn.user(), delivery.Cache())


def test_an_update_may_bring_answers(daily):
    daily.update(
        contents=delivery.Content("Prompted Twice", answers={"Year": 2023}), delivery=delivery.HistoryList()
    )
    assert daily.definition["contents"][0]["personalization"]["prompt"]["enabled"] is True
    daily.send()
    assert daily.wait().outcome == "success"


def test_a_password_of_a_zip_file_is_in_no_error(server, conn):
    from mstr_arrow.simulator import Fault

    secret = "s3cret-of-the-zip"
    server.fail(Fault.error(400, "ERR006", message=f"cannot pack with {secret}").on("POST", r"/subscriptions$"))
    mail = delivery.Email(zip=delivery.Zip(password=secret))
    with pytest.raises(InvalidRequest) as raised:
        conn.subscribe("Zip", "Sales Cube", "Every Morning", "Ann Lee", mail)
    assert secret not in str(raised.value)


def test_schedules_come_from_the_newer_route_where_the_older_is_gone(server, conn, monkeypatch):
    from mstr_arrow.simulator import Fault

    monkeypatch.setattr(listing, "PAGE", 3)
    known = conn.schedules()
    server.fail(Fault.error(404, "ERR004", message="HTTP 404 Not Found").on("GET", r"/api/schedules$"))
    assert conn.schedules() == known
    assert asyncio.run(conn.schedule_async("mondays at six")).type == "time_based"
    assert known.table().column_names[:3] == ["id", "name", "type"]


@pytest.mark.parametrize("how", ["name", "user name", "id", "user"])
def test_a_subscription_is_given_to_another_user(server, conn, daily, how):
    ann = conn.user("Ann Lee")
    before = len(sent(server, "PUT"))
    given = {"name": "ann lee", "user name": "annl", "id": ann.id, "user": ann}[how]
    assert daily.update(owner=given).owner == "Ann Lee"
    assert conn.subscription(daily.id).owner_id == ann.id
    assert len(sent(server, "PUT")) == before  # nothing else was changed
    assert asyncio.run(daily.update_async(owner="demo", name="Daily")).owner == "demo"


def test_all_else_is_changed_before_a_subscription_is_given_away(server, conn, daily):
    before = len(server.requests)
    changed = daily.update(owner="Ann Lee", delivery=delivery.Email(subject="Yours"))
    assert (changed.owner, changed.delivery.subject) == ("Ann Lee", "Yours")
    asked = [request.method for request in server.requests[before:] if daily.id in request.path]
    assert asked == ["GET", "PUT", "PATCH", "GET"]
    with pytest.raises(NotFound, match="Did you mean 'Ann Lee'"):
        daily.update(owner="Ann Le", name="Other")
    assert conn.subscription(daily.id).name == "Daily"


def test_what_was_given_away_and_is_seen_no_more_is_known_all_the_same(server, daily):
    server.fail(Fault.error(403).on("GET", r"/subscriptions/\w+$"))
    assert daily.update(owner="Ann Lee").owner == "Ann Lee"
    server.fail(Fault.reset().on("PATCH", "/owner$"))
    assert daily.update(owner="demo").owner == "demo"


def test_a_subscription_that_stays_with_its_owner_is_told(server, daily):
    server.fail(Fault.empty(204).on("PATCH", "/owner$"))
    with pytest.raises(ServerError, match="still belongs to 'demo', though"):
        daily.update(owner="Ann Lee")
    server.fail(Fault.error(404, "ERR004", message="HTTP 404 Not Found").on("PATCH", "/owner$"))
    with pytest.raises(NotSupported, match="leaves subscriptions with their owners"):
        daily.update(owner="Ann Lee")
