import json
import os
import pty
import sys

import pytest

from mstr_arrow.cli.render import tables
from mstr_arrow.simulator import FurtherProject, Simulator

pytestmark = pytest.mark.usefixtures("server")


def lines(result):
    return result.out.decode().splitlines()


def test_cubes_and_reports_are_listed_a_line_each(run, server):
    result = run("ls")
    shown = lines(result)
    assert (result.code, result.err) == (0, "")
    assert shown[0].split() == ["NAME", "TYPE", "ID", "PATH", "MODIFIED", "OWNER"]
    sales = next(line for line in shown if line.startswith("Sales Cube "))
    assert server.cubes["Sales Cube"] in sales
    for word in (" cube ", "/Public Objects/", "/Sales Cube ", "2026-01-15 08:30", "Administrator"):
        assert word in sales
    assert any(" report " in line for line in shown)
    assert not [line for line in shown if line != line.rstrip()]
    assert server.open_sessions == 0


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["SALES*"], ["Sales Cube"]),
        (["tw?ce", "--type", "cube"], ["Twice", "Twice"]),
        (["twice", "--type", "report"], []),
        (["cross-tab metrics ?irst"], ["Cross-tab Metrics First"]),
        (["*cross*last*", "--type", "report"], ["Cross-tab Metrics Last"]),
    ],
)
def test_a_pattern_and_a_type_choose(run, arguments, names):
    assert [each["name"] for each in json.loads(run("ls", *arguments, "--json").out)] == names


def test_json_tells_what_the_table_tells(run, server):
    (sales,) = json.loads(run("ls", "sales cube", "--json").out)
    assert sales.pop("path").endswith("/Reports/Sales Cube")
    assert sales == {
        "name": "Sales Cube",
        "type": "cube",
        "id": server.cubes["Sales Cube"],
        "modified": "2026-01-15T08:30:00+00:00",
        "owner": "Administrator",
        "certified": False,
        "project": "Simulated Retail",
    }


def test_a_limit_says_how_many_are_left(run):
    result = run("ls", "cross-tab*", "--limit", 2)
    assert len(lines(result)) == 3
    assert "more." in result.err


def test_nothing_found_is_said_beside_standard_output(run):
    result = run("ls", "sales")
    assert (result.code, result.out) == (0, b"")
    assert "'*sales*'" in result.err
    assert run("ls", "*zzz*", "--json").out == b"[]\n"


def test_a_narrow_terminal_leaves_columns_out_and_breaks_no_line(capsys, monkeypatch):
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    tables.print_table(("NAME", "ID", "PATH"), [("Größe ☕", "A" * 10, "/x/y")])
    out, err = capsys.readouterr()
    assert out.splitlines()[1] == f"Größe ☕  {'A' * 10}"
    assert "\x1b[1m" in out  # a terminal's header is bold
    assert "PATH" in err


def test_what_a_server_says_cannot_steer_the_terminal(capsys):
    tables.print_table(("NAME",), [("a\x1b[31m\nb",)])
    assert "\x1b" not in capsys.readouterr().out


def test_colours_are_for_a_terminal(run, monkeypatch):
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    master, slave = pty.openpty()
    with open(slave, "w", encoding="utf-8") as terminal, monkeypatch.context() as patch:  # noqa: PTH123 - a descriptor
        patch.setattr(sys, "stdout", terminal)
        assert run("ls", "sales*").code == 0
    assert b"\x1b[1m" in os.read(master, 65536)
    os.close(master)
    piped = run("ls", "sales*")
    assert (b"\x1b" in piped.out, piped.err) == (False, "")


def test_details_tell_what_is_known_of_the_data(run, connection):
    connection.cube("Sales Cube").certify()
    (sales,) = json.loads(run("ls", "*sales*", "--certified", "--details", "--json").out)
    connection.cube("Sales Cube").decertify()
    assert (sales["certified"], sales["rows"], sales["data_updated"][:10]) == (True, 2000, "2026-01-15")
    assert run("ls", "*sales*", "--certified").err == "No certified objects have a name like '*sales*'.\n"
    shown = lines(run("ls", "sales cube", "--details", "--projects", "all"))
    assert "DATA UPDATED" in shown[0]
    assert shown[0].endswith("PROJECT")
    assert " 2,000 " in shown[1]


@pytest.mark.parametrize("name", ["catalog.parquet", "catalog.csv", "catalog.arrow"])
def test_a_catalogue_is_written_into_a_file(run, tmp_path, name):
    path = tmp_path / name
    result = run("ls", "--type", "dashboard", "-o", path)
    assert (result.code, result.out) == (0, b"")
    assert result.err.startswith(f"2 objects in {path}")
    assert path.stat().st_size > 0


def test_all_projects_are_listed_without_choosing_one_and_what_is_skipped_is_said(run, monkeypatch):
    further = (FurtherProject(name="Finance"), FurtherProject(name="Archive", loaded=False))
    with Simulator(rows=50, further_projects=further) as several:
        monkeypatch.setenv("MSTR_URL", several.url)
        result = run("ls", "retail o*", "--projects", "all")
        header, *shown = lines(result)
        assert header.split()[-1] == "PROJECT"
        assert {line.split("  ")[-1].strip() for line in shown} == {several.project, "Finance"}
        assert "1 of 3 projects is not listed (1 not loaded: 'Archive')" in result.err
        assert result.code == 0
        assert "'Finance'" in run("ls", "--projects", "Finanze").err
        assert several.open_sessions == 0
