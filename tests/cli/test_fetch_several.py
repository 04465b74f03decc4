"""``fetch`` of several objects: each under its name in a folder, whatever becomes of the others."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mstr_arrow
from mstr_arrow.simulator import Fault, Simulator

CUBE = "Sales Cube"


def rows_in(folder):
    return {path.name: pq.read_metadata(path).num_rows for path in sorted(folder.glob("*.parquet"))}


@pytest.mark.usefixtures("server")
def test_each_object_becomes_a_file_of_its_name(run, tmp_path):
    result = run("fetch", "One Row", CUBE, "-o", f"{tmp_path}/new/out/")
    assert (result.code, result.out) == (0, b"")
    assert rows_in(tmp_path / "new" / "out") == {"One Row.parquet": 1, "Sales Cube.parquet": 2_000}
    *_, last = result.err.splitlines()
    assert last.startswith("2 objects: 2 done; 2,001 rows, 1")
    assert "One Row: 1 row in" in result.err


@pytest.mark.usefixtures("server")
def test_patterns_choose_objects_and_leave_some_out(run, tmp_path):
    result = run(
        *("fetch", "--include", "*one*", "--include", "one *", "--exclude", "*null*", "--type", "cube"),
        *("-o", f"{tmp_path}/out/", "--format", "csv", "--json"),
    )
    told = json.loads(result.out)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert sorted(f"{each['name']}.csv" for each in told["objects"]) == written
    assert "One Row.csv" in written
    assert {each["type"] for each in told["objects"]} == {"cube"}


def test_what_fails_of_one_does_not_keep_the_others_away(run, server, tmp_path):
    server.fail(Fault.error(403, "ERR001").on("GET", f"/cubes/{server.cubes[CUBE]}", times=None))
    result = run("fetch", "Sales Cuba", CUBE, "One Row", "-o", f"{tmp_path}/out/", "--json")
    server.heal()
    assert result.code == 1
    assert rows_in(tmp_path / "out") == {"One Row.parquet": 1}
    told = json.loads(result.out)
    assert [each["outcome"] for each in told["objects"]] == ["failed", "failed", "done"]
    assert (told["done"], told["failed"], told["rows"]) == (1, 2, 1)
    assert told["objects"][0]["error"]["class"] == "NotFound"
    assert "Did you mean 'Sales Cube'?" in told["objects"][0]["error"]["hint"]
    assert "3 objects: 1 done, 2 failed; 1 row" in result.err
    assert server.open_sessions == 0


@pytest.mark.usefixtures("server")
def test_a_log_tells_each_object_in_a_line(run, tmp_path):
    result = run("fetch", "One Row", "No Such Cube", "-o", f"{tmp_path}/out/", "--log-json")
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert [line["level"] for line in lines if "No Such Cube" in line["message"]] == ["info", "error"]
    assert lines[-1]["message"].startswith("2 objects: 1 done, 1 failed; 1 row")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("more", [["--resume"], ["--part-rows", 900]])
def test_extractions_and_parts_are_folders(run, tmp_path, more):
    fetch = ("fetch", CUBE, "One Row", "-o", f"{tmp_path}/out/", *more)
    assert run(*fetch).code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["One Row", "Sales Cube"]
    again = run(*fetch)
    if "--resume" in more:
        assert again.code == 0
        assert "2 objects: 2 skipped" in again.err
    else:
        assert again.code == 2
        assert "2 objects: 2 failed" in again.err


def test_objects_of_one_name_have_their_ids_in_it(run, monkeypatch, tmp_path):
    with Simulator(rows=10) as server:
        for name, value in {"URL": server.url, "USERNAME": server.username, "PASSWORD": server.password}.items():
            monkeypatch.setenv(f"MSTR_{name}", value)
        with mstr_arrow.connect(server.url, username=server.username, password=server.password) as connection:
            for name in ("Net|Gross", "net:gross"):
                connection.write(name, pa.table({"Region": ["East"], "Amount": [1.5]}))
        assert run("fetch", "--include", "net?gross", "-o", f"{tmp_path}/out/").code == 0
        ids = {name: of for name, of in server.cubes.items() if name.lower().startswith("net")}
    expected = {f"{name.replace('|', '_').replace(':', '_')} ({of}).parquet": 1 for name, of in ids.items()}
    assert rows_in(tmp_path / "out") == expected
    assert len(expected) == 2


@pytest.mark.usefixtures("server")
def test_one_object_tells_the_same_as_json(run, tmp_path):
    result = run("fetch", CUBE, "-o", tmp_path / "sales.parquet", "--json", "--quiet")
    [told] = json.loads(result.out)["objects"]
    path = tmp_path / "sales.parquet"
    assert (told["outcome"], told["path"], told["rows"], told["parts"]) == ("done", str(path), 2_000, 1)
    assert (told["bytes"], told["data_time"]) == (path.stat().st_size, "2026-01-15 08:30:00")
    assert (told["error"], result.err) == (None, "")


@pytest.mark.usefixtures("server")
def test_an_error_of_one_object_is_told_as_json_too(run, tmp_path):
    result = run("fetch", CUBE, "-o", tmp_path / "x.parquet", "--json", "--where", "Regoin = 'East'")
    [told] = json.loads(result.out)["objects"]
    assert (result.code, told["outcome"], told["error"]["class"]) == (2, "failed", "UsageError")
    assert "Region" in told["error"]["hint"]
    assert "UsageError" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([CUBE, "One Row", "-o", "x.parquet"], "Add a slash: -o x.parquet/"),
        ([CUBE, "One Row", "-o", "-"], "standard output is none"),
        ([CUBE, "One Row"], "there is no --output"),
        (["-o", "out/"], "no object is named"),
        ([CUBE, "--exclude", "x*", "-o", "out/"], "--exclude is for what --include chooses"),
        (["--include", "*zzz*", "-o", "out/"], "whose names are like '*zzz*'"),
        (["Sales", "Cubic", "-o", "out/"], "A name with blanks is put in quotes: 'Sales Cubic'."),
        ([CUBE, "-o", "-", "--json"], "--json and -o - exclude each other"),
        ([CUBE, "One Row", "-o", "out/", "--explain"], "--explain and several objects exclude each other"),
    ],
)
@pytest.mark.usefixtures("server")
def test_wrong_usage_is_told(run, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    result = run("fetch", *arguments)
    assert result.code in {1, 2}
    assert said in result.err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.usefixtures("server")
def test_folders_that_were_made_for_nothing_go_again(run, tmp_path):
    assert run("fetch", CUBE, "-o", tmp_path / "a" / "b" / "x.parquet", "--where", "Regoin = 'East'").code == 2
    assert [*tmp_path.iterdir()] == []
    assert run("fetch", CUBE, "-o", tmp_path / "a" / "b" / "x.parquet").code == 0
    assert rows_in(tmp_path / "a" / "b") == {"x.parquet": 2_000}
