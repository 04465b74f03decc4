"""Names with blanks at their ends and signs of other languages, on the command line: found as they are given."""

import csv
import io
import json
from dataclasses import replace

import pytest

from mstr_arrow.simulator import Simulator
from mstr_arrow.simulator.samples.small import small_cubes
from tests.support.servers import IDLE

CUBES = [
    "Sales ",
    " Sales  2024",
    "Kosten\N{NO-BREAK SPACE}2024",
    "Kosten://2024",
    "a/b",
    "What? 100 *",
    "2024",
    "f" * 32,
]
COLUMN, METRIC = " Number ", "Amount, net"


@pytest.fixture(scope="module")
def simulator():
    """A server whose cubes are named oddly, with columns that are, too."""
    (one,) = [cube for cube in small_cubes() if cube.name == "One Row"]
    number, colour = one.attributes
    amount, weight = one.metrics
    attributes, metrics = (replace(number, name=COLUMN), colour), (replace(amount, name=METRIC), weight)
    cubes = [
        replace(one, name=name, id=f"{at:032X}", attributes=attributes, metrics=metrics)
        for at, name in enumerate(CUBES, 1)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mstr_arrow.simulator.state.iserver.sample_cubes", lambda *_: cubes)
        patch.setattr("mstr_arrow.simulator.state.subscription_store.sample_subscriptions", lambda *_: [])
        server = Simulator(rows=10, **IDLE)
    with server:
        yield server


@pytest.fixture
def rows(run, server):
    def rows(*arguments):
        result = run(*arguments)
        assert result.code == 0, result.err
        assert server.open_sessions == 0
        return list(csv.reader(io.StringIO(result.out.decode())))

    return rows


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("name", CUBES)
def test_every_command_finds_it(run, rows, name):
    assert json.loads(run("describe", name, "--json").out)["name"] == name
    assert rows("fetch", name, "-o", "-", "--format", "csv", "--quiet")[1] == ["1", "red", "1", "0"]
    assert rows("sql", f"from '{name}'", "-o", "-", "--format", "csv", "--quiet")[1] == ["1", "red", "1", "0"]


@pytest.mark.usefixtures("server")
def test_what_ls_shows_is_found(run):
    assert sorted(each["name"] for each in json.loads(run("ls", "--type", "cube", "--json").out)) == sorted(CUBES)
    assert "Kosten\N{NO-BREAK SPACE}2024" in run("ls").out.decode()
    assert json.loads(run("describe", "Kosten 2024", "--json").out)["name"] == "Kosten\N{NO-BREAK SPACE}2024"


@pytest.mark.parametrize(
    "options",
    [
        ["--columns", '" Number ","Amount, net"'],
        ["--columns", 'Number,"Amount, net"'],
        ["--aggregate", '" Number ","Amount, net"'],
        ["--sort", '" Number " desc, "Amount, net"', "--columns", ' Number ,"Amount, net"'],
        ["--where", '" Number " = 1', "--columns", 'Number,"Amount, net"'],
        ["--column-type", " Number =string", "--columns", 'Number,"Amount, net"'],
        ["--column-type", "Amount, net = string", "--columns", 'Number,"Amount, net"'],
    ],
)
def test_columns_are_named_as_they_are(rows, options):
    header, row = rows("fetch", "2024", "-o", "-", "--format", "csv", "--quiet", *options)
    assert (header, row) == ([COLUMN, METRIC], ["1", "1"])


@pytest.mark.usefixtures("server")
def test_what_a_hint_says_can_be_typed(run):
    assert "Did you mean ' Number '" in run("fetch", "2024", "-o", "-", "--columns", "Numbr").err
    assert "Did you mean 'Sales '" in run("describe", "Sale").err
    assert "'Kosten 2024'" in run("describe", "Kostn 2024").err
    for name in ("Sales ", "Kosten 2024"):
        assert run("describe", name).code == 0
