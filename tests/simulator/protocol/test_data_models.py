"""Data models on the server: five steps to refresh them, in each dialect, and their parameters."""

import pytest

from mstr_arrow.simulator import Fault, Simulator
from tests.simulator.conftest import Client

INSTANCE = "X-MSTR-DataModelInstanceId"


class Model:
    """A data model and a log-in that refreshes it step by step."""

    def __init__(self, sim, name="Retail Model"):
        self.sim, self.id = sim, sim.cubes[name]
        self.client = Client(sim)
        self.client.login()
        self.instance = None

    def open(self):
        reply = self.client.send("POST", f"/api/dataModels/{self.id}/instances")
        assert (reply.status, reply.body) == (204, b"")
        self.instance = reply.headers[INSTANCE]
        return self

    def tables(self, **query):
        return self.client.send("GET", f"/api/model/dataModels/{self.id}/tables", **query).json

    def publish(self, **policies):
        ids = {each["information"]["name"]: each["information"]["objectId"] for each in self.tables()["tables"]}
        listed = [{"id": ids[name], "refreshPolicy": policy} for name, policy in policies.items()]
        return self.send("POST", "publish", {"tables": listed} if listed else None)

    def status(self):
        return self.send("GET", "publishStatus")

    def send(self, method, step, body=None):
        return self.client.send(
            method, f"/api/dataModels/{self.id}/{step}", body, headers={INSTANCE: self.instance}
        )

    def close(self):
        return self.client.send("DELETE", f"/api/dataModels/{self.id}/instances/{self.instance}")

    def bits(self):
        return int(self.client.send("HEAD", f"/api/cubes/{self.id}").headers["X-MSTR-CubeStatus"])


def served(**settings):
    return Simulator(rows=10, **settings)


def states(reply):
    return reply.json["status"], {each["status"] for each in reply.json.get("tables", [])}


def test_a_model_is_refreshed_in_five_steps():
    with served() as sim:
        before = sim.truth("Retail Model")
        model = Model(sim).open()
        assert model.publish(ytd_day="replace").status == 204
        seen = [states(model.status()) for _ in range(3)]
        assert model.close().status == 204
        after = sim.truth("Retail Model")
        assert sim.refreshes == [("Retail Model", {"ytd_day": "replace"}, "loaded")]
        assert sim.model_instances == 0
    assert seen == [(5, {"reserved"}), (6, {"schema_comparison_completed"}), (0, {"loaded"})]
    assert after["YTD Sales"][0].as_py() == before["YTD Sales"][0].as_py() + 1000
    assert after["Month Sales"] == before["Month Sales"]


@pytest.mark.parametrize(
    ("settings", "last"),
    [
        ({"model_table_states": "completed", "model_done_status": 1}, (1, {"completed"})),
        ({"model_table_states": "none", "model_done_status": 1}, (1, set())),
        ({"model_table_states": "none", "model_done_status": 0}, (0, set())),
    ],
)
def test_servers_tell_the_end_in_their_own_words(settings, last):
    with served(publish_polls=0, **settings) as sim:
        model = Model(sim).open()
        model.publish(ytd_day="replace")
        assert states(model.status()) == last


@pytest.mark.parametrize(
    ("ending", "status", "table"),
    [
        (Fault.publish_ends(-2147212544, "(Stalled.)"), -2147212544, "error"),
        (Fault.publish_ends(3, "(No such column.)"), 1, "error"),
        (Fault.publish_ends(None), 6, "schema_comparison_completed"),
    ],
)
def test_a_publication_ends_as_planned(ending, status, table):
    with served(publish_polls=0) as sim:
        sim.fail(ending)
        model = Model(sim).open()
        model.publish(ytd_day="replace")
        assert states(model.status()) == (status, {table})


def test_the_loser_of_two_is_told_when_it_asks():
    with served(model_seconds=60) as sim:
        first, second = Model(sim).open(), Model(sim).open()
        assert first.publish(ytd_day="replace").status == second.publish(city_mnth_sls="add").status == 204
        assert second.status().error == (500, "ERR001", -2147072194)
        assert first.bits() & 1
        assert first.close().status == 204
        assert not first.bits() & 1
        assert [outcome for _, _, outcome in sim.refreshes] == ["cancelled"]


def test_the_end_of_the_session_ends_what_it_publishes():
    with served(model_seconds=60) as sim:
        model = Model(sim).open()
        model.publish(ytd_day="replace")
        model.client.send("POST", "/api/auth/logout")
        assert (sim.refreshes[0][-1], sim.model_instances) == ("cancelled", 0)


def test_an_idle_instance_is_dropped_and_its_publication_goes_on():
    now = [0.0]
    with served(clock=lambda: now[0], model_seconds=0.05) as sim:
        model = Model(sim).open()
        model.publish(ytd_day="replace")
        now[0] += 121
        assert model.status().error == (404, "ERR004", -2147468986)
        while model.bits() & 1:
            pass
        assert sim.refreshes[0][-1] == "loaded"


def test_what_cannot_be_published_is_refused():
    with served() as sim:
        model = Model(sim).open()
        assert model.publish().error[:2] == (400, "ERR006")
        assert model.publish(ytd_day="sometimes").error[:2] == (400, "ERR006")
        assert model.send("POST", "publish", {"tables": [{"id": "F" * 32}]}).error[:2] == (400, "ERR006")
        live = Model(sim, "Live Model").open()
        assert live.publish(facts="replace").error[:2] == (400, "ERR006")
        plain = model.client.send("POST", f"/api/dataModels/{sim.cubes['Sales Cube']}/instances")
        assert plain.status == 404


def test_tables_come_in_parts():
    with served() as sim:
        model = Model(sim)
        assert model.tables()["total"] == 2
        part = model.tables(offset=1, limit=1)["tables"]
        assert [each["information"]["name"] for each in part] == ["city_mnth_sls"]


def test_a_model_that_was_never_published_is_readable_after_a_refresh():
    with served(publish_polls=0) as sim:
        model = Model(sim, "Draft Model").open()
        assert model.client.send("POST", model.client.instances("Draft Model")).error[2] == -2147072488
        model.publish(facts="replace")
        assert len(model.client.create("Draft Model")["data"]["headers"]["rows"]) == 2


def test_parameters_change_what_an_instance_shows():
    with served() as sim:
        model = Model(sim)
        listed = model.client.send("GET", f"/api/model/dataModels/{model.id}/parameters").json["parameters"]
        ids = {each["information"]["name"]: each["information"]["objectId"] for each in listed}
        given = [{"id": ids["City"], "value": "Rome"}, {"id": ids["Growth"], "value": "50"}]
        made = model.client.create("Retail Model", {"parameters": given})
        assert made["data"]["paging"]["total"] == 8
        path = f"{model.client.instances('Retail Model')}/{made['instanceId']}/parameters"
        unset = [{"id": ids["City"], "value": None}, {"id": ids["Currency"], "value": "GBP"}]
        told = model.client.send("PATCH", path, {"parameters": unset}).json["parameters"]
        assert {each["name"]: each["value"] for each in told} == {"City": None, "Currency": "GBP", "Growth": "50"}
        assert model.client.page("Retail Model", made["instanceId"])["data"]["paging"]["total"] == 40
        wrong = [{"id": ids["City"], "value": "Oslo"}, {"id": ids["Growth"], "value": "7"}]
        refused = model.client.send("PATCH", path, {"parameters": wrong})
        assert refused.error[:2] == (400, "ERR006")
        assert "Growth" in refused.json["message"]
        assert model.client.send("GET", path).json["parameters"][0]["value"] is None
        truth = sim.truth("Retail Model", answers={"Growth": "50", "Currency": "GBP"})["Planned Sales"]
        page = model.client.page("Retail Model", made["instanceId"], limit=2)
        assert [float(row[2]) for row in page["data"]["metricValues"]["raw"]] == truth[:2].to_pylist()


def test_old_servers_know_neither_models_nor_parameters():
    with served(data_models=False, model_parameters=False) as sim:
        model = Model(sim)
        assert model.client.send("POST", f"/api/dataModels/{model.id}/instances").status == 404
        assert model.client.create("Retail Model", {"parameters": [{"id": "?"}]})["data"]["paging"]["total"] == 40
