"""Numbers as people write them on the command line."""

import pytest
import typer

from mstr_arrow.cli.options.amounts import read_counts, read_rates, read_seconds


@pytest.mark.parametrize("text", ["", "0", "k", "1,,2", "-1", "1x", "1k,2s", "0.4"])
def test_what_is_no_count_is_refused(text):
    with pytest.raises(typer.BadParameter, match="write it like"):
        read_counts(text)


@pytest.mark.parametrize("text", ["", "1,2", "30x", "-5s", "0"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(typer.BadParameter, match="write it like"):
        read_seconds(text)


def test_a_rate_may_be_less_than_one():
    assert read_rates("0.2,1k") == [0.2, 1000.0]
