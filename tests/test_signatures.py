"""Options that are mistyped, and those that ``help()`` and Tab show."""

import asyncio
import inspect

import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import UsageError
from mstr_arrow.session.rest import Endpoints

TABLE = pa.table({"store": ["Lyon"], "revenue": [1.5]})
VERBS = ("request", "get", "head", "post", "put", "patch", "delete")


def supercube(connection):
    cube = ma.SuperCube(connection, name="Stores")
    cube.add_table("stores", TABLE)
    return cube


MISTYPED = {
    "cube": (lambda conn: conn.cube("Sales Cube", concurrancy=2), "cube", "concurrancy", "concurrency"),
    "own": (lambda conn: conn.cube("Sales Cube", row_count=True), "cube", "row_count", "row_counts"),
    "report": (lambda conn: conn.report("Plain Report", sutbotals="keep"), "report", "sutbotals", "subtotals"),
    "options": (lambda conn: conn.cube("Sales Cube").with_options(type={}), "with_options", "type", "types"),
    "extract": (lambda conn: conn.cube("Sales Cube").extract("x", part_row=1), "extract", "part_row", "part_rows"),
    "write": (lambda conn: conn.write("Stores", TABLE, atributes=["store"]), "write", "atributes", "attributes"),
    "create": (lambda conn: supercube(conn).create(force_it=True), "create", "force_it", "force"),
    "update": (lambda conn: supercube(conn).update(verfy=True), "update", "verfy", "verify"),
    "request": (lambda conn: conn.get("status", param={}), "get", "param", "params"),
}


@pytest.mark.parametrize(("call", "method", "wrong", "right"), MISTYPED.values(), ids=MISTYPED)
def test_a_mistyped_option_is_told_with_what_is_near(connection, simulator, call, method, wrong, right):
    connection.project_id  # noqa: B018 - asked for once
    before = [each for each in simulator.requests if each.method not in {"GET", "DELETE"}]
    with pytest.raises(UsageError) as caught:
        call(connection)
    assert caught.value.message == f"{method}() takes no {wrong!r}."
    assert f"'{right}'" in caught.value.hint
    assert [each for each in simulator.requests if each.method not in {"GET", "DELETE"}] == before


def test_an_asynchronous_call_says_it_when_it_is_awaited(connection):
    with pytest.raises(UsageError, match=r"cube_async\(\) takes no 'concurrancy'"):
        asyncio.run(connection.cube_async("Sales Cube", concurrancy=2))
    assert inspect.iscoroutinefunction(connection.cube_async)


def test_what_is_near_nothing_is_told_with_all_there_is(connection):
    with pytest.raises(UsageError) as caught:
        connection.cube("Sales Cube", x=1)
    assert "'name_or_id', 'row_counts', 'instance_id', 'types'" in caught.value.hint


@pytest.mark.parametrize(
    ("method", "options"),
    [
        *(
            (getattr(ma.Connection, f"{name}{twin}"), ma.ScanOptions)
            for name in ("cube", "report")
            for twin in ("", "_async")
        ),
        *((getattr(ma.Cube, f"extract{twin}"), ma.ExtractOptions) for twin in ("", "_async")),
        (ma.Scan.with_options, ma.ScanOptions),
        *(
            (getattr(Endpoints, f"{name}{twin}"), {"params": ..., "json": ..., "safe": ...})
            for name in VERBS
            for twin in ("", "_async")
        ),
    ],
    ids=lambda each: getattr(each, "__qualname__", ""),
)
def test_a_signature_lists_the_options(method, options):
    parameters = inspect.signature(method).parameters
    assert set(getattr(options, "__annotations__", options)) <= set(parameters)
    assert not [each for each in parameters.values() if each.kind is each.VAR_KEYWORD]


def test_help_shows_an_option_with_its_type():
    assert "concurrency: 'int | None' = ..." in str(inspect.signature(ma.Connection.cube))
