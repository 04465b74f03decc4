"""The commands that do something, those of groups such as ``subscriptions`` among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import typer


def leaves(command: Any) -> Mapping[str, Any]:
    """Give every command below one, by its words: ``"fetch"``, ``"subscriptions ls"``."""
    found: dict[str, Any] = {}
    for name, each in getattr(command, "commands", {}).items():
        below = leaves(each)
        found |= {f"{name} {more}": leaf for more, leaf in below.items()} if below else {name: each}
    return found


def all_leaves(context: typer.Context) -> Mapping[str, Any]:
    """Give every command there is, by its words."""
    return leaves(context.find_root().command)
