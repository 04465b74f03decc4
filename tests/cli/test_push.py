import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

import mstr_arrow
from mstr_arrow.cli.render import uploading as shown
from mstr_arrow.simulator import Fault, Simulator
from mstr_arrow.upload.write_result import TableResult, UploadProgress, WriteResult

SALES = "store,zip,year,units,price\nLyon,01067,2024,3,1.5\nParis,10115,2025,4,0.1\n"


@pytest.fixture(scope="module")
def simulator():
    """A server of these tests' own, for they leave cubes behind."""
    with Simulator(rows=10, publish_polls=0) as server:
        yield server


@pytest.fixture
def push(run, server, tmp_path, monkeypatch):
    """Push files of the working folder, in which there is a sales.csv."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_text(SALES)

    def push(*arguments):
        result = run("push", *arguments)
        assert (server.open_sessions, server.uploads_open) == (0, 0)
        return result

    return push


@pytest.fixture
def name(request):
    """A name that no other test gives to a cube."""
    return "".join(letter if letter.isalnum() else " " for letter in request.node.name).strip()


def rows(server, name, table="sales"):
    return sorted(server.dataset(name)[table].to_pylist(), key=lambda row: row["store"])


def test_a_file_becomes_a_cube_whose_id_is_printed(push, server, name):
    result = push("sales.csv", "--name", name, "--attribute", "year", "--verify")
    assert result.code == 0, result.err
    cube_id = result.out.decode().removesuffix("\n")
    said = result.err.splitlines()
    assert said[0].startswith(f"Created '{name}': 2 rows sent in ")
    assert "rows/s" in said[0]
    shown = "and shows 2; the sums of 'units', 'price' are right"
    assert said[1:] == [f"Verified: the cube has as many rows as were sent, {shown}"]
    assert rows(server, cube_id) == [
        {"store": "Lyon", "zip": "01067", "year": 2024, "units": 3, "price": 1.5},
        {"store": "Paris", "zip": "10115", "year": 2025, "units": 4, "price": 0.1},
    ]
    with mstr_arrow.connect(server.url, username="demo", password="demo") as connection:
        roles = {field.name: field.metadata[b"mstr.role"] for field in connection.cube(cube_id).schema}
    assert roles["year"] == roles["zip"] == b"attribute"
    assert roles["units"] == b"metric"


def test_quiet_prints_the_id_and_nothing_else(push, name):
    result = push("sales.csv", "--name", name, "-q")
    assert (result.code, result.err) == (0, "")
    assert len(result.out) == 33


def test_quiet_does_not_silence_a_loss(push, name, tmp_path):
    (tmp_path / "sales.csv").write_text("store,price\nLyon,1.5\nRome,nan\n")
    result = push("sales.csv", "--name", name, "-q")
    assert result.err.splitlines() == ["Warning: 1 value of sales.price: NaN or infinite, written as null"]


@pytest.mark.parametrize(
    ("mode", "said"), [("replace", "Replaced the rows of"), ("add", "Added rows to"), ("update", "Updated rows of")]
)
def test_what_became_of_the_rows_is_said(push, name, mode, said):
    assert push("sales.csv", "--name", name, "-q").code == 0
    assert push("sales.csv", "--name", name, "--mode", mode).err.splitlines()[-1].startswith(f"{said} '{name}': ")


def test_an_upsert_says_its_keys_and_changes_metrics(push, server, name, tmp_path):
    assert push("sales.csv", "--name", name, "--attribute", "year").code == 0
    (tmp_path / "2024-05-01.csv").write_text(
        "store,zip,year,units,price\nLyon,01067,2024,9,nan\nRome,1,2024,1,2.5\n"
    )
    types = ["--column-type", "zip=string"]
    result = push("2024-05-01.csv", "--name", name, "--mode", "upsert", *types)
    assert result.code == 0, result.err
    said = result.err.splitlines()
    keys = "upsert: rows of table 'sales' are found by 'store', 'zip', 'year'; "
    assert said[0] == f"{keys}only metrics change: 'units', 'price'"
    assert said[1].startswith(f"Updated and added rows of '{name}'")
    assert said[-1] == "Warning: 1 value of sales.price: NaN or infinite, written as null"
    assert [(row["store"], row["units"]) for row in rows(server, name)] == [("Lyon", 9), ("Paris", 4), ("Rome", 1)]


def test_an_update_without_metrics_is_warned_of(push, name, tmp_path):
    (tmp_path / "stores.csv").write_text("store,city\nLyon,Lyon\n")
    assert push("stores.csv", "--name", name, "-q").code == 0
    result = push("stores.csv", "--name", name, "--mode", "update")
    assert result.code == 0, result.err
    said = result.err.splitlines()
    assert said[0].endswith("are found by 'store', 'city'; only metrics change, and it has none")
    assert said[-1].startswith("Warning: no row of table 'stores' (1 sent) can change anything")


def test_rows_that_would_be_added_up_are_warned_of_or_refused(push, server, name, tmp_path):
    (tmp_path / "sales.csv").write_text("store,units\nLyon,1\nParis,2\nLyon,3\n")
    merged = (
        "3 rows of table 'sales' show as 2, as those with equal attributes are added up, such as rows 0 and 2, "
        "with 'store' = 'Lyon'"
    )
    refused = push("sales.csv", "--name", name, "--verify")
    assert (refused.code, refused.out) == (1, b"")
    assert f"UploadFailed: {merged}. Nothing was published." in refused.err
    assert "--attribute" in refused.err
    assert "without --verify they are published" in refused.err
    with pytest.raises(KeyError):
        server.dataset(name)
    result = push("sales.csv", "--name", name)
    assert result.code == 0
    assert result.err.splitlines()[-1] == f"Warning: {merged}"


def test_a_verification_that_cannot_be_is_explained(push, name):
    assert push("sales.csv", "--name", name, "-q").code == 0
    result = push("sales.csv", "--name", name, "--mode", "update", "--verify")
    assert "Not verified: not possible" in result.err
    assert "Not verified" not in push("sales.csv", "--name", name, "--mode", "update").err


def test_several_files_are_several_tables(push, server, name, tmp_path):
    (tmp_path / "stores").mkdir()
    for number, (store, city) in enumerate([("Lyon", "Lyon 1er"), ("Paris", "Paris 2e")]):
        pq.write_table(pa.table({"store": [store], "city": [city]}), tmp_path / "stores" / f"{number}.parquet")
    forms = ["--form", "Store@ID=store", "--form", "Store@DESC=city"]
    result = push("Facts=sales.csv", "stores/", "--name", name, *forms, "--metric", "year")
    assert result.code == 0, result.err
    assert list(server.dataset(name)) == ["Facts", "stores"]
    said = result.err.splitlines()
    assert said[0].startswith(f"Created '{name}': 4 rows sent in ")
    assert [line.partition(", ")[0] for line in said[1:]] == ["  Facts: 2 rows", "  stores: 2 rows"]
    with mstr_arrow.connect(server.url, username="demo", password="demo") as connection:
        assert {"Store@ID", "Store@DESC"} < set(connection.cube(name).schema.names)


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "csv"])
def test_what_was_fetched_is_pushed_with_its_roles_and_forms(run, push, server, name, suffix):
    assert run("fetch", "Sales Cube", "-o", f"copy.{suffix}", "-q").code == 0
    more = ["--attribute", "Order"] if suffix == "csv" else []
    result = push(f"copy.{suffix}", "--name", name, "-q", *more)
    assert result.code == 0, result.err
    with mstr_arrow.connect(server.url, username="demo", password="demo") as connection:
        original, copied = connection.cube("Sales Cube"), connection.cube(result.out.decode().strip())
        said = [[field.metadata[b"mstr.role"] for field in cube.schema] for cube in (original, copied)]
        assert (copied.schema.names, said[1]) == (original.schema.names, said[0])
        assert copied.count_rows() == original.count_rows()


def test_a_query_is_pushed(push, server, name):
    pytest.importorskip("duckdb")
    query = "select store, sum(units)::bigint as units from 'sales.csv' group by 1"
    assert push("--query", query, "--name", name, "--table", "sums").code == 0
    assert rows(server, name, "sums") == [{"store": "Lyon", "units": 3}, {"store": "Paris", "units": 4}]
    assert push("--query", query, "--name", name, "--mode", "add").code == 0
    assert list(server.dataset(name)) == ["sums"]


def test_the_options_reach_the_server(push, server, name, tmp_path):
    (tmp_path / "t.csv").write_text("k,at\n" + "".join(f"{k},2024-01-31T11:00:00Z\n" for k in range(500)))
    options = ["--time-zone", "Asia/Tokyo", "--chunk-bytes", "4kB", "--table", "times", "--column-type", "k=string"]
    before = len(server.chunks_received)
    folder = ["--folder", "/Public Objects/Reports", "--description", "what it is"]
    result = push("t.csv", "--name", name, *options, *folder, "-v")
    assert result.code == 0, result.err
    chunks = server.chunks_received[before:]
    assert {chunk[1] for chunk in chunks} == {"times"}
    assert len(chunks) > 3
    said = result.err.splitlines()[-1]
    assert f" in {len(chunks)} chunks, 0 of them repeated" in said
    assert [word in said for word in ("sending", "waiting", "publishing", "encoding")] == [True] * 4
    assert "PUT /api/datasets/" in result.err
    table = server.dataset(result.out.decode().strip())["times"]
    assert table.num_rows == 500
    assert str(table["at"][0]) == "2024-01-31 20:00:00"
    with mstr_arrow.connect(server.url, username="demo", password="demo") as connection:
        assert connection.find(name).path.endswith(f"/Public Objects/Reports/{name}")


def test_columns_are_added_only_if_asked(push, name, tmp_path):
    assert push("sales.csv", "--name", name, "-q").code == 0
    (tmp_path / "sales.csv").write_text(
        SALES.replace("price", "price,new").replace(".5", ".5,x").replace(".1", ".1,y")
    )
    refused = push("sales.csv", "--name", name)
    assert (refused.code, refused.out) == (2, b"")
    assert "'new'" in refused.err
    assert "allow additions with --schema-mode add." in refused.err
    assert push("sales.csv", "--name", name, "--schema-mode", "add").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "there is nothing to push"),
        (["no.csv"], 2, "there is no file no.csv"),
        (["sales.csv", "other/sales.csv"], 2, "sales.csv would both be the table 'sales'"),
        (["sales.csv", "B=other/sales.csv", "--table", "x"], 2, "--table is one name, for 2 files"),
        (["sales.csv", "--query", "select 1"], 2, "there is --query, and sales.csv"),
        (["--query", "select 1", "--column-type", "a=string"], 2, "there is --query, and --column-type"),
        (["sales.csv", "--column-type", "unit=string"], 2, "Did you mean 'units'?"),
        (["sales.csv", "--column-type", "units"], 2, "is not NAME=TYPE"),
        (["sales.csv", "--column-type", "store=int64"], 3, "'Lyon' in row 1 of the column 'store' is no int64"),
        (["sales.csv", "--attribute", "unit"], 2, "Did you mean 'units'?"),
        (["sales.csv", "--form", "Store=store"], 2, "is not ATTRIBUTE@CATEGORY=COLUMN"),
        (["sales.csv", "--form", "A@ID=zip", "--form", "A@ID=store"], 2, "--form names A@ID twice"),
        (["sales.csv", "--mode", "merge"], 2, "--mode"),
        (["sales.csv", "--mode", "update"], 1, "nothing to update"),
        (["sales.csv", "--folder", "/Nowhere"], 1, "no folder 'Nowhere'"),
        (["sales.csv", "--time-zone", "Mars/Base"], 2, "Mars/Base"),
        (["sales.csv", "--chunk-bytes", "0"], 2, "--chunk-bytes"),
        (["sales.csv", "--username", "ann"], 1, "LoginError"),
    ],
)
def test_what_goes_wrong_is_one_message_and_a_code(push, server, tmp_path, arguments, code, said):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "sales.csv").write_text(SALES)
    if "--query" in arguments:
        pytest.importorskip("duckdb")
    result = push(*arguments, "--name", "Wrong")
    assert (result.code, result.out) == (code, b"")
    assert said in result.err
    assert "Traceback" not in result.err
    with pytest.raises(KeyError):
        server.dataset("Wrong")


def test_a_file_is_opened_before_anybody_logs_in(push, server):
    before = len(server.requests)
    assert push("no.csv", "--name", "Wrong").code == 2
    assert len(server.requests) == before


def test_a_name_is_needed(push):
    assert "--name" in push("sales.csv").err


def test_a_value_that_does_not_fit_ends_it_without_a_trace(push, server, tmp_path, monkeypatch):
    monkeypatch.setattr("mstr_arrow.upload.files.BLOCK_BYTES", 1_024)
    (tmp_path / "n.csv").write_text("s,n\n" + "x,1\n" * 5_000 + "x,1.5\n")
    result = push("n.csv", "--name", "Misfit", "--chunk-bytes", "10kB")
    assert (result.code, result.out) == (3, b"")
    assert "n.csv: '1.5' in row 5,001 of the column 'n' is no int64" in result.err
    assert "Nothing was published." in result.err
    assert "--column-type 'n=string'" in result.err
    with pytest.raises(KeyError):
        server.dataset("Misfit")


def test_a_refused_chunk_is_named(push, server):
    server.fail(Fault.error(413).on("PUT", "/uploadSessions/", times=None))
    try:
        result = push("sales.csv", "--name", "Refused")
    finally:
        server.heal()
    assert (result.code, result.out) == (1, b"")
    assert "UploadFailed: chunk 1 of table 'sales'" in result.err
    assert "give a smaller --chunk-bytes." in result.err


def test_a_password_is_not_shown(push, monkeypatch):
    monkeypatch.setenv("MSTR_PASSWORD", "s3cr3t-value")
    result = push("sales.csv", "--name", "X", "-v")
    assert result.code == 1
    assert "s3cr3t-value" not in result.err


@pytest.mark.parametrize(
    "at", [pytest.param("PUT", id="sending"), pytest.param("POST", id="publishing", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "Interrupted."),
        pytest.param(signal.SIGTERM, 143, "Terminated.", marks=pytest.mark.slow),
    ],
)
def test_ctrl_c_and_sigterm_take_the_upload_back(tmp_path, at, number, code, said):
    (tmp_path / "sales.csv").write_text(SALES)
    with Simulator(rows=10) as simulator:
        simulator.fail(Fault.slow(30).on(at, r"/uploadSessions/.*" if at == "PUT" else "/publish$", times=None))
        environment = {"MSTR_URL": simulator.url, "MSTR_USERNAME": "demo", "MSTR_PASSWORD": "demo"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        program = [sys.executable, "-c", "import mstr_arrow.cli; mstr_arrow.cli.main()"]
        process = subprocess.Popen(
            [*program, "push", "sales.csv", "--name", "Stopped"],
            env=os.environ | environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + 60
        while not (simulator.uploads_open if at == "PUT" else simulator.chunks_received):
            assert time.monotonic() < end, "the upload never began"
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (code, "")
        assert f"{said} What was not published was taken back, and no session left behind." in err
        assert (simulator.open_sessions, simulator.uploads_open) == (0, 0)


# What is shown

HALF = UploadProgress(phase="sending", table="sales", rows=1_000, total_rows=2_000, bytes=4_000_000, chunks=3)
ENDLESS = UploadProgress(phase="sending", table="sales", rows=1_000, total_rows=None, bytes=4_000_000, chunks=1)
LAST = UploadProgress(
    phase="publishing", table=None, rows=2_000, total_rows=2_000, bytes=8, chunks=4, server_says="sql\x1b execution"
)


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (HALF, "1,000 of 2,000 rows · 500 rows/s · 2.0 MB/s · 3 chunks · table sales"),
        (ENDLESS, "1,000 rows · 500 rows/s · 2.0 MB/s · 1 chunk · table sales"),
        (LAST, "publishing 2,000 rows: sql\\x1b execution"),
    ],
)
def test_a_line_says_how_far_it_is(now, line):
    assert shown.describe(now, 2.0) == line


def test_a_log_gets_a_line_now_and_then(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(shown.time, "monotonic", lambda: now[0])
    with shown.upload_progress(Console(force_terminal=False)) as show:
        for _ in range(12):
            now[0] += 1
            show(HALF)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" · ")[:2] for line in lines] == [
        ["1,000 of 2,000 rows", "200 rows/s"],
        ["1,000 of 2,000 rows", "100 rows/s"],
    ]


def test_a_terminal_gets_a_bar(capsys):
    with shown.upload_progress(Console(force_terminal=True, width=200)) as show:
        show(HALF)
    assert "50%" in capsys.readouterr().out
    with shown.upload_progress(Console(force_terminal=True, width=200)) as show:
        show(ENDLESS)
        show(replace(LAST, total_rows=None))
    said = capsys.readouterr().out
    assert "publishing 2,000 rows: sql" in said
    assert "100%" not in said


def test_an_upload_that_took_no_time_has_no_rate():
    result = WriteResult(
        cube_id="A1",
        name="Empty",
        created=True,
        published=True,
        tables=(TableResult(name="t"),),
        retries=0,
        seconds=0.0,
        seconds_encoding=0.0,
        seconds_waiting=0.0,
        seconds_sending=0.0,
        seconds_publishing=0.0,
        verified=None,
        verification="not asked for",
    )
    said = shown.summarise(result, "replace", asked=False)
    assert said == ["Created 'Empty': 0 rows sent in 0.0 s: 0 rows/s, 0 bytes/s of JSON"]


@pytest.mark.parametrize(
    "word",
    ["--name", "--mode", "--form", "--query", "--chunk-bytes", "Stores=stores.csv", "no other key", "Exit codes"],
)
def test_help_teaches(run, word):
    result = run("push", "--help")
    assert result.code == 0
    assert word in result.out.decode()
