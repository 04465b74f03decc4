"""Whether the rest of an extraction is the rest of the same data."""

from dataclasses import replace

import pyarrow as pa
import pytest

from mstr_arrow.errors import DataChanged
from mstr_arrow.extract.changes import check_border, check_known, check_overlap, check_proof, check_time
from mstr_arrow.extract.manifest import Asked, Manifest, question_of, read_manifest
from mstr_arrow.instances.freshness import Cache, Published, Times
from mstr_arrow.instances.known import Known

SCHEMA = pa.schema(
    [
        pa.field("Region", pa.dictionary(pa.int32(), pa.string()), metadata={"mstr.role": "attribute"}),
        pa.field("Units", pa.int64(), metadata={"mstr.role": "metric"}),
    ]
)
PLAIN = pa.schema([pa.field("Region", pa.string()), pa.field("Units", pa.int64())])
ASKED = Asked("http://server/Library", "P1", "cube", "C1", "Sales", "q")


def rows(regions, units, schema=SCHEMA):
    columns = [pa.array(values, field.type) for values, field in zip((regions, units), schema, strict=True)]
    return pa.table(columns, schema=schema)


def manifest(data_time=None):
    return Manifest(asked=ASKED, body={"sorting": {}}, schema=SCHEMA, total=9, data_time=data_time, exact=True)


def test_the_same_rows_are_the_same_however_their_texts_are_kept():
    check_overlap(rows(["East", None], [1, None], PLAIN), rows(["East", None], [1, None]))


@pytest.mark.parametrize(
    ("regions", "units"), [(["East", "West"], [1, 3]), (["East"], [1]), (["East", ""], [1, 2])]
)
def test_other_rows_are_told(regions, units):
    with pytest.raises(DataChanged, match="the last 2 rows"):
        check_overlap(rows(["East", "West"], [1, 2], PLAIN), rows(regions, units))


@pytest.mark.parametrize("first", ["West", "WEST", "west "])
def test_rows_that_a_sort_may_take_for_equal_are_not_gone_on_between(first):
    with pytest.raises(DataChanged, match="order is not certain"):
        check_border(rows(["East", "West"], [1, 2], PLAIN), rows([first], [9]))


def test_rows_that_differ_in_an_attribute_have_a_certain_order():
    check_border(rows(["East", "West"], [1, 2], PLAIN), rows(["Westend"], [2]))


def test_a_later_data_time_is_told_and_an_unknown_one_is_not():
    check_time(manifest("2026-01-01 00:00:00"), Published((Cache("2026-01-01 00:00:00"),)))
    check_time(manifest(None), Published((Cache("2026-01-02 00:00:00"),)))
    check_time(manifest("2026-01-01 00:00:00"), Published(why_not="nobody knows"))
    with pytest.raises(DataChanged, match="2026-01-02"):
        check_time(manifest("2026-01-01 00:00:00"), Published((Cache("2026-01-02 00:00:00"),)))


def test_questions_differ_by_all_they_consist_of():
    assert question_of({"a": 1, "b": 2}, None) == question_of({"b": 2, "a": 1}, None)
    assert len({question_of({"a": 1}, None), question_of({"a": 2}, None), question_of({"a": 1}, "East")}) == 3


def test_what_is_known_of_the_data_is_compared_and_its_proof():
    once = Known(Times(None, Published((Cache("2026-01-01 00:00:00", "7"),))), {"M": 1.5}, 9, {"M": (1, 2)})
    begun = replace(manifest(), known=once)
    check_known(begun, once)
    check_proof(begun, once)
    with pytest.raises(DataChanged, match=r"the total of a metric was 1\.5, and is 2\.5 now"):
        check_known(begun, replace(once, totals={"M": 2.5}))
    with pytest.raises(
        DataChanged, match=r"likely, but not certain.*on_change=\"restart\".*consistency=\"likely\""
    ):
        check_proof(begun, Known())
    assert read_manifest(begun.to_json().encode()).known == once


def test_another_user_may_see_other_rows():
    ann, bob, nobody = (replace(ASKED, user=user) for user in ("A", "B", None))
    assert ann.same_as(ann)
    assert bob.by_another(ann)
    assert not bob.same_as(ann)
    assert nobody.same_as(ann)
    assert not replace(bob, id="C2").by_another(ann)
