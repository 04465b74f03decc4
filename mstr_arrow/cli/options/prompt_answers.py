"""Answers to prompts, as options and a person on the terminal give them."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from mstr_arrow.cli.options.pairs import read_names, read_pair
from mstr_arrow.errors import PromptsOpen, ServerError, UsageError
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.instances.prompt_list import still_open
from mstr_arrow.prompts.answers import default
from mstr_arrow.prompts.bodies import automatic
from mstr_arrow.prompts.collection import Answers, load
from mstr_arrow.prompts.model import describe
from mstr_arrow.prompts.template import answer_name
from mstr_arrow.session.session_client import client_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from mstr_arrow.connection import Connection
    from mstr_arrow.objects.report import Report
    from mstr_arrow.prompts.answers import Answer
    from mstr_arrow.prompts.model import Prompt

ReportName = Annotated[
    str, typer.Argument(metavar="REPORT", help="Its name, path in folders, id or URL in a browser.")
]
PromptsFile = Annotated[
    Path | None,
    typer.Option(
        "--prompts",
        metavar="FILE",
        help="Answers to a report's prompts, as mstr-arrow prompts writes them.",
        rich_help_panel="Prompts and pages",
    ),
]
PromptAnswers = Annotated[
    list[str] | None,
    typer.Option(
        "--prompt",
        metavar="NAME=VALUE",
        help="An answer to a prompt; repeated, one of several. NAME= leaves it empty, NAME takes its default.",
        rich_help_panel="Prompts and pages",
    ),
]

_BAD_REQUEST = 400


def answers_from(file: Path | None, given: Sequence[str]) -> Answers:
    """Read the answers of a file and of options ``NAME=VALUE``, which win; errors: UsageError.

    >>> answers_from(None, ["Year=2024", "Region=East", "Region=West", "Store=", "Since"])
    Answers({'Year': '2024', 'Region': ['East', 'West'], 'Store': empty(), 'Since': default()})
    """
    answers: dict[str, object] = {}
    for item in given:
        name, sign, value = read_pair(item)
        if not name.strip():
            raise UsageError(f"--prompt {item!r} names no prompt.", hint="Write NAME=VALUE.")
        before = answers.get(name, [])
        if name in answers and not (sign and value and before and isinstance(before, list)):
            raise UsageError(f"--prompt {item!r} does not go with the one before it.")
        if not sign:
            answers[name] = default()
        else:
            answers[name] = [*before, value] if value and isinstance(before, list) else []
    from_file = load(file) if file else Answers({})
    return from_file.with_others(Answers.of(answers))


@contextmanager
def prompts_as_options(name: str) -> Iterator[None]:
    """Say how a report's prompts are answered on the command line."""
    try:
        yield
    except PromptsOpen as error:
        error.hint = (
            f"Write a file of answers to fill in: mstr-arrow prompts {_quote(name)} -o answers.toml; then add "
            "--prompts answers.toml. Or answer here: --prompt NAME=VALUE."
        )
        raise


def _quote(name: str) -> str:
    """Put a name in quotes for a shell.

    >>> print(_quote("Sales By Year"), _quote('the "$5" report'))
    "Sales By Year" 'the "$5" report'
    """
    return quote(name) if set('"$`\\!') & set(name) else f'"{name}"'


def ask_all(connection: Connection, report: Report, console: Console) -> Answers:
    """Ask a person for the answers to all prompts of a report, level by level; the report is not run.

    What the report does not take is asked again. Errors: UsageError where there is no terminal.
    """
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on.", hint="Use -o answers.toml, and fill in the file.")
    if hasattr(signal, "siginterrupt"):
        signal.siginterrupt(signal.SIGINT, True)  # Polars has waits started again after Ctrl-C
    answers = Answers({})
    asked: list[Prompt] = []
    client = client_of(connection)
    waiting: Sequence[Prompt] = client.run(still_open(client.session, report.id, answers))
    while waiting:
        asked = [*asked, *waiting]
        more = Answers({answer_name(prompt, asked): _ask(prompt, console) for prompt in waiting})
        try:
            after = client.run(still_open(client.session, report.id, answers.with_others(more)))
        except (UsageError, ServerError) as error:
            if isinstance(error, ServerError) and infer_status(error) != _BAD_REQUEST:
                raise
            console.print(f"{error.message} {error.hint or ''}", style="red")
        else:
            answers, waiting = answers.with_others(more), after
    return answers


def _ask(prompt: Prompt, console: Console) -> Answer:
    """Ask for one answer; an empty line takes what the prompt has of itself."""
    console.print(describe(prompt), soft_wrap=True)
    many = prompt.type in {"ELEMENTS", "OBJECTS", "LEVEL"}
    while True:
        text = console.input("several with commas between them: " if many else "answer: ").strip()
        if text:
            return Answers.of({prompt.name: _several(prompt, text) if many else text})[prompt.name]
        own = default() if prompt.has_default else automatic(prompt)
        if own is not None:
            return own


def _several(prompt: Prompt, text: str) -> list[str]:
    """Divide a line at its commas; a choice with a comma in its name may stand alone, or in double quotes."""
    if any(choice.name == text for choice in prompt.choices or ()):
        return [text]
    return [item for item in read_names([text]) if item.strip()]
