from __future__ import annotations

from mstr_arrow.simulator import Simulator


def prepared(client, name):
    path = f"/api/v2/reports/{client.sim.reports[name]}/instances"
    instance = client.send("POST", path, executionStage="resolve_prompts").json["instanceId"]
    return f"{path}/{instance}"


def test_sql_of_a_report_is_told_without_running_it(new_client):
    with Simulator(rows=2, report_seconds=60.0) as sim:
        client = new_client(sim)
        client.login()
        told = client.send("GET", f"{prepared(client, 'Plain Report')}/sqlView").json
        assert set(told) == {"sqlStatement"}
        assert 'sum(a."Revenue")' in told["sqlStatement"]
        assert client.send("GET", "/api/v2/monitors/jobs").json["jobs"] == []


def test_sql_of_a_prompted_report_waits_for_answers(client):
    instance = prepared(client, "Prompted Objects")
    assert client.send("GET", f"{instance}/sqlView").error == (400, "ERR0010", None)
    path = f"{instance.replace('/v2', '')}/prompts/answers"
    assert client.send("PUT", path, {"prompts": [{"name": "Metrics", "useDefault": True}]}).status == 204
    statement = client.send("GET", f"{instance}/sqlView").json["sqlStatement"]
    assert ("Revenue" in statement, "Units" in statement) == (True, False)


def test_sql_of_a_cube(client):
    statement = client.send("GET", f"/api/v2/cubes/{client.sim.cubes['One Row']}/sqlView").json["sqlStatement"]
    assert statement.startswith('select a."Number"')


def test_sql_may_be_forbidden(new_client):
    with Simulator(rows=2, views_sql=False) as sim:
        client = new_client(sim)
        client.login()
        assert client.send("GET", f"{prepared(client, 'Plain Report')}/sqlView").error == (403, "ERR0014", None)
        path = f"/api/v2/cubes/{sim.cubes['One Row']}/sqlView"
        assert client.send("GET", path).error == (403, "ERR0014", None)
