import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import typer
from rich.console import Console

import mstr_arrow
import mstr_arrow.cli
from mstr_arrow.cli.app import app
from mstr_arrow.cli.loading import leaves
from mstr_arrow.cli.render import progress as shown
from mstr_arrow.fetch.stats import Meter

HALF = replace(Meter().stats(), rows=1_000, total_rows=2_000, bytes=4_000_000, seconds=2.0, in_flight=3, requests=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["ls", "describe", "fetch", "demo", "simulate", "--install-completion", "Exit codes", "130"]),
        (["ls", "--help"], ["PATTERN", "--type", "--json", "'*sales*'", "MSTR_URL"]),
        (["describe", "--help"], ["OBJECT", "--type", "A report is run", "MSTR_URL"]),
        (
            ["fetch", "--help"],
            [
                "MSTR_PASSWORD",
                "--row-group-rows",
                "--part-bytes",
                "--subtotals",
                "[default]",
                "| head",
                "Exit codes",
            ],
        ),
        (["simulate", "--help"], ["--rows", "--encode-once", "127.0.0.1", "--set", "--list-settings"]),
    ],
)
def test_help_teaches(run, arguments, words):
    result = run(*arguments)
    assert result.code == 0
    assert [word for word in words if word not in result.out.decode()] == []


def test_the_version_is_told(run):
    assert run("--version").out.decode().strip() == f"mstr-arrow {mstr_arrow.__version__}"


def test_an_unknown_command_is_wrong_usage(run):
    assert run("fetsch").code == 2


def test_the_demo_says_what_it_shows(run):
    result = run("demo", "--rows", 3_000)
    said = result.out.decode()
    assert result.code == 0
    assert "3,000 rows" in said
    assert "simulator" in said
    assert "3000000001" in said
    assert "Float64" in said
    assert "[dim]" not in said
    assert "mstr-arrow fetch" in said


@pytest.mark.parametrize("ending", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_the_simulator_serves_as_its_settings_say_until_it_is_interrupted(ending):
    settings = ["rows=300", "model_parameters=false", "model-table-states=none", "model_done_status=1"]
    switches = [each for setting in settings for each in ("--set", setting)]
    program = [sys.executable, "-u", "-c", "import mstr_arrow.cli; mstr_arrow.cli.main()"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [*program, "simulate", "--rows", "7", "--port", "0", *switches]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        url = next(line.split()[1] for line in process.stdout if line.strip().startswith("URL"))
        with mstr_arrow.connect(url, username="demo", password="demo") as connection:
            assert connection.cube("Sales Cube").count_rows() == 300
            model = connection.data_model("Retail Model")
            with pytest.raises(mstr_arrow.errors.NotFound):
                connection.request("GET", f"/api/model/dataModels/{model.id}/parameters")
            assert model.refresh("replace").status.state == "done"
        process.send_signal(ending)
        assert process.wait(60) == 0
        assert f"MSTR_URL={url}" in process.stdout.read()


def test_a_log_gets_a_line_now_and_then(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(shown.time, "monotonic", lambda: now[0])
    with shown.progress(Console(force_terminal=False)) as show:
        for _ in range(12):
            now[0] += 1
            show(HALF)
    line = "1,000 of 2,000 rows · 500 rows/s · 2.0 MB/s · 3 in flight · 0:02 left\n"
    assert capsys.readouterr().out == 2 * line


def test_a_terminal_gets_a_bar(capsys):
    with shown.progress(Console(force_terminal=True, width=200)) as show:
        show(HALF)
    out = capsys.readouterr().out
    assert "50%" in out
    assert "3 in flight" in out


def test_without_the_extra_one_line_says_what_to_install(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "mstr_arrow.cli.app", raising=False)
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as ended:
        mstr_arrow.cli.main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert err == "mstr-arrow: the command line needs an extra: pip install 'mstr-arrow[cli]'\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("mstr-arrow de", {"describe", "demo"}),
        pytest.param("mstr-arrow fetch --sub", {"--subtotals"}, marks=pytest.mark.slow),
        pytest.param(
            "mstr-arrow ls --type ",
            {"cube", "report", "data model", "dashboard", "all"},
            marks=pytest.mark.slow,
        ),
        pytest.param("mstr-arrow fetch Cube --layout ", {"tidy", "grid"}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes(typed, offered, tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": str(tmp_path)}
    program = tmp_path / "mstr-arrow"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c \'import sys, mstr_arrow.cli; sys.argv[0] = "mstr-arrow"; '
        'mstr_arrow.cli.main()\' "$@"\n'
    )
    program.chmod(0o755)
    environment["PATH"] = f"{tmp_path}{os.pathsep}{environment['PATH']}"
    script = """
        eval "$(_MSTR_ARROW_COMPLETE=source_bash mstr-arrow)"
        COMP_WORDS=($1); [ "${1% }" = "$1" ] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _mstr_arrow_completion mstr-arrow
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    command = ["bash", "-c", script, "bash", typed]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert set(result.stdout.splitlines()) == offered


def test_the_list_of_commands_says_what_each_of_them_says_itself():
    def summaries(command, words=""):
        for name, each in getattr(command, "commands", {}).items():
            yield from summaries(each, f"{words}{name} ")
            yield f"{words}{name}", " ".join(each.help.partition("\n\n")[0].split())

    command = typer.main.get_command(app)
    listed = dict(summaries(command))
    for words, leaf in leaves(command).items():
        assert (words, listed[words]) == (words, " ".join(leaf.help.partition("\n\n")[0].split()))
        assert leaf.callback.__module__.startswith("mstr_arrow.cli.commands.")
