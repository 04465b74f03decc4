"""``--on-bad-value``: what becomes of values that do not fit their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.grid_options import OnBadValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OnBadValues = Annotated[
    list[str] | None,
    typer.Option(
        "--on-bad-value",
        metavar="null|COLUMN=null",
        help="Make null of values that do not fit their columns, and say how many there were, in place of ending "
        "with an error; may be repeated for columns. Forms that tell elements apart need their names.",
        rich_help_panel="Result",
    ),
]


def read_on_bad_value(given: Sequence[str]) -> OnBadValue | Mapping[str, OnBadValue]:
    """Read ``null``, or any number of ``COLUMN=null``; errors: UsageError.

    >>> read_on_bad_value([]), read_on_bad_value(["null"]), read_on_bad_value(["Day=null", "A=B=raise"])
    ('raise', 'null', {'Day': 'null', 'A=B': 'raise'})
    """
    choices = get_args(OnBadValue)
    if not given:
        return "raise"
    if len(given) == 1 and given[0] in choices:
        return cast("OnBadValue", given[0])
    pairs = [each.rpartition("=") for each in given]
    for text, (name, _, choice) in zip(given, pairs, strict=True):
        if not name or choice.strip() not in choices:
            raise UsageError(
                f"--on-bad-value {text!r} is not COLUMN=null.",
                hint="Write it like --on-bad-value 'Day=null', or only --on-bad-value null for all columns.",
            )
    return {name.strip(): cast("OnBadValue", choice.strip()) for name, _, choice in pairs}
