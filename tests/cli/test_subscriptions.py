"""Subscriptions, schedules and users on the command line."""

import json
import re

import pytest

import mstr_arrow as ma
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import IDLE


@pytest.fixture(scope="module")
def simulator():
    with Simulator(rows=50, **IDLE, delivery_polls=0) as sim:
        yield sim


@pytest.fixture(autouse=True)
def clean(server):
    before = server.subscriptions
    yield
    server.heal()
    assert (server.subscriptions, server.open_sessions) == (before, 0)


def lines(result):
    return result.out.decode().splitlines()


def test_subscriptions_are_listed_a_line_each(run):
    result = run("subscriptions", "ls")
    header, *rows = lines(result)
    assert (result.code, result.err) == (0, "")
    assert header.split()[:5] == ["NAME", "MODE", "CONTENTS", "SCHEDULES", "RECIPIENTS"]
    assert [row.split("  ")[0] for row in rows] == ["Nightly Sales Cache", "On My Phone", "Weekly Sales"]
    found = json.loads(run("subscriptions", "ls", "*sales*", "--content", "sales cube", "--json").out)
    assert [(each["name"], each["owner"], each["mode"]) for each in found] == [
        ("Nightly Sales Cache", "Administrator", "CACHE")
    ]
    nothing = run("subscriptions", "ls", "--owner", "nobody")
    assert (nothing.code, nothing.out) == (0, b"")
    assert "no such subscriptions" in nothing.err


def test_one_is_shown_with_its_last_run(run, server):
    shown = run("subscriptions", "show", "weekly sales").out.decode()
    for word in ("Weekly Sales", "Mondays At Six", "Ann Lee, Everyone", "EMAIL", "never ran", "(report)"):
        assert word in shown
    told = json.loads(run("subscriptions", "show", server.subscriptions["Weekly Sales"], "--json").out)
    assert told["status"] == {"stage": "never ran", "outcome": None, "began": None, "ended": None, "messages": []}
    assert told["definition"]["delivery"]["email"]["priority"] == "HIGH"


def test_one_is_made_sent_paused_and_deleted(run, server):
    made = run(
        *("subscriptions", "create", "Daily", "--content", "Cross-tab Metrics Last", "--as", "excel"),
        *("--schedule", "every morning", "--to", "Ann Lee", "--cc", "Sales Team", "--subject", "Sales"),
        *("--expires", "2030-01-31"),
    )
    assert (made.code, made.err) == (0, "")
    assert made.out.decode().strip() == server.subscriptions["Daily"]
    sent = run("subscriptions", "send", "Daily")
    assert (sent.code, sent.out) == (0, b"")
    assert "Delivered: success, begun 2026-01-15" in sent.err
    assert server.deliveries[-1].recipients == ("Ann Lee", "Sales Team")
    told = json.loads(run("subscriptions", "show", "Daily", "--json").out)["definition"]
    assert told["contents"][0]["personalization"] == {"formatType": "EXCEL"}
    assert told["delivery"] == {"mode": "EMAIL", "expiration": "2030-01-31", "email": {"subject": "Sales"}}
    assert "Paused Daily" in run("subscriptions", "pause", "Daily").err
    assert ", paused" in run("subscriptions", "show", "Daily").out.decode()
    assert json.loads(run("subscriptions", "resume", "Daily", "--json").out)["paused"] is False
    assert "Deleted Daily" in run("subscriptions", "delete", "Daily").err


def test_a_cache_is_refreshed_without_an_address(run):
    arguments = (
        "--content",
        "Sales Cube",
        "--to",
        "bstone",
        "--delivery",
        "cache",
        "--schedule",
        "Nightly Load Done",
    )
    made = json.loads(run("subscriptions", "create", "Cache", *arguments, "--json").out)
    assert made["mode"] == "CACHE"
    assert json.loads(run("subscriptions", "delete", made["id"], "--json").out)["name"] == "Cache"


def test_answers_go_along(run, server):
    what = ("--content", "Prompted Twice", "--schedule", "Every Morning")
    arguments = (*what, "--to", "demo", "--delivery", "history-list")
    run("subscriptions", "create", "Asking", *arguments)
    failed = run("subscriptions", "send", "Asking")
    assert failed.code == 1
    assert "DeliveryFailed: the delivery of 'Asking' has failed: (The prompts of 'Prompted Twice'" in failed.err
    sent = json.loads(run("subscriptions", "send", "Asking", "--prompt", "Year=2024", "--json").out)
    assert sent["status"]["outcome"] == "success"
    assert json.loads(run("subscriptions", "send", "Asking", "--no-wait", "--json").out)["status"] is None
    run("subscriptions", "delete", "Asking")
    assert len(server.deliveries[-1].instances) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "Weekly Sale"), 1, "Did you mean 'Weekly Sales'?"),
        (("create", "X", "--to", "Ann Lee"), 2, "Add --content OBJECT."),
        (("create", "X", "--content", "Sales Cube"), 2, "Add --to NAME."),
        (("create", "X", "--content", "Sales Cube", "--to", "x", "--as", "exel"), 2, "Did you mean 'EXCEL'?"),
        (
            ("create", "X", "--content", "Sales Cube", "--to", "x", "--delivery", "cache", "--subject", "y"),
            2,
            "--subject",
        ),
        (("create", "X", "--content", "Sales Cube", "--to", "Bob Ston"), 1, "the administrator adds one"),
        (("create", "X", "--content", "Sales Cub", "--to", "Ann Lee"), 1, "Sales Cube"),
        (("create", "X", "--content", "Sales Cube", "--to", "annl", "--schedule", "Mondays"), 1, "Mondays At Six"),
        (("delete", "nothing"), 1, "no subscription 'nothing'"),
    ],
)
def test_errors_say_what_to_do(run, arguments, code, said):
    result = run("subscriptions", *arguments)
    assert result.code == code
    assert said in result.err


def test_a_send_whose_answer_is_lost_says_how_to_see(run, server):
    server.fail(Fault.html(502).on("POST", r"/send$"))
    result = run("subscriptions", "send", "On My Phone")
    assert result.code == 1
    assert "it is not sent again: see mstr-arrow subscriptions show before you do" in result.err


def test_an_older_server_that_cannot_pause_is_told(run, monkeypatch):
    with Simulator(rows=50, **IDLE, pauses_subscriptions=False) as old:
        monkeypatch.setenv("MSTR_URL", old.url)
        result = run("subscriptions", "pause", "On My Phone")
    assert result.code == 1
    assert "NotSupported: this server cannot pause subscriptions" in result.err


def test_schedules_are_listed(run):
    shown = lines(run("schedules"))
    assert [line.split("  ")[0] for line in shown] == [
        "NAME",
        "Every Morning",
        "Mondays At Six",
        "Nightly Load Done",
        "Once In 2025",
    ]
    told = {each["name"]: each for each in json.loads(run("schedules", "--json").out)}
    assert told["Nightly Load Done"]["event"] == "Load Done"
    assert told["Every Morning"]["next"] == "2026-12-07T05:00:00+00:00"
    assert (told["Once In 2025"]["expired"], told["Once In 2025"]["stop"]) == (True, "2025-12-31T00:00:00+00:00")


def test_users_are_listed_with_their_addresses(run, server):
    shown = lines(run("users", "ann*"))
    assert [line.split("  ")[0] for line in shown] == ["NAME", "Ann Berg", "Ann Lee"]
    told = json.loads(run("users", "annl", "--addresses", "--json").out)
    assert told[0]["addresses"][0]["value"] == "ann.lee@example.com"
    assert "ann.lee@example.com" in run("users", "annl", "--addresses").out.decode()
    assert "No user that you can see" in run("users", "zzz*").err
    with ma.connect(server.url, username="demo", password="demo") as conn:
        assert conn.user("annl").id == told[0]["id"]


def test_options_before_a_command_of_the_group_are_explained(run):
    result = run("subscriptions", "--owner", "ann", "ls")
    assert result.code == 2
    assert "mstr-arrow subscriptions ls --owner" in " ".join(result.err.replace("│", " ").split())


def test_a_profile_may_set_what_commands_elsewhere_have(run, profile, server):
    profile(f"[default]\nurl = '{server.url}'\npage-rows = 5\n")
    assert run("subscriptions", "ls").code == 0
    profile(f"[default]\nurl = '{server.url}'\npage-rws = 5\n")
    assert "Did you mean page-rows?" in " ".join(run("subscriptions", "ls").err.replace("│", " ").split())


TOML = """\
name = "Daily"
contents = [
    "Sales Cube",
    {name = "Cross-tab Metrics Last", personalization = {format_type = "EXCEL", compressed = true}},
]
schedules = "Every Morning"
recipients = ["Ann Lee", {name = "Everyone", include = "CC"}]
allow_unsubscribe = true

[delivery]
mode = "email"
subject = "Sales"
zip = {filename = "sales"}
"""


def definition(run, name):
    told = json.loads(run("subscriptions", "show", name, "--json").out)["definition"]
    own = ("id", "owner", "name", "dateCreated", "dateModified", "lastRun")
    for each in told["recipients"]:
        each.pop("childSubscriptionId", None)
    return {member: value for member, value in told.items() if member not in own}


def test_one_is_made_of_a_file_and_of_what_show_writes(run, tmp_path):
    file, shown = tmp_path / "daily.toml", tmp_path / "shown.json"
    file.write_text(TOML)
    made = run("subscriptions", "create", "--from", file)
    assert (made.code, made.err) == (0, "")
    first = definition(run, "Daily")
    assert [each["name"] for each in first["contents"]] == ["Sales Cube", "Cross-tab Metrics Last"]
    assert first["contents"][1]["personalization"] == {"formatType": "EXCEL", "compressed": True}
    assert [each["includeType"] for each in first["recipients"]] == ["TO", "CC"]
    assert (first["delivery"]["email"]["subject"], first["allowUnsubscribe"]) == ("Sales", True)
    shown.write_bytes(run("subscriptions", "show", "Daily", "--json").out)
    assert run("subscriptions", "create", "Copy", "--from", shown).code == 0
    assert definition(run, "Copy") == first
    for name in ("Daily", "Copy"):
        assert run("subscriptions", "delete", name).code == 0


@pytest.mark.parametrize("name", ["On My Phone", "Nightly Sales Cache", "Weekly Sales"])
def test_what_show_writes_makes_the_same_again(run, tmp_path, name):
    shown = tmp_path / "shown.json"
    shown.write_bytes(run("subscriptions", "show", name, "--json").out)
    made = run("subscriptions", "create", "Again", "--from", shown)
    again, shown = definition(run, "Again"), definition(run, name)
    lost = "says 'alerting' of the subscription, which is not known here" if shown.pop("alerting", None) else ""
    assert made.code == 0
    assert lost in made.err
    assert bool(lost) == bool(made.err)
    assert again == shown
    assert run("subscriptions", "delete", "Again").code == 0


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("schedule =", "schedules =", r"line 6: a subscription has no 'schedule'.*'schedules'"),
        ("format_typ =", "format_type =", r"line 4: a content has no 'format_typ'.*'format_type'"),
        ("subjct =", "subject =", r"line 12: an e-mail has no 'subjct'.*'subject'"),
        ("inclde =", "include =", r"line 7: a recipient has no 'inclde'.*'include'"),
        ("filname =", "filename =", r"line 13: a zip file has no 'filname'.*'filename'"),
        ('"EXCL"', '"EXCEL"', r"'EXCL', which is not known.*'EXCEL'"),
        ('"Ann Le"', '"Ann Lee"', r"Did you mean 'Ann Lee'"),
        ("[dilivery]", "[delivery]", r"line 10: a subscription has no 'dilivery'.*'delivery'"),
        ("name = Daily", 'name = "Daily"', r"cannot be read: .*line 1"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(run, tmp_path, wrong, right, said):
    file = tmp_path / "daily.toml"
    file.write_text(TOML.replace(right, wrong, 1))
    result = run("subscriptions", "create", "--from", file)
    assert result.code
    assert re.search(said, " ".join(result.err.split()))


def test_a_file_and_options_do_not_mix(run, tmp_path):
    file = tmp_path / "daily.toml"
    file.write_text('name = "Daily"\n')
    assert "by --from and by options" in run("subscriptions", "create", "--from", file, "--to", "Ann Lee").err
    assert "Add contents to the file" in run("subscriptions", "create", "--from", file).err
    assert "has no name" in run("subscriptions", "create", "--content", "Sales Cube", "--to", "Ann Lee").err
