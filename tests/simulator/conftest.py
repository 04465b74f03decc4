"""A client for the simulator that knows nothing of the package, and a plain reader of pages."""

from __future__ import annotations

import http.client
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import pytest

from mstr_arrow.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reply(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)

    @property
    def error(self) -> tuple[int, str, int | None]:
        """Status, code and I-Server code."""
        return self.status, self.json["code"], self.json.get("iServerCode")


class Client:
    """One log-in: keeps its token, cookies and project, and sends them with every request."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.headers: dict[str, str] = {}

    def send(self, method: str, path: str, body: Any = None, *, headers: Any = None, **query: Any) -> Reply:
        where = urlsplit(self.sim.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        target = where.path + quote(path) + (f"?{urlencode(query, doseq=True)}" if query else "")
        content = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        sent = {"Content-Type": "application/json"} | self.headers | (headers or {})
        try:
            connection.request(method, target, content, {k: v for k, v in sent.items() if v is not None})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def login(self, **fields: Any) -> Reply:
        credentials = {"loginMode": 1, "username": self.sim.username, "password": self.sim.password}
        reply = self.send("POST", "/api/auth/login", credentials | fields)
        if reply.status == 204:
            self.headers["X-MSTR-AuthToken"] = reply.headers["X-MSTR-AuthToken"]
            cookies = [cookie.split(";")[0] for cookie in reply.headers.get_all("Set-Cookie")]
            self.headers["Cookie"] = "; ".join(cookies)
            self.headers["X-MSTR-ProjectID"] = self.sim.project_id
        return reply

    def instances(self, cube: str) -> str:
        return f"/api/v2/cubes/{self.sim.cubes.get(cube, cube)}/instances"

    def create(self, cube: str, body: Any = None, **query: Any) -> Any:
        reply = self.send("POST", self.instances(cube), body, **query)
        assert reply.status == 200, reply.body
        return reply.json

    def page(self, cube: str, instance: str, **query: Any) -> Any:
        reply = self.send("GET", f"{self.instances(cube)}/{instance}", **query)
        assert reply.status == 200, reply.body
        return reply.json


def read_page(page: Any) -> dict[str, list[Any]]:
    """Read a page into columns by object id (``id:form`` for attributes): texts and JSON values, None for nulls.

    Written straight from the wire reference, section 3.12, with a loop over every cell.
    """
    grid, data = page["definition"]["grid"], page["data"]
    columns: dict[str, list[Any]] = {}
    for position, unit in enumerate(grid["rows"]):
        for number, form in enumerate(unit["forms"]):
            texts = [
                None if element["id"] == f"h\\N;{unit['id']}" else element["formValues"][number]
                for element in unit["elements"]
            ]
            columns[f"{unit['id']}:{form['id']}"] = [texts[row[position]] for row in data["headers"]["rows"]]
    if grid["columns"]:
        for position, index in enumerate(data["headers"]["columns"][0]):
            metric = grid["columns"][0]["elements"][index]
            columns[metric["id"]] = [row[position] for row in data["metricValues"]["raw"]]
    return columns


@pytest.fixture(scope="session")
def sim() -> Iterator[Simulator]:
    """A simulator that tests only read from."""
    with Simulator(rows=1_000, max_sessions_per_user=1_000) as simulator:
        yield simulator


@pytest.fixture
def client(sim: Simulator) -> Iterator[Client]:
    client = Client(sim)
    client.login()
    yield client
    client.send("POST", "/api/auth/logout")


@pytest.fixture(scope="session")
def new_client() -> type[Client]:
    return Client


@pytest.fixture(scope="session")
def read():
    return read_page
