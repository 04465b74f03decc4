"""Hashes of rows are the same ones, in the same order, in memory and in a temporary file."""

import tempfile
from contextlib import closing
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.upload import row_hashes
from mstr_arrow.upload.row_hashes import RowHashes

TEMPORARY_FILE = tempfile.TemporaryFile

APPENDED = st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=12), max_size=12)


def fill(hashes, lists):
    for numbers in lists:
        hashes.append(pl.Series(numbers, dtype=pl.UInt64))


def read(hashes):
    return [number for block in hashes for number in block]


@given(APPENDED, st.sampled_from([2, 4]))
def test_they_come_back_in_order(lists, every):
    numbers = [number for each in lists for number in each]
    with patch.object(row_hashes, "BLOCK", 5), closing(RowHashes()) as hashes:
        fill(hashes, lists)
        assert read(hashes) == numbers
        assert len(hashes) == len(numbers)
        with closing(hashes.thin(every)) as kept:
            assert read(kept) == [number for number in numbers if number % every == 0]


def test_only_a_block_of_them_is_in_memory(monkeypatch):
    monkeypatch.setattr(row_hashes, "BLOCK", 5)
    with closing(RowHashes()) as hashes:
        fill(hashes, [[1, 2, 3]] * 7)
        assert [len(block) for block in hashes] == [5, 5, 5, 3, 3]


class FullDisk:
    """A temporary file on a disk that is full after some bytes, so that a write is cut short, or fails."""

    def __init__(self, room, *, cuts):
        self._file = TEMPORARY_FILE(buffering=0)
        self._room = room
        self._cuts = cuts
        self.seek, self.read, self.close = self._file.seek, self._file.read, self._file.close

    def write(self, data):
        fits = min(len(data), self._room)
        if fits < len(data) and not self._cuts:
            raise OSError(28, "No space left on device")
        self._room -= fits
        return self._file.write(data[:fits])


@pytest.mark.parametrize("cuts", [True, False])
@pytest.mark.parametrize("room", [0, 40, 60, 100])
def test_what_no_disk_holds_stays_in_memory(monkeypatch, room, cuts):
    monkeypatch.setattr(row_hashes, "BLOCK", 5)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FullDisk(room, cuts=cuts))
    with closing(RowHashes()) as hashes:
        lists = [[10 * first + n for n in range(4)] for first in range(9)]
        fill(hashes, lists)
        assert read(hashes) == [number for each in lists for number in each]


def test_where_no_temporary_file_can_be_made_they_stay_in_memory(monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(row_hashes, "BLOCK", 5)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    hashes = RowHashes()
    fill(hashes, [[1, 2, 3]] * 4)
    assert read(hashes) == [1, 2, 3] * 4
