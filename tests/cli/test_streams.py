"""Every command, wherever its output goes: a code page without the letters, a reader who leaves, a full disk."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
import typer

import mstr_arrow
from mstr_arrow.cli.app import app
from mstr_arrow.cli.loading import leaves
from mstr_arrow.simulator import Simulator
from tests.support.servers import IDLE

CUBE = "Продажи 📈"
DATA = pa.table({"Регион": ["Юг €", "Север 🧊"], "Выручка": [1.5, 2.5]})

FULL = Path("/dev/full")

PRINTING = {
    "ls": [["ls"], ["ls", "--json"], ["ls", "нет такого"]],
    "describe": [["describe", CUBE], ["describe", CUBE, "--json"]],
    "fetch": [
        ["fetch", CUBE, "--explain"],
        ["fetch", CUBE, "-o", "x.csv", "--json"],
        ["fetch", CUBE, "-o", "-", "--format", "csv"],
    ],
    "sql": [
        ["sql", f"from '{CUBE}'"],
        ["sql", f"from '{CUBE}'", "--quiet"],
        ["sql", f"from '{CUBE}'", "--explain"],
        ["sql", f"from '{CUBE}'", "-o", "-", "--format", "csv"],
    ],
    "pages": [["pages", "Paged By Two"], ["pages", "Paged By Two", "--json"]],
    "prompts": [["prompts", "Prompted Value"], ["prompts", "Prompted Value", "--json"]],
    "whoami": [["whoami"], ["whoami", "--json"], ["whoami", "--verbose"]],
    "push": [["push", "данные.csv", "--name", "Копия"]],
    "demo": [["demo", "--rows", "10"]],
    "subscriptions ls": [["subscriptions", "ls"], ["subscriptions", "ls", "--json"]],
    "subscriptions show": [["subscriptions", "show", "On My Phone"]],
    "subscriptions create": [["subscriptions", "create", "--help"]],
    "subscriptions send": [["subscriptions", "send", "On My Phone", "--json"]],
    "subscriptions delete": [["subscriptions", "delete", "--help"]],
    "subscriptions pause": [["subscriptions", "pause", "On My Phone", "--json"]],
    "subscriptions resume": [["subscriptions", "resume", "On My Phone", "--json"]],
    "refresh": [["refresh", "--help"]],
    "run": [["run", "--help"], ["run", "--schema"]],
    "runs": [["runs", "--help"]],
    "bench run": [["bench", "run", "--help"]],
    "bench compare": [["bench", "compare", "--help"]],
    "bench show": [["bench", "show", "--help"]],
    "caches ls": [["caches", "ls"], ["caches", "ls", "--json"]],
    **{
        f"caches {act}": [["caches", act, "--help"]]
        for act in ("load", "unload", "activate", "deactivate", "delete")
    },
    "schedules": [["schedules"], ["schedules", "--json"]],
    "users": [["users"], ["users", "--json"]],
    "simulate": [["simulate", "--rows", "10", "--port", "0"]],
    "login": [["login", "--help"]],
    "logout": [["logout"]],
}
EVERY = [pytest.param(each, id=" ".join(each[:1] + each[2:])) for calls in PRINTING.values() for each in calls]
ENDING = [each for each in EVERY if each.values[0][0] != "simulate"]


@pytest.fixture(scope="module")
def simulator():
    with Simulator(rows=20, project="Розница", **IDLE) as server:
        with mstr_arrow.connect(server.url, username=server.username, password=server.password) as conn:
            conn.write(CUBE, DATA)
        yield server


@pytest.fixture
def run(server, monkeypatch, tmp_path):
    """Run a command whose standard output and error are these streams; give exit code and the bytes of both."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "данные.csv").write_text("Регион,Выручка\nЮжный,1.5\n", encoding="utf-8")

    def run(arguments, out, err):
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as ended:
            app(arguments)
        assert server.open_sessions == 0
        return ended.value.code or 0

    return run


@pytest.fixture
def encoded(run, tmp_path):
    """Run a command whose output has an encoding."""

    def encoded(arguments, encoding):
        paths = [tmp_path / "out", tmp_path / "err"]
        with (
            paths[0].open("w", encoding=encoding, newline="") as out,
            paths[1].open("w", encoding=encoding, newline="") as err,
        ):
            code = run(arguments, out, err)
        out, err = (path.read_bytes() for path in paths)
        return SimpleNamespace(code=code, out=out, err=err)

    return encoded


def unread():
    """Open a pipe whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    return open(writer, "w", encoding="utf-8")  # noqa: PTH123 - a descriptor


def test_every_command_is_tried():
    assert PRINTING.keys() == leaves(typer.main.get_command(app)).keys()


@pytest.mark.one_in(6)
@pytest.mark.parametrize("encoding", ["cp1252", pytest.param("ascii", marks=pytest.mark.slow)])
@pytest.mark.parametrize("arguments", ENDING)
def test_what_an_encoding_lacks_is_escaped(encoded, arguments, encoding):
    result = encoded(arguments, encoding)
    assert (result.code, b"Traceback" in result.err) == (0, False)
    if "csv" not in arguments:  # whose bytes are UTF-8, as those of a file
        result.out.decode(encoding)
    if arguments[0] in {"ls", "describe", "sql"} and not {"csv", "--json"} & {*arguments}:
        assert rb"\u" in result.out + result.err


def test_escapes_are_counted_where_texts_are_aligned(encoded):
    header, south, north = encoded(["sql", f"from '{CUBE}' order by 2"], "cp1252").out.splitlines()
    assert header.startswith(rb"\u0420\u0435\u0433\u0438\u043e\u043d")
    assert south.startswith(rb"\u042e\u0433 " + "€".encode("cp1252"))
    assert len(south) == len(north) == len(header)


@pytest.mark.one_in(6)
@pytest.mark.parametrize("encoding", [pytest.param("utf-8", marks=pytest.mark.slow), "ascii", "utf-16"])
@pytest.mark.parametrize("arguments", [each for each in ENDING if "--json" in each.values[0]])
def test_json_is_ascii_whatever_the_encoding(encoded, arguments, encoding):
    text = encoded(arguments, encoding).out.decode(encoding)
    assert text.isascii()
    assert json.loads(text)
    if arguments[0] == "describe":
        assert [each["name"] for each in json.loads(text)["columns"]] == DATA.column_names


@pytest.mark.parametrize(
    "arguments", [["describe", "нет такого 📉"], ["нет"], ["fetch", CUBE, "-o", "нет"], ["sql", "нет"]]
)
def test_errors_are_told_in_every_encoding(encoded, arguments):
    result = encoded(arguments, "ascii")
    assert result.code in {1, 2}
    assert rb"\u043d" in result.err


@pytest.mark.one_in(6)
@pytest.mark.parametrize("arguments", [each for each in EVERY if each.values[0][0] != "logout"])
@pytest.mark.parametrize("both", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_reader_who_leaves_ends_it_without_a_word(run, both, arguments, tmp_path):
    with unread() as out, (tmp_path / "err").open("w", encoding="utf-8") as err:
        code = run(arguments, out, out if both else err)
    assert code == (0 if arguments == ["ls", "нет такого"] and not both else 141)
    assert "roken" not in (tmp_path / "err").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fetch", "--help"]])
def test_a_reader_of_help_may_leave(run, arguments, tmp_path):
    with unread() as out, (tmp_path / "err").open("w", encoding="utf-8") as err:
        assert run(arguments, out, err) == 141
    assert (tmp_path / "err").read_bytes() == b""


def test_trace_and_progress_may_be_left_while_the_work_goes_on(run, monkeypatch, tmp_path):
    monkeypatch.setattr("mstr_arrow.cli.render.progress.LINE_SECONDS", 0)
    with unread() as err, (tmp_path / "out").open("w", encoding="utf-8") as out:
        assert run(["fetch", CUBE, "-o", "x.csv", "--verbose"], out, err) == 141


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("arguments", [["ls"], ["ls", "--json"], ["--help"], ["--version"]])
def test_an_output_that_is_full_is_said(run, arguments, tmp_path):
    with FULL.open("w", encoding="utf-8") as out, (tmp_path / "err").open("w+", encoding="utf-8") as err:
        assert run(arguments, out, err) == 1
        err.seek(0)
        assert "No space left on device" in err.read()


@pytest.mark.parametrize("arguments", [["ls", "--json"], ["--version"], ["whoami"]])
def test_a_closed_output_takes_nothing(run, arguments, tmp_path):
    with (tmp_path / "err").open("w+", encoding="utf-8") as err:
        assert run(arguments, None, err) == 0
        sys.stdout.close()
        err.seek(0)
        assert err.read() == ""


def test_data_for_a_closed_output_are_refused(run, tmp_path):
    with (tmp_path / "err").open("w+", encoding="utf-8") as err:
        assert run(["fetch", CUBE, "-o", "-", "--format", "csv"], None, err) == 2
        sys.stdout.close()
        err.seek(0)
        assert "standard output is closed" in err.read()


PROGRAM = [sys.executable, "-c", "import mstr_arrow.cli; mstr_arrow.cli.main()"]


def environment():
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "cp1252"}


def test_a_process_ends_as_its_shell_expects(server):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*PROGRAM, "ls"], env=environment(), **pipes) as left:
        left.stdout.close()
        assert (left.stderr.read(), left.wait(60)) == (b"", 141)
    assert server.open_sessions == 0


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_a_process_writes_in_the_encoding_that_it_is_told():
    told = subprocess.run([*PROGRAM, "describe", CUBE], env=environment(), capture_output=True, check=True)
    assert rb"\u0420\u0435\u0433\u0438\u043e\u043d" in told.stdout
