import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.upload.names import check_name, check_names


@pytest.mark.parametrize("name", ["Sales", "Umsätze 2024 (%)", "x" * 250, "a.b/c", "日本"])
def test_a_name_that_may_be(name):
    check_name("column", name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "no name"),
        ("  ", "no name"),
        ("x" * 251, "251 characters"),
        (" a", "white space"),
        ('say "hi"', 'may not be: "'),
        ("a[0]", r"may not be: \[ \]"),
        ("a\\b", "may not be"),
        ("a\tb", r"may not be: \\t"),
    ],
)
def test_a_name_that_may_not_be(name, says):
    with pytest.raises(UsageError, match=says):
        check_name("column", name)


def test_two_of_one_name():
    with pytest.raises(UsageError, match="2 columns have the same name: 'a' and 'a'"):
        check_names("column", ["a", "b", "a"])


def test_names_that_differ_in_case_only():
    with pytest.raises(UsageError, match="differ in upper and lower case only: 'Store' and 'STORE'"):
        check_names("column", ["Store", "STORE"])


def test_names_that_unicode_writes_in_two_ways():
    with pytest.raises(UsageError, match="differ in how Unicode writes their letters only"):
        check_names("column", ["Gr\u00f6\u00dfe", "Gro\u0308\u00dfe"])


def test_whose_names_are_the_same_is_said():
    with pytest.raises(UsageError, match="2 columns of table 'Sales' have the same name"):
        check_names("column of table 'Sales'", ["a", "a"])
    with pytest.raises(UsageError, match="2 attributes or metrics have the same name"):
        check_names("attribute or metric", ["a", "a"])


@pytest.mark.parametrize("name", [1, None, b"Sales"])
def test_a_name_that_is_no_text(name):
    with pytest.raises(UsageError, match=f"has a name of type {type(name).__name__}"):
        check_name("table", name)
