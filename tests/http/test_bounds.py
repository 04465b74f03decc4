"""What a server can send is bounded, in memory and in time."""

import asyncio
import gzip
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from aiohttp import web

from mstr_arrow import background, errors, json_bounds
from mstr_arrow.config import Limits, Retry, Settings
from mstr_arrow.grid import decode, fast
from mstr_arrow.grid.cut import Unrecognised
from mstr_arrow.grid.exact import parse
from mstr_arrow.http import body as body_module
from mstr_arrow.http import exchange
from mstr_arrow.http.body import json_text, unpack
from mstr_arrow.http.client import Http
from mstr_arrow.http.response import Response, parse_json
from mstr_arrow.opening import connect
from mstr_arrow.prompts.collection import load
from mstr_arrow.session.saved_session import read_session
from mstr_arrow.simulator import Fault

MIB = 2**20
ZEROS = bytes(16 * MIB)
BOMB = gzip.compress(ZEROS, mtime=0)
HALF = gzip.compress(ZEROS[: MIB // 2 + 1], mtime=0)
BARE = zlib.compressobj(wbits=-15)
BOMBS = {
    "gzip": (BOMB, "gzip"),
    "gzip in gzip": (gzip.compress(BOMB, mtime=0), "gzip, gzip"),
    "behind another member": (gzip.compress(b"{}", mtime=0) + BOMB, "gzip"),
    "of members that are small": (2 * HALF, "gzip"),
    "of many members": (3_000 * gzip.compress(bytes(1_000), mtime=0), "gzip"),
    "deflate": (zlib.compress(ZEROS), "deflate"),
    "bare deflate": (BARE.compress(ZEROS) + BARE.flush(), "deflate"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_unpacks_to_more_than_is_sane_is_not_unpacked(bomb):
    body, encoding = BOMBS[bomb]
    tracemalloc.start()
    try:
        with pytest.raises(errors.ProtocolError, match=r"larger than \d+ MiB.*Limits.page_rows.*buffer_bytes"):
            unpack(body, encoding, MIB)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


def test_a_bomb_that_no_header_tells_of_is_not_unpacked_either(monkeypatch):
    monkeypatch.setattr(body_module, "LARGEST", MIB)
    with pytest.raises(errors.ProtocolError, match="larger than 1 MiB"):
        json_text(BOMB)


def test_many_members_are_unpacked_in_little_time():
    parts = [b"%06d" % number for number in range(20_000)]
    assert unpack(b"".join(gzip.compress(part, mtime=0) for part in parts), "gzip") == b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB])
def test_what_is_just_small_enough_is_read(size):
    body = gzip.compress(ZEROS[:size], mtime=0)
    assert unpack(body, "gzip", MIB) == ZEROS[:size]
    assert Response(200, {}, body, "gzip", largest=MIB).content() == ZEROS[:size]


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_nested_without_end_is_no_json(opening):
    with pytest.raises(errors.ProtocolError, match="not JSON"):
        parse_json(100_000 * opening)


def test_nested_without_end_is_no_session_and_no_answer_to_a_prompt(tmp_path):
    with pytest.raises(errors.UsageError, match="no JSON object"):
        read_session('{"a":' * 100_000)
    (tmp_path / "answers.json").write_text('{"a":' * 100_000)
    with pytest.raises(errors.UsageError, match="cannot be read"):
        load(tmp_path / "answers.json")


# Bodies without end


def streamed(piece, seconds, times=10_000_000):
    """Send pieces, with a wait between them."""

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(times):
            await response.write(piece)
            await asyncio.sleep(seconds)
        return response

    return handler


def ask(library, settings):
    async def response():
        http = Http(library.url, settings)
        try:
            return await http.request("GET", "x")
        finally:
            await http.aclose()

    return background.run(response())


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_without_end_is_left(library, quick, monkeypatch, status):
    monkeypatch.setattr(exchange, "BEYOND_BUFFER", MIB)

    async def endless(request):
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        while True:
            await response.write(bytes(2**16))

    library.on("GET", "/api/x", endless)
    with pytest.raises(errors.ProtocolError, match="larger than 1 MiB, and was not read to its end"):
        ask(library, replace(quick, limits=Limits(buffer_bytes=1)))
    assert library.count("GET", "/api/x") == 1


def test_two_bytes_now_and_then_are_silence(library, quick):
    library.on("GET", "/api/x", streamed(b"xx", 0.05))
    with pytest.raises(errors.TimeoutExceeded, match="its rest did not come in time"):
        ask(
            library,
            replace(quick, timeouts=replace(quick.timeouts, read=0.3), retry=Retry(attempts=1)),
        )


def test_a_trickle_of_more_than_that_is_read(library, quick):
    library.on("GET", "/api/x", streamed(bytes(50), 0.05, times=20))
    response = ask(library, replace(quick, timeouts=replace(quick.timeouts, read=0.5)))
    assert len(response.body) == 1_000


def test_a_small_body_may_take_its_time(library, quick):
    library.on("GET", "/api/x", streamed(b"x", 0.05, times=5))
    assert ask(library, quick).body == b"xxxxx"


# Many bodies at once


def ask_all(library, settings, count, keep):
    """Ask for so many answers at once, which are kept or let go of; return their sizes, or what went wrong."""

    async def answers():
        http = Http(library.url, settings)
        kept = []

        async def one():
            response = await http.request("GET", "x")
            if keep:
                kept.append(response)
            return len(response.body)

        try:
            return await asyncio.gather(*(one() for _ in range(count)), return_exceptions=True)
        finally:
            await http.aclose()

    return background.run(answers())


def test_bodies_without_end_take_little_more_than_one(library, quick, monkeypatch):
    monkeypatch.setattr(exchange, "BEYOND_BUFFER", 24 * MIB)
    library.on("GET", "/api/x", streamed(bytes(2**16), 0))
    tracemalloc.start()
    try:
        ends = ask_all(library, replace(quick, limits=Limits(buffer_bytes=MIB)), 5, keep=False)
        assert {type(end) for end in ends} == {errors.ProtocolError}
        assert tracemalloc.get_traced_memory()[1] < 70 * MIB
    finally:
        tracemalloc.stop()


def test_large_bodies_that_are_let_go_of_come_one_after_the_other(library, quick, monkeypatch):
    monkeypatch.setattr(exchange, "SMALL", 0)
    library.on("GET", "/api/x", streamed(bytes(50_000), 0, times=4))
    assert ask_all(library, replace(quick, limits=Limits(buffer_bytes=1)), 8, keep=False) == [200_000] * 8


def test_large_bodies_that_nobody_lets_go_of_leave_no_room_for_others(library, quick, monkeypatch):
    monkeypatch.setattr(exchange, "SMALL", 0)
    library.on("GET", "/api/x", streamed(bytes(50_000), 0, times=4))
    settings = replace(quick, limits=Limits(buffer_bytes=1), timeouts=replace(quick.timeouts, read=0.2))
    first, *others = ask_all(library, settings, 3, keep=True)
    assert first == 200_000
    assert all("there was no room for the response: others of this connection hold" in str(each) for each in others)


@pytest.mark.parametrize("limits", [Limits(buffer_bytes=1, page_rows=700), Limits(buffer_bytes=1, concurrency=6)])
def test_pages_for_which_there_is_hardly_room_are_read_all_the_same(simulator, monkeypatch, limits):
    monkeypatch.setattr(exchange, "SMALL", 0)
    who = {"username": simulator.username, "password": simulator.password, "project": simulator.project}
    with connect(simulator.url, **who, settings=Settings(limits=limits)) as connection:
        table = connection.cube("Sales Cube").to_arrow()
        assert table.num_rows == simulator.truth("Sales Cube").num_rows
        assert connection.report("Plain Report").to_arrow().num_rows


def test_a_first_page_that_cannot_be_read_leaves_its_room_to_the_one_asked_for_again(simulator, quick, monkeypatch):
    monkeypatch.setattr(exchange, "SMALL", 0)
    who = {"username": simulator.username, "password": simulator.password, "project": simulator.project}
    settings = replace(quick, limits=Limits(buffer_bytes=1), timeouts=replace(quick.timeouts, read=1))
    with connect(simulator.url, **who, settings=settings) as connection:
        cube = connection.cube("Sales Cube")
        assert cube.schema.names
        asked = len(simulator.requests)
        simulator.fail(Fault.lying_page(current=5).on("GET", "/instances/"))
        assert cube.to_arrow().num_rows == simulator.truth("Sales Cube").num_rows
        first = [
            each for each in simulator.requests[asked:] if each.method == "GET" and each.query.get("offset") == "0"
        ]
    assert len(first) == 2


# Pages that are small enough as text, and too large for memory once they are parsed


@pytest.fixture
def parsed_within(monkeypatch):
    """Have pages parsed as a whole, and refused above so many bytes of text and objects."""

    def unrecognised(*_):
        raise Unrecognised

    def parsed_within(most):
        monkeypatch.setattr(fast, "read_arrays", unrecognised)
        monkeypatch.setattr(json_bounds, "_SURELY_SMALL", 0)
        monkeypatch.setattr(decode, "parse", lambda text, **more: parse(text, **(more | {"largest": most})))

    return parsed_within


@pytest.mark.parametrize("limits", [Limits(page_rows=600), Limits(page_rows=600, concurrency=1)])
@pytest.mark.parametrize("total_order", [False, True])
def test_of_rows_that_would_take_too_much_memory_fewer_are_asked_for(
    simulator, quick, parsed_within, limits, total_order
):
    who = {"username": simulator.username, "password": simulator.password, "project": simulator.project}
    with connect(simulator.url, **who, settings=replace(quick, limits=limits)) as connection:
        cube = connection.cube("Sales Cube", total_order=total_order)
        due = cube.to_arrow()
        parsed_within(800_000)
        asked = len(simulator.requests)
        assert cube.to_arrow() == due
    pages = [each for each in simulator.requests[asked:] if "/instances" in each.path and "limit" in each.query]
    rows = [int(page.query["limit"]) for page in pages]
    assert max(rows) == 600
    assert len(rows) < 30


def test_rows_of_which_none_can_be_parsed_are_refused(simulator, quick, parsed_within):
    who = {"username": simulator.username, "password": simulator.password, "project": simulator.project}
    with connect(simulator.url, **who, settings=quick) as connection:
        cube = connection.cube("Sales Cube")
        parsed_within(100)
        with pytest.raises(errors.ProtocolError, match=r"it was not parsed.*Limits.page_rows") as caught:
            cube.to_arrow()
    assert caught.value.too_large


# What is promised


def test_a_session_of_milliseconds_is_not_renewed_without_a_pause(library, quick):
    library.on("GET", "/api/sessions", status=200, json={"timeout": 0.001})
    with connect(library.url, username="ann", password="x", settings=quick):
        background.run(asyncio.sleep(0.7))
    assert library.count("PUT", "/api/sessions") <= 3


def test_a_search_that_repeats_itself_has_an_end(library, retail):
    found = {"id": "A" * 32, "name": "Sales", "type": 3, "subtype": 776}
    library.on("POST", "/api/metadataSearches/results", status=200, json={"id": "S1", "totalItems": 10**9})
    library.on("GET", "/api/metadataSearches/results", status=200, json={"totalItems": 10**9, "result": [found]})
    with pytest.warns(errors.DataLossWarning, match="all but 999,999,999, and then the first ones again"):
        assert [info.name for info in retail.objects()] == ["Sales"]
    at_once = retail.settings.limits.max_concurrency
    assert library.count("GET", "/api/metadataSearches/results") <= 1 + at_once
