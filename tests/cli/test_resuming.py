"""``fetch --resume`` and ``--if-changed``."""

import os
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.simulator import Fault, Simulator

CUBE = "Sales Cube"
IN_ORDER = ("--part-rows", 500, "--page-rows", 250, "--concurrency", 1)


@pytest.fixture
def own(monkeypatch):
    """A simulator of one's own, named in the environment."""
    with Simulator(rows=1_500, monitors_caches=True) as server:
        for name, value in {"URL": server.url, "USERNAME": server.username, "PASSWORD": server.password}.items():
            monkeypatch.setenv(f"MSTR_{name}", value)
        yield server


def height(folder):
    return pl.scan_parquet(folder / "*.parquet").select(pl.len()).collect().item()


def test_what_a_failed_command_has_not_fetched_is_fetched_by_the_next(run, own, tmp_path):
    folder = tmp_path / "sales"
    fetch = ("fetch", CUBE, "-o", f"{folder}/", "--resume", *IN_ORDER)
    own.fail(Fault.truncated().on("GET", r"/instances/", skip=3, times=None))
    failed = run(*fetch)
    assert failed.code == 1
    assert failed.err.endswith("What was written stays: the same command goes on.\n")
    own.heal()
    assert own.open_sessions == 0
    assert not folder.exists()
    result = run(*fetch)
    assert result.code == 0
    assert "1,500 rows in 3 parts, 500 of them by former runs" in result.err
    assert height(folder) == 1_500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sales"]
    assert own.open_sessions == 0


def test_an_extraction_goes_into_a_bucket_and_on_there(run, own, s3, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    fetch = ("fetch", CUBE, "-o", s3.uri("sales/"), "--resume", *IN_ORDER)
    own.fail(Fault.truncated().on("GET", r"/instances/", skip=3, times=None))
    failed = run(*fetch)
    assert failed.code == 1
    assert failed.err.endswith("What was written stays: the same command goes on.\n")
    own.heal()
    result = run(*fetch)
    assert result.code == 0, result.err
    assert f"{s3.uri('sales')}/, 1,500 rows in 3 parts, 500 of them by former runs" in result.err
    assert f"{s3.uri('sales')}/, 1,500 rows in 3 parts, is there already: nothing was read." in run(*fetch).err
    assert [name for name in s3.names() if name.startswith("sales/_extracting")] == []
    assert own.open_sessions == 0


def test_what_sigterm_has_ended_goes_on(run, own, tmp_path):
    own.fail(Fault.slow(30).on("GET", r"/instances/", skip=2, times=None))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    program = [sys.executable, "-c", "import mstr_arrow.cli; mstr_arrow.cli.main()"]
    fetch = ("fetch", CUBE, "-o", "sales/", "--resume", "--part-rows", "500", "--page-rows", "500")
    process = subprocess.Popen([*program, *fetch], env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not list(tmp_path.glob(".sales.extracting/part-*")):
        assert time.monotonic() < end, "no part was written"
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert err.splitlines()[-1] == (
        "Terminated. No session was left behind; the same command goes on where it stopped."
    )
    assert own.open_sessions == 0
    own.heal()
    assert " of them by former runs" in run(*fetch[:3], f"{tmp_path}/sales/", *fetch[4:]).err
    assert height(tmp_path / "sales") == 1_500


def test_a_folder_that_is_whole_is_said_to_be(run, own, tmp_path):
    fetch = ("fetch", CUBE, "-o", f"{tmp_path / 'sales'}/")
    assert run(*fetch, "--resume").code == 0
    again = run(*fetch, "--resume")
    assert again.code == 0
    assert "nothing was read. --overwrite reads it again" in again.err
    same = run(*fetch, "--if-changed")
    assert "as published at 2026-01-15 08:30:00: nothing was read.\n" in same.err
    own.republish(CUBE)
    assert "1,500 rows in 1 part" in run(*fetch, "--if-changed").err


def test_a_new_column_is_refused_and_taken_by_an_option(run, own, tmp_path):
    stores = pl.DataFrame({"store": ["Lyon"], "revenue": [1.5]})
    fetch = ("fetch", "Stores", "-o", f"{tmp_path / 'stores'}/", "--resume", "--overwrite")
    with ma.connect(own.url, username=own.username, password=own.password) as conn:
        conn.write("Stores", stores)
        assert run(*fetch).code == 0
        conn.write("Stores", stores.with_columns(visits=7.0), mode="replace", schema_mode="add")
    refused = run(*fetch)
    assert refused.code == 3
    assert "the column 'visits' (double) is new." in refused.err
    assert "Take new columns by --schema-mode add." in refused.err
    assert "; the column 'visits' (double) is new" in run(*fetch, "--schema-mode", "add").err


def test_a_damaged_part_is_read_again_and_said_to_be(run, own, tmp_path):
    folder = tmp_path / "sales"
    fetch = ("fetch", CUBE, "-o", f"{folder}/", "--resume", "--part-rows", 500)
    assert run(*fetch).code == 0
    part = folder / "part-00001.parquet"
    part.write_bytes(part.read_bytes().replace(b"PAR1", b"PAR2"))
    assert "nothing was read" in run(*fetch, "--verify", "sizes").err
    mended = run(*fetch)
    assert mended.code == 0
    assert "; read again, since part-00001.parquet has other bytes than were written" in mended.err
    assert ", 500 of them by former runs" in mended.err
    assert height(folder) == 1_500
    part.unlink()
    (folder / "_manifest.json").write_text("{}")
    named = run(*fetch)
    assert named.code == 2
    assert named.err.endswith("Give another, or have it replaced: --overwrite.\n")
    assert run(*fetch, "--overwrite").code == 0
    assert own.open_sessions == 0


def test_if_changed_says_that_nobody_tells(run, tmp_path, monkeypatch):
    with Simulator(rows=100, monitors_caches=False) as server:
        for name, value in {"URL": server.url, "USERNAME": server.username, "PASSWORD": server.password}.items():
            monkeypatch.setenv(f"MSTR_{name}", value)
        result = run("fetch", CUBE, "-o", f"{tmp_path / 'sales'}/", "--if-changed")
    assert result.code == 0
    assert (
        "When the data were published is not known: this login may not monitor the caches of cubes." in result.err
    )


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("output", ["-", "sales.parquet", "sales.csv"])
def test_only_a_folder_can_be_gone_on_with(run, output):
    result = run("fetch", CUBE, "-o", output, "--resume")
    assert result.code != 0
    assert "a folder of Parquet parts" in result.err


def test_what_never_began_leaves_nothing(run, server, tmp_path):
    result = run("fetch", "No Such Cube", "-o", f"{tmp_path / 'sales'}/", "--resume")
    assert result.code != 0
    assert list(tmp_path.iterdir()) == []
    assert server.open_sessions == 0


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--resume", "--unordered"], "--resume and --unordered exclude each other."),
        (["--on-change", "restart"], "--on-change is for extractions that resume."),
        (["--verify", "sizes"], "--verify is for extractions that resume."),
        (["--schema-mode", "add"], "--schema-mode is for extractions that resume."),
        (["--resume", "--head", 5], "--sort and --head ask for another.\nLeave --resume away."),
        (["--resume", "--layout", "grid"], "not cross-tabs.\nLeave --resume away."),
    ],
)
def test_what_does_not_go_with_it_is_said_in_options(run, tmp_path, options, said):
    result = run("fetch", CUBE, "-o", f"{tmp_path / 'sales'}/", *options)
    assert result.code == 2
    assert said in result.err
    assert list(tmp_path.iterdir()) == []


def test_the_beginning_of_something_else_is_told_in_options(run, own, tmp_path):
    folder = f"{tmp_path / 'sales'}/"
    own.fail(Fault.html(502).on("GET", r"/instances/", skip=1, times=None))
    assert run("fetch", CUBE, "-o", folder, "--resume", "--page-rows", 500, "--part-rows", 500).code == 1
    own.heal()
    other = run("fetch", CUBE, "-o", folder, "--resume", "--columns", "Units")
    assert other.code == 2
    assert "something else.\nAsk for the same, or remove that to start again." in other.err


def test_explain_shows_the_order_that_is_asked_for(run, server):
    before = len(server.requests)
    shown = run("fetch", CUBE, "--resume", "--explain").out.decode()
    assert shown.index('"sorting"') < shown.index("# Order\n", shown.index('"sorting"'))
    assert "sorting" not in run("fetch", CUBE, "--explain").out.decode()
    asked = [(request.method, request.path) for request in server.requests[before:]]
    assert not [path for method, path in asked if method == "GET" and "/instances/" in path]


def test_a_deadline_ends_a_run_and_the_next_goes_on(run, own, tmp_path):
    fetch = ("fetch", CUBE, "-o", f"{tmp_path / 'sales'}/", "--resume", "--page-rows", 500, "--part-rows", 500)
    own.fail(Fault.slow(30).on("GET", r"/instances/", skip=2, times=None))
    late = run(*fetch, "--deadline", 1.5)
    assert late.code == 1
    assert "the read was not done within 1.5 s.\nRaise or leave away --deadline" in late.err
    assert own.open_sessions == 0
    own.heal()
    assert run(*fetch).code == 0
    assert height(tmp_path / "sales") == 1_500
