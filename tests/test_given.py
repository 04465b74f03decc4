"""Arguments of a wrong type: a UsageError that names the argument, wherever they are given."""

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import errors

WRONG = {
    "connect(settings=None)": (lambda _: ma.connect("http://x", settings=None), "settings is None"),
    "connect(login_mode=[])": (
        lambda _: ma.connect("http://x", username="a", password="b", login_mode=[]),
        "login_mode is of type list",
    ),
    "get(None)": (lambda conn: conn.get(None), "path is None"),
    "get(b'')": (lambda conn: conn.get(b"sessions"), "path is of type bytes"),
    "request(3, '')": (lambda conn: conn.request(3, "sessions"), "method is of type int"),
    "params": (lambda conn: conn.get("sessions", params=3), "params is of type int"),
    "headers": (lambda conn: conn.get("sessions", headers=["a"]), "headers is of type list"),
    "json": (lambda conn: conn.post("sessions", json={"a": {1, 2}}), "cannot be written.*JSON serializable: set"),
    "data": (lambda conn: conn.post("sessions", data=3), "data is of type int"),
    "create_api_token": (lambda conn: conn.create_api_token(b"x"), "user_id is of type bytes"),
    "write(None, …)": (lambda conn: conn.write(None, {}), "dataset's name is None"),
    "write(description)": (lambda conn: conn.write("New", {}, description=3), "description is of type int"),
    "write(attributes)": (lambda conn: conn.write("New", {}, attributes=3), "attributes= .* is of type int"),
    "write(chunk_rows)": (lambda conn: write(conn, chunk_rows="5"), "chunk_rows is of type str"),
    "write(chunk_bytes)": (lambda conn: write(conn, chunk_bytes=[]), "chunk_bytes is of type list"),
    "SuperCube(None)": (lambda _: ma.SuperCube(None, "New"), "the connection is None"),
    "SuperCube(id=3)": (lambda conn: ma.SuperCube(conn, id=3), "id is of type int"),
    "limits": (lambda conn: conn.cube("Sales Cube", limits=None), "limits is None"),
    "deadline": (lambda conn: conn.cube("Sales Cube", deadline="1"), "deadline is of type str"),
    "head(None)": (lambda conn: conn.cube("Sales Cube").head(None), "number of rows is None"),
    "head(2.5)": (lambda conn: conn.cube("Sales Cube").head(2.5), "number of rows is of type float"),
    "head(True)": (lambda conn: conn.cube("Sales Cube").head(True), "number of rows is of type bool"),
    "filter(3)": (lambda conn: conn.cube("Sales Cube").filter(3), "."),
    "filter_sql(3)": (lambda conn: conn.cube("Sales Cube").filter_sql(3), "condition is of type int"),
    "sort(descending=None)": (
        lambda conn: conn.cube("Sales Cube").sort("Units", descending=None),
        "descending is None",
    ),
    "sort(descending=['a'])": (
        lambda conn: conn.cube("Sales Cube").sort("Units", descending=["a"]),
        "an order in descending is of type str",
    ),
    "elements(None)": (lambda conn: conn.cube("Sales Cube").elements(None), "attribute's name is None"),
    "choices(3)": (
        lambda conn: conn.report("Prompted Elements").prompts.choices(3),
        "prompt's name is of type int",
    ),
    "choices(…, 3)": (
        lambda conn: conn.report("Prompted Elements").prompts.choices("Year", 3),
        "search is of type int",
    ),
    "no_proxy": (lambda _: ma.Network(no_proxy=None), "Network.no_proxy is None"),
    "no_proxy=[3]": (lambda _: ma.Network(no_proxy=[3]), "host of Network.no_proxy is of type int"),
    "Proxy(None)": (lambda _: ma.Proxy(None), "Proxy.url is None"),
    "Proxy(username)": (lambda _: ma.Proxy("http://h", username=3), "Proxy.username is of type int"),
}


def write(connection, **options):
    return connection.write("New", pl.DataFrame({"a": [1]}), **options)


@pytest.mark.parametrize("call", WRONG)
def test_an_argument_of_a_wrong_type_is_told_by_its_name(connection, call):
    act, told = WRONG[call]
    with pytest.raises(errors.UsageError, match=told):
        act(connection)
