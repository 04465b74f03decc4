"""An error does not hold the text that it refuses."""

import gc
import traceback

import pytest

from mstr_arrow.errors import ProtocolError
from mstr_arrow.http.response import parse_json


def held(error):
    """List the sizes of the long byte strings that frames of an error hold."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename != __file__]
    return [len(each) for frame in frames for each in frame.f_locals.values() if isinstance(each, bytes)]


@pytest.mark.parametrize(
    "text", [b"[" + b"{}," * 10**6 + b"{}]", b"[" + b"1," * 10**6], ids=["many objects", "no end"]
)
def test_an_error_does_not_hold_what_it_refuses(text):
    with pytest.raises(ProtocolError) as caught:
        parse_json(text, largest=2**20)
    gc.collect()
    assert max(held(caught.value), default=0) < 1000
