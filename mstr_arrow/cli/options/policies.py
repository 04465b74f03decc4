"""Which tables of a data model are refreshed, and how, as options say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mstr_arrow.cli.options.pairs import read_names, read_pair
from mstr_arrow.datamodels.tables import RefreshPolicy
from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.datamodels.tables import Policies

_PANEL = "Tables of data models"

Tables = Annotated[
    list[str] | None,
    typer.Option(
        "--tables",
        metavar="TABLE[=POLICY],…",
        help="Tables of a data model to refresh, by name or id, each by its policy or that of --policy; repeated, "
        "more of them. Without it, all.",
        rich_help_panel=_PANEL,
    ),
]
Policy = Annotated[
    RefreshPolicy | None,
    typer.Option(
        help="What becomes of the rows there are: replace puts new ones in their place, add keeps them, update "
        "changes those of the same keys, upsert adds those that are new, too. By default replace.",
        rich_help_panel=_PANEL,
    ),
]


def policies_from(tables: Sequence[str], policy: RefreshPolicy | None) -> Policies:
    """Read which tables are refreshed, and how; errors: UsageError.

    >>> policies_from(["ytd_day=add, stores", "cities = upsert"], None)
    {'ytd_day': 'add', 'stores': 'replace', 'cities': 'upsert'}
    >>> policies_from([], "upsert")
    'upsert'
    """
    usual: RefreshPolicy = policy or "replace"
    if not tables:
        return usual
    chosen: dict[str, RefreshPolicy] = {}
    for item in read_names(tables):
        name, sign, value = read_pair(item)
        if not name.strip():
            raise UsageError(f"--tables {item!r} names no table.", hint="Write TABLE=POLICY, or TABLE alone.")
        if name in chosen:
            raise UsageError(f"--tables names {name!r} twice.", hint="Leave one of them away.")
        chosen[name] = value.strip() if sign else usual  # type: ignore[assignment]  # checked with the tables
    return chosen
