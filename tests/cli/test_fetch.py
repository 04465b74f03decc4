import csv
import io
import logging
import os
import re
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mstr_arrow.simulator import Fault, Simulator
from tests.support.requests import Requests

CUBE = "Sales Cube"


def test_a_cube_becomes_a_parquet_file(run, server, tmp_path):
    target = tmp_path / "sales.parquet"
    result = run("fetch", CUBE, "-o", target, "--row-group-rows", 500)
    assert (result.code, result.out) == (0, b"")
    assert pq.read_table(target).column("Order").to_pylist() == server.truth(CUBE)["Order"].to_pylist()
    assert pq.ParquetFile(target).num_row_groups == 4
    assert "2,000 rows in" in result.err
    assert str(target) in result.err
    assert server.open_sessions == 0


@pytest.mark.parametrize("name", ["sales.arrow", "sales.csv", "sales.parquet"])
@pytest.mark.usefixtures("server")
def test_the_name_of_the_file_says_its_format(run, tmp_path, name):
    assert run("fetch", CUBE, "-o", tmp_path / name, "--quiet").code == 0
    content = (tmp_path / name).read_bytes()
    assert content.startswith({"arrow": b"ARROW1", "csv": b'"Order",', "parquet": b"PAR1"}[name.split(".")[1]])


@pytest.mark.usefixtures("server")
def test_quiet_says_nothing(run, tmp_path):
    result = run("fetch", CUBE, "-o", tmp_path / "sales.csv", "-q")
    assert (result.code, result.out, result.err) == (0, b"", "")


@pytest.mark.usefixtures("server")
def test_standard_output_holds_an_arrow_stream_and_nothing_else(run):
    result = run("fetch", CUBE, "-o", "-")
    table = pa.ipc.open_stream(result.out).read_all()
    assert table.num_rows == 2_000
    assert table.schema.field("Region").type == pa.string()
    assert "standard output" in result.err


@pytest.mark.usefixtures("server")
def test_standard_output_holds_csv_where_asked_for(run):
    rows = list(csv.reader(io.StringIO(run("fetch", CUBE, "-o", "-", "--format", "csv").out.decode())))
    assert len(rows) == 2_001
    assert rows[0][:3] == ["Order", "Region", "Store@ID"]


@pytest.mark.usefixtures("server")
def test_binary_is_not_written_to_a_terminal(run, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    result = run("fetch", CUBE, "-o", "-")
    assert (result.code, result.out) == (2, b"")
    assert "--format csv" in result.err


def test_types_row_counts_and_page_sizes_reach_the_server(run, server, tmp_path):
    target = tmp_path / "sales.parquet"
    asked = Requests(server)
    options = [
        "--column-type",
        "Revenue=decimal128(18, 2)",
        "--column-type",
        "Store@ID=string",
        "--row-counts",
        "--unordered",
    ]
    assert run("fetch", CUBE, "-o", target, *options, "--page-rows", 800, "--concurrency", 1).code == 0
    schema = pq.read_schema(target)
    assert schema.field("Revenue").type == pa.decimal128(18, 2)
    assert schema.field("Store@ID").type == pa.string()
    assert "Row Count - sales" in schema.names
    assert asked.limits == [800, 800, 400]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--concurrency", 3], "3 to 3 at once"),
        (["--polite"], "1 to [12] at once"),
        ([], r"\d+ to \d+ at once"),
    ],
)
@pytest.mark.usefixtures("server")
def test_requests_at_once_are_chosen_or_found_out(run, tmp_path, options, told):
    result = run("fetch", CUBE, "-o", tmp_path / "sales.parquet", "--page-rows", 100, "-v", *options)
    assert (result.code, bool(re.search(told, result.err))) == (0, True)


@pytest.mark.usefixtures("server")
def test_a_number_of_requests_and_politeness_exclude_each_other(run, tmp_path):
    result = run("fetch", CUBE, "-o", tmp_path / "sales.parquet", "--polite", "--concurrency", 2)
    assert result.code != 0
    assert "--polite and --concurrency exclude each other" in result.err


def test_verbose_tells_the_requests_and_no_secret(run, server, tmp_path):
    result = run("fetch", CUBE, "-o", tmp_path / "sales.csv", "-v", "--project", server.project)
    assert re.search(r"^POST /api/auth/login -> 204, 0\.0 kB in \d+ ms$", result.err, re.MULTILINE)
    assert result.err.count("POST /api/auth/login") == 1  # not from the log as well
    assert f"session opened: {server.url}, server 11" in result.err
    assert "session closed" in result.err
    assert "1 request, 0 of them repeated" in result.err
    assert "POST" not in run("fetch", CUBE, "-o", tmp_path / "sales.csv").err  # the log is shown no longer
    assert [type(handler).__name__ for handler in logging.getLogger("mstr_arrow").handlers] == ["NullHandler"]


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["Sales Cubes", "-o", "x.csv"], 1, "Did you mean 'Sales Cube'?"),
        ([CUBE, "-o", "x.csv", "--project", "[red]"], 1, "no project '[red]'"),
        ([CUBE, "-o", "x.csv", "--username", "ann"], 1, "LoginError [ERR003"),
        ([CUBE, "-o", "x.csv", "--url", "http://127.0.0.1:9/"], 1, "ConnectError"),
        ([CUBE, "-o", "x.csv", "--url", "ftp://host"], 2, "UsageError"),
        ([CUBE, "-o", "x.csv", "--column-type", "Revenue"], 2, "is not NAME=TYPE"),
        ([CUBE, "-o", "x.csv", "--column-type", "Revenue=money"], 2, "'money' is no Arrow type"),
        ([CUBE, "-o", "x.csv", "--column-type", "Revenu=string"], 2, "Did you mean 'Revenue'?"),
        (
            [CUBE, "-o", "x.csv", "--column-type", "Ledger Id=int32"],
            3,
            "--column-type 'Ledger Id=string' takes any value",
        ),
        (
            [CUBE, "-o", "x.csv", "--column-type", "Ledger Id=int32"],
            3,
            "--on-bad-value 'Ledger Id=null' makes null of such values",
        ),
        ([CUBE, "-o", "x.csv", "--on-bad-value", "skip"], 2, "--on-bad-value 'skip' is not COLUMN=null"),
        ([CUBE, "-o", "x.csv", "--on-bad-value", "Ledgr Id=null"], 2, "Did you mean 'Ledger Id'?"),
        ([CUBE, "-o", "x.csv", "--page-rows", "0"], 2, "--page-rows"),
        ([CUBE, "-o", "x.txt"], 2, "or add --format"),
        ([CUBE, "-o", "/dev/null/x.csv"], 2, "the folder /dev/null is a file, and no folder"),
        ([CUBE, "-o", "."], 2, "is a folder"),
        ([CUBE], 2, "--output"),
    ],
)
def test_what_goes_wrong_is_one_message_and_a_code(run, server, tmp_path, monkeypatch, arguments, code, said):
    monkeypatch.chdir(tmp_path)
    result = run("fetch", *arguments)
    assert (result.code, result.out) == (code, b"")
    assert said in result.err
    assert "Traceback" not in result.err
    assert list(tmp_path.iterdir()) == []
    assert server.open_sessions == 0


@pytest.mark.usefixtures("server")
def test_verbose_shows_the_traceback_without_the_password(run, monkeypatch):
    monkeypatch.setenv("MSTR_PASSWORD", "s3cr3t-value")
    result = run("fetch", CUBE, "-o", "x.csv", "-v")
    assert result.code == 1
    assert "Traceback" in result.err
    assert "s3cr3t-value" not in result.err


@pytest.mark.one_in(2)
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("way", [["-o", "sales.parquet"], ["-o", "sales/", "--resume"]])
@pytest.mark.parametrize("choice", ["null", "Ledger Id=null"])
def test_bad_values_are_null_where_that_is_asked_for_and_told_in_a_line(run, tmp_path, monkeypatch, way, choice):
    monkeypatch.chdir(tmp_path)
    result = run("fetch", CUBE, *way, "--column-type", "Ledger Id=int32", "--on-bad-value", choice)
    assert result.code == 0, result.err
    assert re.search(
        r"^Warning: Sales Cube: [\d,]+ values of 'Ledger Id' did not fit and became null \(",
        result.err,
        re.MULTILINE,
    )
    table = pq.read_table(way[1])
    assert 0 < table["Ledger Id"].null_count <= len(table)


@pytest.mark.usefixtures("server")
def test_an_existing_file_outlives_a_failure(run, tmp_path):
    target = tmp_path / "sales.csv"
    target.write_text("yesterday")
    assert run("fetch", CUBE, "-o", target, "--column-type", "Ledger Id=int32").code == 3
    assert target.read_text() == "yesterday"


def command(simulator):
    environment = {"MSTR_URL": simulator.url, "MSTR_USERNAME": "demo", "MSTR_PASSWORD": "demo"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    return [sys.executable, "-c", "import mstr_arrow.cli; mstr_arrow.cli.main()"], os.environ | environment


@pytest.mark.parametrize("output", ["x.parquet", pytest.param("x/", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("signals", "code", "said"),
    [
        pytest.param([signal.SIGINT], 130, "Interrupted.", id="Ctrl-C"),
        pytest.param([signal.SIGTERM] * 2, 143, "Terminated.", id="SIGTERM", marks=pytest.mark.slow),
    ],
)
def test_ctrl_c_and_sigterm_log_out_and_leave_no_file(tmp_path, output, signals, code, said):
    with Simulator(rows=2_000) as simulator:
        simulator.fail(Fault.slow(30).on("GET", "/instances/", times=None))
        program, environment = command(simulator)
        fetch = [*program, "fetch", CUBE, "-o", output, "--page-rows", "500"]
        process = subprocess.Popen(fetch, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 60
        while not simulator.instances_created:
            assert time.monotonic() < end, "no instance was created"
            time.sleep(0.02)
        time.sleep(0.2)
        for number in signals:
            process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == code
        assert err.splitlines()[-1] == f"{said} No file was written, and no session left behind."
        assert simulator.open_sessions == 0
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_ends_it_quietly(server):
    program, environment = command(server)
    fetch = [*program, "fetch", CUBE, "-o", "-", "--format", "csv", "--quiet"]
    process = subprocess.Popen(fetch, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 141
    assert err == b""
    assert server.open_sessions == 0


@pytest.mark.usefixtures("server")
def test_a_small_file_has_a_size(run, tmp_path):
    result = run("fetch", "One Row", "-o", tmp_path / "one.csv")
    assert f"one.csv, {(tmp_path / 'one.csv').stat().st_size} bytes" in result.err
