"""A client for the simulator that knows nothing of the package, and a plain reader of pages."""

from __future__ import annotations

import base64
import http.client
import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import pyarrow as pa
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


class Pushing(Client):
    """A client that pushes data, written straight from the wire reference, section 6."""

    dataset = ""

    def define(self, *tables: Any, **members: Any) -> Reply:
        """Define a dataset; see ``table`` for what its tables are."""
        body = {"name": "Pushed", "folderId": "", "tables": [], "attributes": [], "metrics": []}
        for table in tables:
            body["tables"].append(table["table"])
            body["attributes"] += table["attributes"]
            body["metrics"] += table["metrics"]
        reply = self.send("POST", "/api/datasets/models", body | members)
        if reply.status == 200:
            self.dataset = f"/api/datasets/{reply.json['id']}"
        return reply

    def open(self, name: str = "sales", policy: str = "replace", **members: Any) -> Reply:
        """Open an upload session for a table."""
        body = {"tables": [{"name": name, "updatePolicy": policy, **members}]}
        return self.send("POST", f"{self.dataset}/uploadSessions", body)

    def session(self, name: str = "sales", policy: str = "replace", **members: Any) -> str:
        reply = self.open(name, policy, **members)
        assert reply.status == 200, reply.body
        return f"{self.dataset}/uploadSessions/{reply.json['uploadSessionId']}"

    def put(self, session: str, values: Any, *, name: str = "sales", index: Any = 1) -> Reply:
        """Send a chunk: rows (or columns), or text that stands for them."""
        text = values if isinstance(values, str) else json.dumps(values)
        data = base64.b64encode(text.encode()).decode()
        return self.send("PUT", session, {"tableName": name, "index": index, "data": data})

    def publish(self, session: str) -> tuple[Any, str]:
        """Publish and poll to the end; give the final status and message."""
        reply = self.send("POST", f"{session}/publish")
        assert (reply.status, reply.body) == (200, b""), reply.body
        for _ in range(20):
            state = self.send("GET", f"{session}/publishStatus").json
            if int(state["status"]) != 6:
                break
        return state["status"], state["message"]

    def push(self, rows: Any, name: str = "sales", policy: str = "replace", **members: Any) -> None:
        """Push rows in one chunk and publish them."""
        session = self.session(name, policy, **members)
        assert self.put(session, rows, name=name).status == 200
        assert self.publish(session) == (1, "result ready")

    def read(self, *names: str, hidden: bool = False) -> list[dict[str, Any]]:
        """Read these objects of the cube, or all but its counts, as rows by name (``name@form`` but for IDs)."""
        cube = self.dataset.removeprefix("/api/datasets/")
        offered = self.send("GET", f"/api/v2/cubes/{cube}").json["definition"]["availableObjects"]
        attributes, metrics = (
            [{"id": found["id"]} for found in offered[kind] if not names or found["name"] in names]
            for kind in ("attributes", "metrics")
        )
        body = {"requestedObjects": {"attributes": attributes, "metrics": metrics}}
        page = self.create(cube, body if names else None, limit=-1, standardDateFormat="true")
        columns = read_page(page)
        keys = [
            unit["name"] if form["name"] == "ID" else f"{unit['name']}@{form['name']}"
            for unit in page["definition"]["grid"]["rows"]
            for form in unit["forms"]
        ]
        keys += [metric["name"] for unit in page["definition"]["grid"]["columns"] for metric in unit["elements"]]
        rows = [dict(zip(keys, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        if not hidden and not names:
            rows = [{k: v for k, v in row.items() if not k.startswith("Row Count - ")} for row in rows]
        return rows


def table_of(name: str, /, **columns: str) -> dict[str, Any]:
    """Define a table by the types of its columns: numbers are metrics, the rest and ``KEY …`` attributes."""
    numbers = ("INTEGER", "BIGINTEGER", "DOUBLE", "BIGDECIMAL")
    expressions = {column: [{"tableName": name, "columnName": column}] for column in columns}
    return {
        "table": {
            "name": name,
            "columnHeaders": [{"name": c, "dataType": t.removeprefix("KEY ")} for c, t in columns.items()],
        },
        "attributes": [
            {"name": c, "attributeForms": [{"category": "ID", "expressions": expressions[c]}]}
            for c, t in columns.items()
            if t not in numbers
        ],
        "metrics": [{"name": c, "expressions": expressions[c]} for c, t in columns.items() if t in numbers],
    }


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


def read_tidy(pages: Any) -> list[tuple[list[str | None], dict[str, Any], list[str]]]:
    """Read the pages of a report in any layout: texts of the attributes, values by metric id, totalled units.

    Written straight from the wire reference, sections 3.6, 3.7 and 3.12, with a loop over every cell. A combination
    of row and column attributes without any value is left out.
    """
    combinations: dict[Any, tuple[list[str | None], dict[str, Any], list[str]]] = {}
    for page in pages:
        grid, data = page["definition"]["grid"], page["data"]
        across = list(zip(*data["headers"]["columns"], strict=True)) or [()]
        down = data["headers"]["rows"] or [()] * data["paging"]["current"]
        assert len(down) == data["paging"]["current"]
        for place, row in enumerate(down):
            for position, column in enumerate(across):
                left, above = read_header(grid["rows"], row), read_header(grid["columns"], column)
                key = (*left.ids, *above.ids)
                if key not in combinations:
                    totals = [*left.totals, *above.totals]
                    combinations[key] = ([*left.texts, *above.texts], {}, totals)
                metric = left.metric or above.metric
                if metric is not None:
                    raw = data["metricValues"]["raw"]
                    assert len(raw[place]) == len(across)
                    combinations[key][1][metric] = raw[place][position]
    two_axes = any(unit["type"] != "templateMetrics" for unit in pages[0]["definition"]["grid"]["columns"])
    return [
        combination
        for combination in combinations.values()
        if not two_axes or any(value is not None for value in combination[1].values())
    ]


class Header(NamedTuple):
    ids: list[str | None]
    texts: list[str | None]
    totals: list[str]
    metric: str | None


def read_header(units: Any, indices: Any) -> Header:
    """Read one header tuple: element ids, a text for each form or header position, totalled units, the metric."""
    header, place = Header([], [], [], None), 0
    for unit in units:
        width = unit.get("headerCount", 1)
        own, place = list(indices[place : place + width]), place + width
        if unit["type"] == "templateMetrics":
            header = header._replace(metric=unit["elements"][own[0]]["id"])
            continue
        for level, index in enumerate(own):
            blank = index < 0 or (level > 0 and index == own[level - 1])
            if blank:
                own[level] = own[level - 1] if index < 0 else index
                header.ids.append(None)
                header.texts.append(None)
                continue
            element = unit["elements"][index]
            header.ids.append(element["id"])
            header.texts.extend(element_texts(unit, element))
            if element.get("subtotal"):
                header.totals.append(unit["name"])
    assert place == len(indices)
    return header


def element_texts(unit: Any, element: Any) -> list[str | None]:
    """Give a text for each form; a total's one text goes to the text forms."""
    forms = unit.get("forms", [{"baseFormType": "text"}])
    if element.get("subtotal"):
        return [element["formValues"][0] if form["baseFormType"] in {"text", 3} else None for form in forms]
    if element["id"] == f"h\\N;{unit['id']}":
        return [None] * len(forms)
    assert len(element["formValues"]) == len(forms)
    return element["formValues"]


def from_text(text: Any, kind: pa.DataType) -> Any:
    """Read a form value, or a JSON value, as a value of an Arrow type."""
    if text is None:
        return None
    if pa.types.is_boolean(kind):
        return {"1": True, "true": True, "0": False, "false": False}[text]
    if pa.types.is_integer(kind):
        assert Decimal(text) == int(Decimal(text))
        return int(Decimal(text))
    if pa.types.is_decimal(kind):
        return Decimal(text)
    if pa.types.is_floating(kind):
        return float(text)
    parse = {pa.date32(): date, pa.time64("us"): time, pa.timestamp("us"): datetime}.get(kind)
    return text if parse is None else parse.fromisoformat(text)


def typed_columns(columns: dict[str, list[Any]], table: pa.Table) -> dict[str, list[Any]]:
    """Give the page's columns, the hidden ones left out, the types and names of the true table."""
    return {
        name: [from_text(value, table.schema.field(name).type) for value in values]
        for name, values in zip(table.column_names, columns.values(), strict=False)
    }


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
def table():
    return table_of


@pytest.fixture
def pusher() -> Iterator[Pushing]:
    """A client that is logged in to a simulator of its own."""
    with Simulator(rows=10) as simulator:
        client = Pushing(simulator)
        client.login()
        yield client


@pytest.fixture(scope="session")
def pushing() -> type[Pushing]:
    return Pushing


@pytest.fixture(scope="session")
def read():
    return read_page


@pytest.fixture(scope="session")
def read_report():
    return read_tidy


@pytest.fixture(scope="session")
def typed():
    return typed_columns
