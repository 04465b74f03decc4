"""Names as people see them: which ones look the same, and how much of them an error shows."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.names import as_it_looks, listing, suggestion

LETTERS = st.text(st.one_of(st.characters(), st.sampled_from(" \t\xa0\u200b\u2028\u00ad\u0301éa\x1b")))


@given(LETTERS)
def test_names_look_as_their_letters_do(name):
    seen = [
        " " if letter.isspace() else letter
        for letter in unicodedata.normalize("NFC", name)
        if letter.isspace() or unicodedata.category(letter) not in {"Cc", "Cf"}
    ]
    assert as_it_looks(name) == " ".join("".join(seen).split())


def test_a_name_without_end_is_listed_by_its_start():
    shown = listing(["Sales", "n" * 50 * 2**20])
    assert shown.startswith("'Sales', 'nnn")
    assert shown.endswith("nnn' … (52,428,800 letters)")
    assert len(shown) < 400


def test_no_name_is_near_to_none():
    assert suggestion("", ["Region", "Units"]) == "There are: 'Region', 'Units'."
