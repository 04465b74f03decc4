"""Values of the parameters of data models, as options give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mstr_arrow.cli.options.pairs import read_pair
from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ParameterValues = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        metavar="NAME=VALUE",
        help="A value of a data model's parameter; repeated for others. mstr-arrow describe lists them.",
        rich_help_panel="Parameters of data models",
    ),
]


def parameters_from(given: Sequence[str]) -> dict[str, str]:
    """Read values ``NAME=VALUE``; errors: UsageError.

    >>> parameters_from(["City=Rome", "Growth = 5"])
    {'City': 'Rome', 'Growth': '5'}
    """
    values: dict[str, str] = {}
    for item in given:
        name, sign, value = read_pair(item)
        if not name.strip() or not sign:
            raise UsageError(f"--parameter {item!r} is no value of a parameter.", hint="Write NAME=VALUE.")
        if name in values:
            raise UsageError(
                f"--parameter names {name!r} twice.", hint="A parameter has one value: leave one away."
            )
        values[name] = value
    return values


def refuse_parameters(values: Mapping[str, str], name: str, kind: str) -> None:
    """Refuse values where no data model is read; errors: UsageError."""
    if values:
        raise UsageError(
            f"{name!r} is a {kind}, and only data models have parameters.",
            hint="Drop --parameter." if kind == "cube" else "Drop --parameter; a report asks prompts: --prompt.",
        )
