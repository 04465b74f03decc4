"""Matrices of element indices: as JSON says, or not at all; and the keys of a page's parts, wherever they stand."""

from __future__ import annotations

import json
import re
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mstr_arrow.grid import indices, places
from mstr_arrow.grid.cut import Piece
from mstr_arrow.grid.indices import read_indices
from mstr_arrow.grid.places import find_lists

GENERATED = settings(deadline=None, database=None)
NUMBERS = st.sampled_from([0, 1, 9, 10, 99, 100, 12_345, 10**8, 999_999_999]) | st.integers(0, 10**9 - 1)


def read(text: bytes, columns: int, block: int = places.BLOCK, before: bytes = b"", after: bytes = b""):
    """Read a matrix amid other text; a list of rows, or None."""
    with patch.object(indices, "BLOCK", block):
        found = read_indices(Piece(before + text + after, len(before), len(before) + len(text)), columns)
    return (
        None
        if found is None
        else [list(row) for row in zip(*(column.to_pylist() for column in found), strict=True)]
    )


@st.composite
def matrices(draw):
    columns = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(NUMBERS, min_size=columns, max_size=columns), min_size=1, max_size=12))
    return columns, json.dumps(rows, separators=(",", ":")).encode()


AROUND = st.sampled_from([b"", b"1", b"],", b"[[1],", b"}"])


@GENERATED
@given(matrix=matrices(), block=st.integers(1, 60), before=AROUND, after=AROUND)
def test_whole_numbers_are_read_as_json_says(matrix, block, before, after):
    columns, text = matrix
    assert read(text, columns, block, before, after) == json.loads(text)


@GENERATED
@given(matrix=matrices(), data=st.data())
def test_a_damaged_matrix_is_read_as_json_says_or_not_at_all(matrix, data):
    columns, text = matrix
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(1, len(text) - 1))
        put = data.draw(
            st.sampled_from([b"", b"[", b"]", b",", b"0", b"7", b"-", b".", b" ", b'"', b"],[", b"null"])
        )
        text = text[:place] + put + text[place + data.draw(st.integers(0, 2)) :]
    found = read(text, columns, data.draw(st.integers(1, 60)))
    if found is not None:
        assert found == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"[[-1]]",
            b"[[01]]",
            b"[[00]]",
            b"[[1.0]]",
            b"[[1e3]]",
            b"[[null]]",
            b'[["1"]]',
            b"[[1] ]",
            b"[[ 1]]",
            b"[[]]",
        ),
        *(
            b"[[1000000000]]",
            b"[[1],[2,3]]",
            b"[[1,2],[3,4]]",
            b"[[1],]",
            b"[[1]",
            b"[[1]]]",
            b"[[1][2]]",
            b"[[1],,[2]]",
        ),
        *(b"[[1],[]]", b"[[[1]]]", b"[[1],2]", b"[[\xb2]]"),
    ],
)
def test_other_matrices_are_not_read(text):
    assert read(text, 1) is None
    assert read(text, 1, block=1) is None


@GENERATED
@given(
    st.lists(
        st.sampled_from([b'"rows":[[', b'"elements":[{', b'"raw":[[', b"[[", b"[{", b"[", b"x", b'":[[']),
        max_size=12,
    ),
    st.integers(1, 30),
)
def test_keys_of_lists_are_found_wherever_they_stand(parts, block):
    text = b"".join(parts)
    keys = (b'"elements":[{', b'"rows":[[')
    with patch.object(places, "BLOCK", block):
        found = list(find_lists(text, keys))
    assert found == [(match.start(), match[0]) for match in re.finditer(b"|".join(map(re.escape, keys)), text)]
