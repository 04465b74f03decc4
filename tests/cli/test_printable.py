"""What a server says, whoever prints it: it neither steers the terminal nor is read as markup."""

import io
import json
import re
from dataclasses import fields, replace

import pytest
from rich.table import Table
from rich.text import Text

from mstr_arrow.cli.render.errors import explain
from mstr_arrow.cli.render.progress import progress
from mstr_arrow.cli.render.streams import PrintableStream, Terminal
from mstr_arrow.errors import MstrError
from mstr_arrow.fetch.stats import ScanStats
from mstr_arrow.printable import printable
from mstr_arrow.simulator import Fault

HOSTILE = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e\u2066\b\r\n[red]:smile:"
ESCAPED = r"\x1b]0;title\x07\x1b[2J\x9b31m\u202e\u2066\x08\r\n[red]:smile:"
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
NOTHING_YET = ScanStats(**{field.name: 0 for field in fields(ScanStats) if field.name != "status"})
OWN = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
"""What rich sends: colours, and moves of its bar."""


@pytest.mark.parametrize(
    "letter",
    ["\x00", "\t", "\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\u202e", "\u2066", "\u200e", "\ud800", "\u200b"],
)
def test_a_letter_that_steers_is_escaped(letter):
    assert printable(f"a{letter}b") == "a" + letter.encode("unicode_escape").decode() + "b"


@pytest.mark.parametrize(
    "text", ["", "Größe 50 %", "שלום", "売上\u3000高", "1\xa0000", "👩\u200d🚒", "\u0645\u06cc\u200c\u062e", "[b]"]
)
def test_other_texts_stay_as_they_are(text):
    assert printable(text) == text


def test_line_ends_stay_where_there_are_lines():
    assert printable("a\r\nb", lines=True) == "a\\r\nb"
    assert printable("a\nb") == r"a\nb"


def shown_on_a_terminal(*printed):
    out = io.StringIO()
    terminal = Terminal(file=out, force_terminal=True)
    for each in printed:
        terminal.print(each, style="red", soft_wrap=True)
    return OWN.sub("", out.getvalue())


def hostile_table():
    table = Table(title=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(HOSTILE)
    return table


@pytest.mark.parametrize(
    "printed",
    [
        HOSTILE,
        Text(HOSTILE),
        Text.assemble("a", (HOSTILE, "bold")),
        explain(MstrError(HOSTILE, hint=HOSTILE)),
        hostile_table(),
    ],
    ids=["text", "Text", "assembled", "error", "table"],
)
def test_a_terminal_is_not_steered(printed):
    shown = shown_on_a_terminal(printed)
    assert not STEERING.search(shown)
    assert r"\x1b[2J" in shown
    assert "[red]:smile:" in shown


def test_a_bar_is_not_steered():
    out = io.StringIO()
    with progress(Terminal(file=out, force_terminal=True)) as show:
        show(replace(NOTHING_YET, status=HOSTILE))
    shown = OWN.sub("", out.getvalue())
    assert not STEERING.search(shown)
    assert "[red]:smile:" in shown


def test_csv_on_a_terminal_does_not_steer_it():
    out = io.BytesIO()
    data = f'"{HOSTILE}","Größe"\n'.encode()
    shown = PrintableStream(out)
    assert sum(shown.write(data[at : at + 1]) for at in range(len(data))) == len(data)
    assert not STEERING.search(out.getvalue().decode())
    assert "Größe" in out.getvalue().decode()


# Commands


def tampered(body):
    """Put what is hostile before names of columns, objects, users, elements and prompts."""
    hostile = json.dumps(HOSTILE)[1:-1].encode()
    return re.sub(rb'("(?:name|title|fullName|East|CEO)": ?)"', rb'\1"' + hostile.replace(b"\\", b"\\\\"), body)


@pytest.fixture
def hostile(server):
    """A server all of whose names steer terminals; gives the ids of its objects."""
    from mstr_arrow.opening import connect

    with connect(server.url, username=server.username, password=server.password) as connection:
        ids = {info.name: info.id for info in connection.objects()}
    server.fail(Fault.rewritten(tampered).on(times=None))
    yield ids
    server.heal()


COMMANDS = {
    "ls": ["ls"],
    "nothing to list": ["ls", HOSTILE],
    "describe": ["describe", "Sales Cube"],
    "describe a report": ["describe", "Cross-tab With Subtotals"],
    "pages": ["pages", "Paged By Two"],
    "prompts": ["prompts", "Prompted Twice"],
    "whoami": ["whoami"],
    "explain": ["fetch", "Sales Cube", "--explain"],
    "columns": ["fetch", "Sales Cube", "-o", "x.csv", "--columns", "nope"],
    "sql": ["sql", "from '{Sales Cube}' limit 3"],
    "sql, names": ["sql", 'select 1 as "\x1b[2J", chr(27) as "\u202e"'],
    "sql, wrong": ["sql", "select nope from '{Sales Cube}'"],
    "sql, why": ["sql", "from '{Sales Cube}' limit 3", "--explain"],
    "not found": ["describe", "Salse Cube"],
}


@pytest.mark.one_in(6)
@pytest.mark.parametrize("verbose", [[], ["--verbose"]])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_what_steers_a_terminal(run, hostile, tmp_path, monkeypatch, command, verbose):
    monkeypatch.chdir(tmp_path)
    arguments = [
        re.sub(r"\{(.*?)\}", lambda found: hostile[found[1]], hostile.get(each, each)) for each in COMMANDS[command]
    ]
    result = run(*arguments, *(verbose if command != "whoami" else []))
    shown = result.out.decode() + result.err
    assert not STEERING.search(shown), shown
    assert r"\x1b" in shown or r"\u202e" in shown


@pytest.mark.parametrize("verbose", [[], ["--verbose"]])
def test_an_error_of_the_server_does_not_steer_the_terminal(run, server, verbose):
    server.fail(Fault.error(400, "ERR006", message=HOSTILE).on("GET", "/projects"))
    result = run("ls", "--project", "x", *verbose)
    assert result.code == 1
    assert not STEERING.search(result.err)
    assert r"\x1b]0;title" in result.err
    assert "Traceback" in result.err or not verbose


def test_what_nobody_expected_is_told_without_steering(run, monkeypatch):
    def crash(*_, **__):
        raise LookupError(HOSTILE)

    monkeypatch.setattr("mstr_arrow.cli.commands.ls.open_connection", crash)
    result = run("ls")
    assert result.code == 1
    assert not STEERING.search(result.err)
    assert ESCAPED.partition(r"\n")[0] in result.err
