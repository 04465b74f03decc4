"""Into which destinations what came since can go."""

import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.jobs.increments import reads_again


@pytest.mark.parametrize(
    ("mode", "partition_by", "overlap", "again"),
    [
        ("merge", [], "3 days", True),
        ("merge", [], None, True),
        ("replace_partitions", ["Day"], "3 days", True),
        ("replace_partitions", ["Region", "Day"], None, True),
        ("append", [], None, False),
    ],
)
def test_rows_are_read_again_where_that_doubles_nothing(mode, partition_by, overlap, again):
    assert reads_again("Day", mode, partition_by, overlap) is again


@pytest.mark.parametrize(
    ("mode", "partition_by", "overlap", "said"),
    [
        ("append", [], "3 days", "they would be there twice"),
        ("replace_partitions", ["Year"], None, "they would lose the rows of old values"),
        ("overwrite", [], None, "in place of all that is there"),
        (None, ["Day"], None, "in place of all that is there"),
    ],
)
def test_what_would_lose_or_double_rows_is_refused_with_a_way_out(mode, partition_by, overlap, said):
    with pytest.raises(UsageError, match=said) as refused:
        reads_again("Day", mode, partition_by, overlap)
    assert "merge" in str(refused.value)
