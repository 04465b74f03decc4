from __future__ import annotations

import http.client
import threading
import time
from urllib.parse import urlsplit

import pytest

from mstr_arrow.simulator import Simulator

ASYNC = {"Prefer": "respond-async"}
JOBS = "/api/v2/monitors/jobs"


@pytest.fixture
def slow():
    """A simulator whose reports run for a minute."""
    with Simulator(rows=10, report_seconds={"Plain Report": 60.0, "Empty Report": 60.0}) as sim:
        yield sim


@pytest.fixture
def runner(slow, new_client):
    client = new_client(slow)
    client.login()
    return client


def run(client, name="Plain Report"):
    path = f"/api/v2/reports/{client.sim.reports[name]}/instances"
    reply = client.send("POST", path, headers=ASYNC)
    assert reply.status == 202, reply.body
    return f"{path}/{reply.json['instanceId']}"


def listed(client, **query):
    return client.send("GET", JOBS, **query).json["jobs"]


def test_running_jobs_are_listed_and_found(runner):
    run(runner)
    run(runner, "Empty Report")
    first, second = listed(runner)
    assert (first["objectId"], first["status"]) == (runner.sim.reports["Plain Report"], "executing")
    assert (first["user"], first["projectName"], first["objectType"]) == ("demo", runner.sim.project, "report")
    assert first["id"].startswith(f"{first['jobId']}:")
    assert listed(runner, objectId=second["objectId"]) == [second | {"elapsedTime": pytest.approx(0, abs=60_000)}]
    assert [job["jobId"] for job in listed(runner, sortBy="-id")] == [second["jobId"], first["jobId"]]
    assert listed(runner, status="completed") == []
    for name in (first["id"], first["jobId"]):
        assert runner.send("GET", f"{JOBS}/{name}").json["description"] == "Running report: Plain Report"
    assert runner.send("GET", f"{JOBS}/99").error == (404, "ERR004", None)


def test_canceled_job_is_gone_and_its_instance_failed(runner):
    instance = run(runner)
    (job,) = listed(runner)
    assert runner.send("DELETE", f"{JOBS}/{job['id']}").status == 204
    assert listed(runner) == []
    assert runner.send("DELETE", f"{JOBS}/{job['id']}").status == 404
    runner.send("GET", f"{instance.replace('/v2', '')}/status")
    told = runner.send("GET", f"{instance.replace('/v2', '')}/status")
    assert (told.status, told.json["status"]) == (200, 3)
    assert "canceled" in runner.send("GET", instance).json["message"]


def test_whoever_waits_for_a_canceled_job_is_told(runner):
    instance, replies = run(runner), []
    waiting = threading.Thread(target=lambda: replies.append(runner.send("GET", instance)))
    waiting.start()
    (job,) = listed(runner)
    runner.send("DELETE", f"{JOBS}/{job['jobId']}")
    waiting.join()
    assert replies[0].error == (500, "ERR001", None)


def test_finished_jobs_are_not_listed(runner):
    instance = run(runner)
    assert len(listed(runner)) == 1
    runner.sim.finish_jobs()
    assert runner.send("GET", instance).status == 200
    assert listed(runner) == []


def test_log_out_cancels_the_jobs_of_its_session_only(slow, runner, new_client):
    other = new_client(slow)
    other.login()
    run(runner)
    run(other, "Empty Report")
    runner.send("POST", "/api/auth/logout")
    assert [job["objectId"] for job in listed(other)] == [slow.reports["Empty Report"]]


def test_client_that_goes_away_does_not_end_the_job(slow, runner):
    where = urlsplit(slow.url)
    connection = http.client.HTTPConnection(where.hostname, where.port)
    path = f"{where.path}/api/v2/reports/{slow.reports['Plain Report']}/instances"
    connection.request("POST", path, headers=runner.headers)
    until = time.monotonic() + 60
    while not listed(runner) and time.monotonic() < until:
        time.sleep(0.01)
    connection.close()
    assert len(listed(runner)) == 1
    slow.finish_jobs()
    assert listed(runner) == []
    assert [(counts.created, counts.alive) for counts in slow.instances] == [(1, 1)]


def test_monitor_may_be_forbidden(new_client):
    with Simulator(rows=2, monitors_jobs=False) as sim:
        client = new_client(sim)
        client.login()
        for method, path in (("GET", JOBS), ("GET", f"{JOBS}/1"), ("DELETE", f"{JOBS}/1")):
            assert client.send(method, path).error == (403, "ERR0014", None)
