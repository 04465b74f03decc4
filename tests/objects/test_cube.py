import asyncio
from datetime import datetime

import pytest

import mstr_arrow as ma
from mstr_arrow.errors import NotFound, ProtocolError
from mstr_arrow.objects.cube import read_info

INFO = {
    "cubeName": "Sales",
    "cubeId": "C" * 32,
    "ownerId": "O" * 32,
    "path": "\\Retail\\Shared\\Sales",
    "modificationTime": "2020-02-10 16:17:05",
    "serverMode": 1,
    "size": 710656,
    "status": 17518,
}


def info(**changes):
    return read_info({"cubesInfos": [INFO | changes]}, None)


def test_the_information_is_read():
    assert info() == ma.CubeInfo(
        id="C" * 32,
        name="Sales",
        path="\\Retail\\Shared\\Sales",
        size_bytes=710656,
        modified=datetime(2020, 2, 10, 16, 17, 5),
        ready=True,
        rows=None,
    )


@pytest.mark.parametrize(
    ("status", "ready"), [(17518, True), (98, True), (64, True), (0, False), (1 + 2 + 32, False)]
)
def test_ready_is_one_bit_of_the_status(status, ready):
    assert info(status=status).ready is ready


@pytest.mark.parametrize(
    ("text", "modified"),
    [("02/10/2020 16:17:05", (2020, 2, 10, 16, 17, 5)), ("soon", None), ("", None), (None, None)],
)
def test_the_time_of_the_last_change_has_two_spellings(text, modified):
    expected = datetime(*modified) if modified else None
    assert info(modificationTime=text).modified == expected


@pytest.mark.parametrize("body", [None, {}, {"cubesInfos": []}, {"cubesInfos": [{}]}, [], "text"])
def test_what_is_no_information_is_told(body):
    with pytest.raises(ProtocolError, match="no information about a cube"):
        read_info(body, None)


def test_a_cube_is_found_by_name_id_and_path(connection, simulator):
    cube_id = simulator.cubes["One Row"]
    found = [connection.cube(x) for x in ("One Row", cube_id, cube_id.lower(), f" {cube_id} ", "Reports/One Row")]
    assert {(cube.id, cube.name) for cube in found} == {(cube_id, "One Row")}
    assert repr(found[0]) == f"<Cube 'One Row' {cube_id}>"


def test_what_an_id_belongs_to_is_told(connection):
    with pytest.raises(NotFound, match="no cube has the id"):
        connection.cube("0" * 32)


def test_rows_are_known_once_an_instance_was_looked_at(connection):
    cube = connection.cube("Only Attributes")
    assert cube.info.name == "Only Attributes"
    assert cube.info.size_bytes > 0
    assert cube.info.ready
    assert cube.info.rows is None
    assert cube.count_rows() == 10
    assert cube.info.rows == 10
    cube.to_arrow()
    assert asyncio.run(cube.info_async()).rows == 10


def test_other_options_leave_the_cube_a_cube_and_the_first_one_alone(connection):
    cube = connection.cube("One Row")
    assert cube.count_rows() == 1
    other = cube.with_options(ordered=False)
    assert isinstance(other, ma.Cube)
    assert other.name == cube.name
    assert other.info.rows is None
    assert cube.info.rows == 1


def test_an_unpublished_cube_is_not_ready(connection):
    assert not connection.cube("Not Published").info.ready
