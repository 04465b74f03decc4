"""Commands whose modules are imported when they are called or their options are looked at.

All of them together take longer to import than most of them run.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def stand_in(function: str, summary: str) -> Callable[[], None]:
    """Make what typer takes for a command until `load` puts ``function`` of `mstr_arrow.cli.commands` in its place.

    ``function`` is ``"module.name"``; ``summary`` is the first paragraph of its docstring.
    """

    def stand() -> None: ...

    stand.__doc__ = summary
    stand.function = function  # type: ignore[attr-defined]  # typer keeps it on the callback
    return stand


@cache
def load(command: Any) -> Any:
    """Return the command that another one stands for, or the very one."""
    function = getattr(command.callback, "function", None)
    if function is None:
        return command
    module, _, name = function.rpartition(".")
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
    alone.command(command.name, cls=type(command), epilog=command.epilog)(
        getattr(import_module(f"mstr_arrow.cli.commands.{module}"), name)
    )
    return typer.main.get_command(alone)


def leaves(command: Any) -> Mapping[str, Any]:
    """Give every command below one that does something, by its words: ``"fetch"``, ``"subscriptions ls"``."""
    found: dict[str, Any] = {}
    for name, each in getattr(command, "commands", {}).items():
        below = leaves(each)
        found |= {f"{name} {more}": leaf for more, leaf in below.items()} if below else {name: load(each)}
    return found


def all_leaves(context: typer.Context) -> Mapping[str, Any]:
    """Give every command there is, by its words."""
    return leaves(context.find_root().command)
