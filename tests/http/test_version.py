import pytest

from mstr_arrow.http.version import at_least


@pytest.mark.parametrize(
    ("version", "needed", "expected"),
    [
        ("11.3.0000.15868", "11.2.0200", True),
        ("11.2.0100.999", "11.2.0200", False),
        ("11.10.0000", "11.9.0000", True),
        ("11.5.0600", "11.5.0600", True),
        ("11.5.0900.00123J", "11.5.0900", True),
        ("", "11.0", True),
        (None, "11.0", True),
    ],
)
def test_versions_are_compared_as_numbers(version, needed, expected):
    assert at_least(version, needed) is expected
