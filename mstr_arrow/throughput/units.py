"""Figures as people read them: few digits, and a unit that suits them. Pure."""

from __future__ import annotations

_STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_THREE_DIGITS, _TWO_DIGITS = 100, 10


def short(number: float) -> str:
    """Write a number in three digits at most.

    >>> short(410_372), short(9_960), short(1_234_567), short(7.25), short(0.5), short(0)
    ('410k', '9.96k', '1.23M', '7.25', '0.5', '0')
    """
    for step, letter in _STEPS:
        if number >= 0.9995 * step:
            return (
                f"{number / step:.3g}{letter}" if number < _THREE_DIGITS * step else f"{number / step:.0f}{letter}"
            )
    return f"{number:.3g}"


def duration(seconds: float) -> str:
    """Write seconds in two or three digits.

    >>> duration(1.94), duration(0.1234), duration(0.00042), duration(75)
    ('1.9 s', '123 ms', '0.42 ms', '75 s')
    """
    if seconds >= _TWO_DIGITS:
        return f"{seconds:.0f} s"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.2g} ms"


def percent(part: float) -> str:
    """Write a part of 1 as a percentage; what is above 0 is not shown as 0.

    >>> percent(0.714), percent(0.004), percent(0.0), percent(1.0)
    ('71 %', '0.4 %', '0 %', '100 %')
    """
    return f"{part * 100:.0f} %" if part >= 0.01 or not part else f"{part * 100:.1g} %"
