from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from mstr_arrow.simulator import EncodedCube, Simulator

DEFINITION = {"availableObjects": {"attributes": [], "metrics": [{"name": "M", "id": "A" * 32, "type": "metric"}]}}


def numbered_page(calls):
    """Make pages that say which rows were asked for, and are too big for any buffer."""

    def page(offset, limit):
        calls.append((offset, limit))
        paging = {"total": 250, "current": limit, "offset": offset, "limit": limit}
        return json.dumps(
            {"definition": {"grid": {}}, "data": {"paging": paging, "filler": "x" * 3_000_000}}
        ).encode()

    return page


def test_pages_are_made_once_and_cut_at_the_end(new_client):
    calls = []
    cube = EncodedCube(name="Encoded", definition=DEFINITION, total=250, page=numbered_page(calls))
    with Simulator(rows=1, encoded=[cube]) as sim:
        client = new_client(sim)
        client.login()
        assert client.send("GET", f"/api/v2/cubes/{sim.cubes['Encoded']}").json["definition"] == DEFINITION
        first = client.create("Encoded", limit=100)
        again = client.create("Encoded", limit=100)
        assert first == again
        assert (first["name"], first["status"], len(first["data"]["filler"])) == ("Encoded", 1, 3_000_000)
        last = client.page("Encoded", first["instanceId"], offset=200, limit=100)
        assert last["data"]["paging"] == {"total": 250, "current": 50, "offset": 200, "limit": 50}
        assert calls == [(0, 100), (200, 50)]


def test_answers_keep_their_order_on_one_connection(new_client):
    cube = EncodedCube(name="Encoded", definition=DEFINITION, total=250, page=numbered_page([]))
    with Simulator(rows=1, encoded=[cube]) as sim:
        client = new_client(sim)
        client.login()
        where = urlsplit(sim.url)
        path = f"{where.path}{client.instances('Encoded')}/{client.create('Encoded', limit=1)['instanceId']}"
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        for offset in range(5):
            connection.request("GET", f"{path}?offset={offset}&limit=1", headers=client.headers)
            assert json.loads(connection.getresponse().read())["data"]["paging"]["offset"] == offset
        connection.close()


def test_client_that_leaves_midway_harms_nobody(new_client):
    cube = EncodedCube(name="Encoded", definition=DEFINITION, total=250, page=numbered_page([]))
    with Simulator(rows=1, encoded=[cube]) as sim:
        client = new_client(sim)
        client.login()
        where = urlsplit(sim.url)
        path = f"{client.instances('Encoded')}/{client.create('Encoded', limit=1)['instanceId']}"
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        connection.request("GET", f"{where.path}{path}?limit=1", headers=client.headers)
        connection.getresponse().read(10)
        connection.close()
        assert client.send("GET", path, limit=1).status == 200


def test_encoded_cubes_need_a_session_too(new_client):
    cube = EncodedCube(name="Encoded", definition=DEFINITION, total=250, page=numbered_page([]))
    with Simulator(rows=1, encoded=[cube]) as sim:
        client = new_client(sim)
        client.login()
        path = f"{client.instances('Encoded')}/{client.create('Encoded', limit=1)['instanceId']}"
        client.send("POST", "/api/auth/logout")
        assert client.send("GET", path).error == (401, "ERR009", None)
