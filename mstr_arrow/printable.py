"""Texts of others, made fit for a terminal. Pure."""

from __future__ import annotations

from unicodedata import category

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: control, format (bidi overrides, what is not seen), half characters, ends of lines."""

_JOINERS = "\u200c\u200d"
"""Signs that shape letters and join pictures, and steer nothing."""


def printable(text: str, *, lines: bool = False) -> str:
    r"""Escape what would steer a terminal, or show other letters than there are; ``lines`` keeps line ends.

    >>> print(printable("a\x1b[2J\u202eb\n"), printable("one\ntwo\r", lines=True))
    a\x1b[2J\u202eb\n one
    two\r
    """
    if text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if category(letter) in _STEERING and letter not in _JOINERS and not (lines and letter == "\n")
        else letter
        for letter in text
    )
