"""The command and its subcommands, as typer parses them; wrong usage is told with what was meant."""

from __future__ import annotations

import gc
import os
import re
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from mstr_arrow.cli.loading import all_leaves, load
from mstr_arrow.cli.options.profile import origin
from mstr_arrow.cli.render.errors import show_crashes
from mstr_arrow.cli.render.streams import standard_streams
from mstr_arrow.names import near_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WrongUsage: type[Any] = typer.BadParameter.__mro__[1]
"""The class that typer raises for any wrong usage; it has no name of its own for it."""

_REWORDED = [
    (re.compile(said), meant)
    for said, meant in (
        (r"Value error, ", ""),
        (r"Input should be greater than or equal to (\S+)", r"it must be at least \1."),
        (r"Input should be less than or equal to (\S+)", r"it must be at most \1."),
        (r"Input should be a valid integer\b.*", "it must be a whole number."),
        (r"Input should be a valid number\b.*", "it must be a number."),
        (r"does not match the formats '%Y-%m-%d'\.", "is no date: write it like 2024-01-31."),
    )
]

_LEFT_OVER = "Got unexpected extra argument"


class Command(TyperCommand):
    """A subcommand."""

    def parse_args(self, context: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's own
        """Read its arguments, as typer does."""
        try:
            return super().parse_args(context, [_decode(each) for each in args])
        except _WrongUsage as error:
            error.message = reword(error.message) + "".join(f" {hint}" for hint in _hints(error, context))
            raise


def reword(message: str) -> str:
    """Say of a value what it must be, in place of what the library that typer reads it with says.

    >>> reword("Input should be greater than or equal to 1"), reword("Value error, 'x' is not one of 'a', 'b'.")
    ('it must be at least 1.', "'x' is not one of 'a', 'b'.")
    >>> reword("Input should be a valid integer, unable to parse string as an integer")
    'it must be a whole number.'
    """
    for said, meant in _REWORDED:
        message = said.sub(meant, message)
    return message


class Commands(TyperGroup):
    """The command, wherever its output goes."""

    def main(self, *arguments: Any, **settings: Any) -> Any:
        """Run it, as typer does."""
        with show_crashes(), standard_streams():
            return super().main(*arguments, **settings)

    def parse_args(self, context: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's own
        """Read the arguments before the subcommand, as typer does."""
        try:
            return super().parse_args(context, args)
        except _WrongUsage as error:
            if having := _commands_with(all_leaves(context), getattr(error, "option_name", None)):
                error.message += f" Options stand after the command: mstr-arrow {having[0]} {error.option_name} …"
            raise

    def resolve_command(self, context: typer.Context, args: list[str]) -> tuple[Any, Any, list[str]]:  # type: ignore[override]  # typer's own
        """Find the command that is called, as typer does, and import it."""
        name, found, rest = super().resolve_command(context, args)
        command = load(found)
        if isinstance(command, Command) and not gc.isenabled():
            gc.freeze()  # what is imported stays until the end
            gc.enable()
        return name, command, rest


class CommandsOrRun(Commands):
    """Commands of which ``run`` is meant where none is named."""

    def parse_args(self, context: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's own
        """Put ``run`` before what names no command and asks for no help."""
        named = not args or args[0] in self.commands or args[0] in context.help_option_names
        return super().parse_args(context, args if named else ["run", *args])


def _decode(argument: str) -> str:
    """Return an argument as its text in UTF-8, whatever the locale is; errors: BadArgument for one that is none."""
    try:
        argument.encode()
    except UnicodeError:
        pass  # Python keeps the bytes that are no text in the locale's encoding
    else:
        return argument
    try:
        return os.fsencode(argument).decode()
    except UnicodeError:
        raise BadArgument(f"the argument {argument!r} is no text in UTF-8.") from None


class BadArgument(typer.BadParameter):
    """An argument is no text, whichever it is."""

    def format_message(self) -> str:
        """Say it without an option that typer would blame."""
        return self.message


def _hints(error: Any, context: typer.Context) -> Iterator[str]:
    """Say what was meant: an option of another command, a name in quotes, a key of the profile."""
    option = getattr(error, "option_name", None)
    commands = all_leaves(context)
    if having := _commands_with(commands, option):
        yield f"It is an option of mstr-arrow {', '.join(having)}."
    elif option and not getattr(error, "possibilities", None):
        every = sorted({each for command in commands.values() for each in _options(command)})
        if near := near_names(option, every)[:1]:
            yield f"Did you mean {near[0]}, an option of mstr-arrow {', '.join(_commands_with(commands, near[0]))}?"
    if error.message.startswith(_LEFT_OVER):
        yield "A name with blanks is put in quotes, as in 'Sales Cube'."
    parameter = getattr(error, "param", None)
    if parameter is not None and (place := origin(context, parameter.name)):
        yield f"It is set in {place}."


def _commands_with(commands: Mapping[str, Any], option: str | None) -> list[str]:
    return [name for name, command in commands.items() if option in _options(command)]


def _options(command: Any) -> list[str]:
    return [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
