"""An error that is kept holds nothing of the page it came of, and tells the same lines."""

import gc
import traceback
import weakref

import pytest

from mstr_arrow.fetch.frames import empty_frames


class Text:
    """Something large."""


def fails(holders):
    text = Text()
    holders.append(weakref.ref(text))
    try:
        raise ValueError("first")  # noqa: TRY301 - that is what fails
    except ValueError:
        other = Text()
        holders.append(weakref.ref(other))
        raise KeyError("second")  # noqa: B904 - as where a second decoder is tried


def test_an_error_whose_frames_are_empty_holds_nothing_and_tells_the_same_lines():
    holders = []
    with pytest.raises(KeyError) as caught:
        fails(holders)
    before = traceback.format_exception(caught.value)
    assert all(each() is not None for each in holders)
    empty_frames(caught.value)
    assert [each() for each in holders] == [None, None]
    assert traceback.format_exception(caught.value) == before


def test_a_generator_that_an_error_passed_goes_on():
    def numbers():
        try:
            yield 1
        except ValueError as error:
            empty_frames(error)
        yield 2

    each = numbers()
    next(each)
    assert each.throw(ValueError("thrown in")) == 2
    gc.collect()
