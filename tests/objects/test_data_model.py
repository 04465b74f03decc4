"""Data models: found, read as cubes are, with parameters."""

import asyncio

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import NotFound, NotSupported, UsageError
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import IDLE, connect_to

NAME = "Retail Model"


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=50, **IDLE) as server:
        yield server


@pytest.fixture
def conn(server):
    with connect_to(server, project=server.project) as connection:
        yield connection


def plain(table):
    return pl.from_arrow(table).to_dicts()


def test_a_model_is_read_as_a_cube_is(server, conn):
    model = conn.data_model(NAME)
    assert plain(model.to_arrow()) == plain(server.truth(NAME)) == plain(conn.cube(NAME).to_arrow())
    assert repr(model) == f"<DataModel 'Retail Model' {server.cubes[NAME]}>"
    assert (model.serve_mode, conn.data_model("Live Model").serve_mode) == ("in memory", "connect live")
    assert model.info.name == NAME
    condition = ma.col("City") == "Rome"
    assert model.filter(condition).count_rows() == 8


@pytest.mark.parametrize("spelled", ["id", "path", "url", "name"])
def test_a_model_is_found_however_it_is_spelled(server, conn, spelled):
    model_id = server.cubes[NAME]
    given = {
        "id": model_id.lower(),
        "path": f"/Public Objects/Retail Models/{NAME}",
        "url": f"{server.url}/app/{server.project_id}/{model_id}",
        "name": "retail model",
    }[spelled]
    assert conn.data_model(given).id == conn.find(given).id == conn.cube(given).id == model_id
    assert conn.find(given).kind == conn.find(given, "cube").kind == "data model"


def test_models_are_listed_by_themselves(conn):
    models = [each.name for each in conn.objects(kind="data model")]
    assert models == ["Draft Model", "Live Model", NAME]
    assert not {*models} & {each.name for each in conn.objects(kind="cube")}
    assert {*models} < {each.name for each in conn.objects()}


def test_what_is_no_model_is_told(conn):
    with pytest.raises(NotFound, match=r"no data model but a cube, 'Sales Cube'. Read it by cube\(\)"):
        conn.data_model("Sales Cube")
    with pytest.raises(NotFound, match="no data model but a report"):
        conn.data_model("Plain Report")
    with pytest.raises(NotFound, match=r"no data model 'Retail Modle'.*Did you mean 'Retail Model'"):
        conn.data_model("Retail Modle")
    with pytest.raises(NotFound, match=r"no report but a data model.*data_model\(\)"):
        conn.report(NAME)


def test_a_server_that_does_not_tell_models_apart_is_believed(server, conn):
    server.fail(Fault.rewritten(lambda body: body.replace(b'"extType"', b'"other"')).on(path="/searches/", times=2))
    assert conn.data_model(NAME).serve_mode is None
    server.heal()


@pytest.mark.parametrize("pages", [5, 1000])
def test_parameters_change_what_is_read(server, conn, pages):
    values = {"City": "Rome", "Currency": "usd", "growth": 50}
    model = conn.data_model(NAME, parameters=values, page_rows=pages)
    truth = server.truth(NAME, answers={"City": "Rome", "Currency": "USD", "Growth": "50"})
    assert plain(model.to_arrow()) == plain(truth)
    rome = server.truth(NAME, answers={"City": "Rome"})
    assert plain(conn.data_model(NAME, parameters={"City": "Rome", "Growth": None}).to_arrow()) == plain(rome)


def test_parameters_are_part_of_what_is_asked(server, conn, tmp_path):
    model = conn.data_model(NAME, parameters={"Currency": "USD"})
    assert '"parameters":' in model.explain()
    total = model.filter(ma.col("City") == "Rome").aggregate("City", "Planned Sales").to_arrow()
    truth = server.truth(NAME, answers={"City": "Rome", "Currency": "USD"})
    assert total["Planned Sales"].to_pylist() == [sum(truth["Planned Sales"].to_pylist())]
    ordered = conn.data_model(NAME, parameters={"Currency": "USD"}, page_rows=5, total_order=True)
    assert ordered.to_arrow().num_rows == 40
    model.extract(tmp_path / "usd")
    assert model.extract(tmp_path / "usd").skipped
    with pytest.raises(UsageError, match="something else"):
        conn.data_model(NAME, parameters={"Currency": "GBP"}).extract(tmp_path / "usd")


def test_values_are_checked_before_an_instance_is_made(server, conn):
    before = server.instances_created
    with pytest.raises(UsageError, match="Did you mean 'EUR'"):
        conn.data_model(NAME, parameters={"Currency": "EURO"})
    with pytest.raises(NotFound, match="Did you mean 'Growth'"):
        conn.data_model(NAME, parameters={"Growht": 5})
    with pytest.raises(UsageError, match="instance_id= and parameters= exclude each other"):
        conn.data_model(NAME, parameters={"Growth": 5}, instance_id="A" * 32)
    with pytest.raises(UsageError, match="cube\\(\\) takes no 'parameters'"):
        conn.cube("Sales Cube", parameters={"Growth": 5})
    assert server.instances_created == before


def test_old_servers_say_what_they_lack():
    with (
        Simulator(rows=5, data_models=False, model_parameters=False, **IDLE) as server,
        connect_to(server, project=server.project) as connection,
    ):
        model = connection.data_model(NAME)
        assert model.count_rows() == 40
        with pytest.raises(NotSupported, match=r"does not know the tables of data models.*It is older"):
            model.tables()
        with pytest.raises(NotSupported, match="does not know the parameters of data models"):
            connection.data_model(NAME, parameters={"City": "Rome"})
        assert connection.data_model(NAME, parameters={}).count_rows() == 40


def test_tables_come_whole(server, conn):
    assert conn.data_model(NAME).tables().table().num_rows == 2
    server.fail(
        Fault.rewritten(lambda body: body.replace(b'"total":2', b'"total":3')).on("GET", "/tables$", times=9)
    )
    with pytest.raises(ma.errors.ProtocolError, match="lists 2 tables of the data model and counts 3"):
        conn.data_model(NAME).tables()
    server.heal()


def test_every_call_has_an_async_twin(server):
    async def read():
        async with ma.connect_async(server.url, username=server.username, password=server.password) as connection:
            model = await connection.data_model_async(NAME, parameters={"City": "Rome"})
            assert [each.name for each in await model.tables_async()] == ["ytd_day", "city_mnth_sls"]
            assert [each.name for each in await model.parameters_async()] == ["City", "Currency", "Growth"]
            assert await model.count_rows_async() == 8

    asyncio.run(read())
