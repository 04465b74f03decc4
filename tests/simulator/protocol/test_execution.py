from __future__ import annotations

import time

import pytest

from mstr_arrow.simulator import Fault, Simulator

ASYNC = {"Prefer": "respond-async"}
SECONDS = 0.4
EARLY = SECONDS / 2


class Executions:
    """A client that runs the Plain Report of a simulator of its own."""

    def __init__(self, new_client, **settings) -> None:
        self.sim = Simulator(rows=10, **settings)
        self.sim.__enter__()
        self.client = new_client(self.sim)
        self.client.login()
        self.path = f"/api/v2/reports/{self.sim.reports['Plain Report']}/instances"

    def create(self, body=None, **headers):
        return self.client.send("POST", self.path, body, limit=5, headers=headers)

    def page(self, instance):
        return self.client.send("GET", f"{self.path}/{instance}", limit=5)

    def status(self, instance):
        return self.client.send("GET", f"{self.path.replace('/v2', '')}/{instance}/status")


@pytest.fixture
def running(new_client):
    made = []

    def make(**settings):
        made.append(Executions(new_client, **settings))
        return made[-1]

    yield make
    for one in made:
        one.sim.__exit__(None, None, None)


def took(work):
    began = time.monotonic()
    return work(), time.monotonic() - began


def test_report_takes_its_time_before_it_is_answered(running):
    runs = running(report_seconds=SECONDS)
    reply, seconds = took(runs.create)
    assert (reply.status, reply.json["data"]["paging"]["current"]) == (200, 5)
    assert seconds >= SECONDS


def test_report_runs_behind_an_answer_at_once(running):
    runs = running(report_seconds=SECONDS)
    reply = runs.create(**ASYNC)
    assert reply.status == 202
    assert set(reply.json) == {"id", "instanceId", "status"}
    instance = reply.json["instanceId"]
    statuses = []
    while (told := runs.status(instance)).status == 202:
        assert told.headers["X-MSTR-IStatus"] == str(told.json["status"])
        assert told.headers["Retry-After"] == "0"
        statuses.append(told.json["status"])
        time.sleep(0.02)
    assert (told.status, told.json["status"], told.headers["Retry-After"]) == (200, 1, None)
    assert len(set(statuses)) > 2
    assert set(statuses) <= {4, 5, 6, 7, 8, 17}
    assert runs.page(instance).json["data"]["paging"]["total"] == 280


def test_page_of_a_running_report_waits_for_it(running):
    runs = running(report_seconds=SECONDS)
    instance = runs.create(**ASYNC).json["instanceId"]
    reply, seconds = took(lambda: runs.page(instance))
    assert (reply.status, reply.json["status"]) == (200, 1)
    assert seconds > EARLY
    assert runs.status(instance).status == 200


def test_change_of_a_running_report_waits_for_it_and_takes_its_own_time(running):
    runs = running(report_seconds=SECONDS, change_seconds=SECONDS)
    instance = runs.create(**ASYNC).json["instanceId"]
    body = {"requestedObjects": {"attributes": [], "metrics": []}}
    reply, seconds = took(lambda: runs.client.send("PUT", f"{runs.path}/{instance}", body))
    assert (reply.status, reply.json["data"]["paging"]["total"]) == (200, 0)
    assert seconds > SECONDS + EARLY


def test_each_report_has_its_own_time(running):
    runs = running(report_seconds={"Empty Report": 30.0})
    assert runs.create().status == 200


def test_report_that_is_ready_at_once_is_answered_with_data(running):
    reply = running(async_polls=0).create(**ASYNC)
    assert (reply.status, reply.json["data"]["paging"]["total"]) == (200, 280)


@pytest.mark.parametrize("settings", [{"respond_async": False}, {"iserver_version": "11.2.0100.00001"}])
def test_servers_that_do_not_know_prefer_take_their_time(running, settings):
    runs = running(report_seconds=SECONDS, **settings)
    runs.client.login(applicationType=35)
    reply, seconds = took(lambda: runs.create(**ASYNC))
    assert (reply.status, "data" in reply.json, seconds >= SECONDS) == (200, True, True)


def test_body_is_refused_together_with_prefer_unless_the_server_takes_it(running):
    body = {"subtotals": {"visible": False}}
    assert running().create(body, **ASYNC).error == (400, "ERR006", None)
    assert running().create({}, **ASYNC).status == 202
    assert running(async_body=True).create(body, **ASYNC).status == 202


def test_gateway_gives_up_while_the_report_goes_on(running):
    runs = running(report_seconds=60, gateway_seconds=SECONDS / 2)
    reply = runs.create()
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (504, "text/html")
    assert [counts.alive for counts in runs.sim.instances] == [1]
    assert runs.sim.requests[-1].status == 504
    instance = runs.create(**ASYNC).json["instanceId"]
    assert runs.page(instance).status == 504
    runs.sim.finish_jobs()
    assert 200 in {runs.page(instance).status for _ in range(5)}  # a loaded machine may make one too late
    assert [counts.alive for counts in runs.sim.instances] == [2]


def test_gateway_lets_a_quick_error_through(running):
    runs = running(gateway_seconds=5)
    assert runs.page("0" * 32).error == (404, "ERR004", -2147468986)


def test_failed_execution_tells_its_error_to_whoever_asks_for_the_page(running):
    runs = running(report_seconds=0.05)
    runs.sim.fail(Fault.execution_fails(-2147205488, "(Too many rows.)", status=18))
    instance = runs.create(**ASYNC).json["instanceId"]
    while (told := runs.status(instance)).status == 202:
        time.sleep(0.02)
    assert (told.status, told.json["status"]) == (200, 18)
    assert runs.page(instance).error == (500, "ERR001", -2147205488)
    runs.sim.fail(Fault.execution_fails(-2147049887))
    assert runs.create().error == (500, "ERR001", -2147049887)
    assert runs.create().status == 200


def test_instances_of_each_session_are_counted(running, new_client):
    runs = running(working_set=3)
    first, *_ = (runs.create().json["instanceId"] for _ in range(5))
    other = new_client(runs.sim)
    other.login()
    counts, none = runs.sim.instances
    assert (counts.created, counts.alive, counts.most, counts.evicted, counts.missed) == (5, 3, 3, 2, 0)
    assert (none.created, none.most) == (0, 0)
    for _ in range(2):
        assert runs.page(first).status == 404
    assert runs.sim.instances[0].missed == 1
    runs.client.send("POST", "/api/auth/logout")
    assert (runs.sim.instances[0].alive, runs.sim.instances[0].most) == (0, 3)
