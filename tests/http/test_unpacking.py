"""Gzip is unpacked alike with isal, which the extra ``speed`` installs, and without."""

import asyncio
import gzip
import threading
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.errors import ProtocolError
from mstr_arrow.http import body as body_module
from mstr_arrow.http.body import unpack
from mstr_arrow.http.response import Response

TEXTS = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda text, times: text * times, st.binary(min_size=1, max_size=9), st.integers(1, 400)),
)
HEADER = b"\x1f\x8b\x08"


def member(text, level, named=None):
    """Pack a text, with the name of a file in the header where one is given."""
    if named is None:
        packer = zlib.compressobj(level, wbits=31)
        return packer.compress(text) + packer.flush()
    packed = gzip.compress(text, level, mtime=0)
    return HEADER + b"\x08" + packed[4:10] + named + b"\0" + packed[10:]


MEMBERS = st.builds(member, TEXTS, st.sampled_from([0, 1, 6, 9]), st.sampled_from([None, None, b"rows.json"]))


@st.composite
def bodies(draw):
    """Draw bodies that are whole, cut, damaged, or have something behind them; of one member or several."""
    body = b"".join(draw(st.lists(MEMBERS, min_size=1, max_size=3)))
    what = draw(st.sampled_from(["whole", "cut", "damaged", "damaged header", "more"]))
    if what == "cut":
        return body[: draw(st.integers(0, len(body)))]
    if what == "more":
        return body + draw(st.sampled_from([bytes(9), b"rubbish", HEADER, b"\0x"]))
    if what != "whole":
        at = draw(st.integers(0, (10 if what == "damaged header" else len(body)) - 1))
        return body[:at] + bytes([draw(st.integers(0, 255))]) + body[at + 1 :]
    return body


def outcome(library, body, step, largest=2**24):
    """Unpack with one library: the bytes, or the kind of error without a library's own words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(body_module, "quick", library)
        patch.setattr(body_module, "STEP", step)
        try:
            return unpack(body, "gzip", largest)
        except ProtocolError as error:
            damaged = (
                "gzip is damaged",
                "gzip ends early",
            )  # which of them depends on the library
            return "damaged" if any(words in str(error) for words in damaged) else str(error)


@given(bodies(), st.sampled_from([1, 50, 2**24]))
def test_isal_gives_what_zlib_gives(body, step):
    isal_zlib = pytest.importorskip("isal.isal_zlib")
    assert outcome(isal_zlib, body, step) == outcome(zlib, body, step)


@given(st.lists(MEMBERS, min_size=1, max_size=3), st.sampled_from([1, 50, 2**24]), st.integers(0, 2_000))
def test_isal_keeps_to_the_same_bounds(members, step, largest):
    isal_zlib, body = pytest.importorskip("isal.isal_zlib"), b"".join(members)
    assert outcome(isal_zlib, body, step, largest) == outcome(zlib, body, step, largest)


@pytest.mark.parametrize("library", ["zlib", "isal.isal_zlib"])
def test_members_behind_one_that_takes_several_steps_are_unpacked_once(library):
    body = gzip.compress(bytes(100)) + gzip.compress(b"x")
    assert outcome(pytest.importorskip(library), body, 50) == bytes(100) + b"x"


@pytest.mark.parametrize("flags", [0x20, 0x40, 0x80])
@pytest.mark.parametrize("library", ["zlib", "isal.isal_zlib"])
def test_a_header_that_is_not_allowed_is_refused(library, flags):
    body = HEADER + bytes([flags]) + gzip.compress(b"{}")[4:]
    assert outcome(pytest.importorskip(library), body, 2**24) == "damaged"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip"])
def test_unpacking_stops_where_nobody_waits_for_it_any_more(monkeypatch, encoding):
    """The response would be unpacked for hours: its pieces come as long as somebody takes them."""
    begun, stopped = threading.Event(), threading.Event()

    def without_end(*_):
        try:
            while True:
                begun.set()
                yield b"x"
        finally:
            stopped.set()

    monkeypatch.setattr(body_module, "_gunzip", without_end)
    monkeypatch.setattr(body_module, "_inflate", without_end)
    response = Response(200, {}, b"packed", encoding, largest=10**18)

    async def read():
        with response.give_up_if_cancelled():
            await asyncio.to_thread(response.content)

    async def give_up():
        reading = asyncio.create_task(read())
        await asyncio.to_thread(begun.wait, 20)
        reading.cancel()
        await asyncio.wait([reading])
        return reading.cancelled()

    assert asyncio.run(give_up())
    assert stopped.wait(20)
