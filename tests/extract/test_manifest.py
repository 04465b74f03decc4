"""A manifest is read as it was written, or not at all."""

import json
import random
from contextlib import suppress
from dataclasses import replace

import pyarrow as pa
import pytest

from mstr_arrow.extract.manifest import (
    CHECKSUM,
    Asked,
    Manifest,
    NotAsWritten,
    OtherVersion,
    Part,
    read_manifest,
)

SCHEMA = pa.schema(
    [
        pa.field("Region", pa.dictionary(pa.int32(), pa.string()), metadata={"mstr.role": "attribute"}),
        pa.field("Units", pa.int64(), metadata={"mstr.role": "metric"}),
    ]
)
WRITTEN = Manifest(
    asked=Asked("http://server/Library", "P1", "cube", "C1", "Umsätze \N{SNOWMAN}", "q"),
    body={"sorting": {"1": [True, None, 0.1]}},
    schema=SCHEMA,
    total=9,
    data_time="2026-01-01 00:00:00",
    exact=True,
    offset=6,
    parts=(
        Part("part-00000.parquet", 4, 100, "a" * 64, 4),
        Part("part-00001.parquet", 2, 80, "b" * 64, 6),
    ),
)


def test_a_manifest_is_read_as_it_was_written():
    read = read_manifest(WRITTEN.to_json().encode())
    assert read == WRITTEN
    assert read.schema.equals(SCHEMA, check_metadata=True)


def test_a_manifest_is_what_it_was_when_fewer_parts_were_done():
    assert (WRITTEN.until(1).offset, WRITTEN.until(1).rows, WRITTEN.until(1).complete) == (4, 4, False)
    assert (WRITTEN.until(0).offset, WRITTEN.until(0).parts) == (0, ())


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", "[" * 100_000, '{"version": 2}', '{"version": 2, "checksum": 1}', "\udcff"]
)
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(NotAsWritten):
        read_manifest(text.encode(errors="surrogateescape"))


@pytest.mark.parametrize("version", [1, 3])
def test_a_manifest_of_another_version_is_told_as_such(version):
    document = json.loads(WRITTEN.to_json()) | {"version": version}
    with pytest.raises(OtherVersion, match="another version"):
        read_manifest(json.dumps(document).encode())


@pytest.mark.parametrize("name", sorted({*json.loads(WRITTEN.to_json())} - {"version"}))
def test_no_member_is_believed_that_was_edited(name):
    document = json.loads(WRITTEN.to_json())
    for edited in (
        {**document, name: 7},
        {**document, name: None},
        {key: document[key] for key in document if key != name},
    ):
        if edited != document:
            with pytest.raises(NotAsWritten):
                read_manifest(json.dumps(edited).encode())


def test_no_byte_is_believed_that_was_flipped():
    text, chance = WRITTEN.to_json().encode(), random.Random(1)
    for _ in range(500):
        at, bit = chance.randrange(len(text)), 1 << chance.randrange(8)
        flipped = text[:at] + bytes([text[at] ^ bit]) + text[at + 1 :]
        with suppress(NotAsWritten):
            assert read_manifest(flipped) == WRITTEN  # a space for another


def part(name="part-00001.parquet", rows=2, size=80, end=6):
    return Part(name, rows, size, "b" * 64, end)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"total": 5}, "parts end after 6 rows"),
        ({"offset": 10}, "parts end after 6 rows"),
        ({"offset": 5}, "parts end after 6 rows"),
        ({"complete": True}, "whole with 6 of 9 rows"),
        ({"parts": (WRITTEN.parts[0], part(rows=3))}, "3 rows there, of 2"),
        ({"parts": (WRITTEN.parts[0], part(rows=1))}, "1 rows there, of 2"),
        ({"parts": (WRITTEN.parts[0], part(rows=-1)), "exact": False}, "-1 rows there"),
        ({"parts": (WRITTEN.parts[0], part(rows=-2, end=2)), "offset": 2}, "-2 rows there"),
        ({"parts": (WRITTEN.parts[0], part(size=-1))}, "2 rows there, of 2"),
        ({"parts": (part("../part-00000.parquet"),)}, "no name that parts get"),
        ({"parts": (part("/etc/passwd"),)}, "no name that parts get"),
        ({"parts": (WRITTEN.parts[0], part("part-00000.parquet"))}, "no name that parts get"),
        ({"parts": (WRITTEN.parts[0], part("part-00002.parquet"))}, "no name that parts get"),
        ({"parts": (WRITTEN.parts[0], part(7))}, "no name that parts get"),
    ],
)
def test_what_does_not_add_up_is_refused_though_its_checksum_is_right(changed, said):
    with pytest.raises(NotAsWritten, match=said):
        read_manifest(replace(WRITTEN, **changed).to_json().encode())


def test_conditions_may_leave_fewer_rows():
    few = replace(WRITTEN, exact=False, offset=7, parts=(WRITTEN.parts[0], part(rows=0)))
    assert read_manifest(few.to_json().encode()) == few


def test_the_checksum_is_a_member_of_the_file():
    assert len(json.loads(WRITTEN.to_json())[CHECKSUM]) == 64
