"""Marked secrets, each place they come from, each command, and what goes wrong: no mark is shown."""

import json
import os
import pty
import subprocess
import sys

import pytest

from mstr_arrow.simulator import Fault, Simulator

MARK = "MARKED"
PASSWORD = f"{MARK}-pässword"
COMMANDS = [
    ["ls"],
    ["describe", "Sales Cube"],
    ["fetch", "Sales Cube", "-o", "x.csv"],
    ["sql", "from 'Sales Cube' limit 1", "-o", "x.csv"],
    ["push", "x.csv", "--name", "New"],
    ["prompts", "Hierarchy"],
    ["pages", "Hierarchy"],
    ["whoami", "--json"],
]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=[command[0] for command in COMMANDS])


@pytest.fixture(scope="module")
def guarded():
    with Simulator(rows=50, password=PASSWORD) as server:
        yield server


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("a,b\n1,x\n")


def shown(result):
    return result.out.decode() + result.err


@pytest.mark.one_in(6)
@each_command
@pytest.mark.parametrize("place", ["profile", "environment", "file"])
def test_not_by_a_command_that_succeeds(run, guarded, profile, monkeypatch, tmp_path, command, place):
    login = f'[default]\nurl = "{guarded.url}"\nusername = "demo"\n'
    profile(login + (f'password = "{PASSWORD}"\n' if place == "profile" else ""))
    if place == "environment":
        monkeypatch.setenv("MSTR_PASSWORD", PASSWORD)
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    (tmp_path / "password").chmod(0o600)
    options = ["--password-file", "password"] if place == "file" else []
    result = run(*command, *options, "--verbose")
    assert command[0] == "pages" or result.code == 0, result.err
    assert "session opened" in result.err
    assert MARK not in shown(result)


@pytest.mark.one_in(6)
@each_command
@pytest.mark.parametrize("way", ["MSTR_PASSWORD", "MSTR_API_KEY", "MSTR_IDENTITY_TOKEN", "MSTR_SESSION"])
def test_not_when_it_is_refused(run, guarded, monkeypatch, command, way):
    session = json.dumps({"base_url": guarded.url, "token": MARK, "cookies": {"JSESSIONID": MARK}})
    monkeypatch.setenv(way, session if way == "MSTR_SESSION" else f"{MARK}-wrong")
    monkeypatch.setenv("MSTR_URL", guarded.url)
    if way == "MSTR_PASSWORD":
        monkeypatch.setenv("MSTR_USERNAME", "demo")
    result = run(*command, "--verbose")
    assert result.code == 1
    assert "LoginError" in result.err or "SessionExpired" in result.err
    assert MARK not in shown(result)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("verbose", [[], ["--verbose"]])
@pytest.mark.parametrize(
    ("text", "options"),
    [
        (f"password = {MARK}", []),
        (f'password = "{MARK}', []),
        (f'api-key = {{azure = "{MARK}"}}', []),
        (f'password = {{file = "x", secret = "{MARK}"}}', ["--username", "ann"]),
        (f'proxy = "http://{MARK}:{MARK}@ [x"', []),
        (f'proxy = "http://u:{MARK}@127.0.0.1:9"', []),
        (f'proxy-password = "{MARK}"\nproxy = "http://127.0.0.1:9"\nproxy-username = "u:x"', []),
        (f'session = \'{{"token": "{MARK}", "cookies": 7}}\'', []),
        (f'key-password = "{MARK}"\ncert-file = "x.csv"', []),
        (f'password = "{MARK}"', ["--username", "bob"]),
        (f'password = "{MARK}"\nno-such-key = 1', []),
    ],
)
def test_not_by_a_profile_that_cannot_be_used(run, profile, text, options, verbose):
    profile(f'[default]\nurl = "https://127.0.0.1:9/Library"\ntotal-timeout = 0.5\n{text}\n')
    result = run("ls", *options, *verbose)
    assert result.code in {1, 2}
    assert MARK not in shown(result)


@pytest.mark.parametrize(
    "options",
    [
        ["--password", MARK],
        [f"--password={MARK}"],
        ["--api-key", MARK],
        ["--proxy", f"http://u:{MARK}@proxy"],
        ["--session", json.dumps({"token": MARK})],
        ["--url", f"https://ann:{MARK}@bi.example.com"],
    ],
)
def test_not_when_it_is_typed_where_no_secret_belongs(run, options):
    result = run("ls", "--url", "https://127.0.0.1:9/Library", *options)
    assert result.code == 2
    assert MARK not in shown(result)


def test_not_when_the_server_repeats_it(run, guarded, monkeypatch):
    monkeypatch.setenv("MSTR_URL", guarded.url)
    monkeypatch.setenv("MSTR_USERNAME", "demo")
    monkeypatch.setenv("MSTR_PASSWORD", PASSWORD)
    guarded.fail(Fault.error(500, message=f"cannot read {PASSWORD}").on("POST", "/auth/login", times=2))
    result = run("ls", "--verbose")
    assert result.code == 1
    assert MARK not in shown(result)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_not_on_a_terminal_where_it_is_typed(guarded):
    program = [sys.executable, "-c", "import mstr_arrow.cli; mstr_arrow.cli.main()"]
    master, slave = pty.openpty()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "MSTR_USERNAME": "demo"}
    command = [*program, "whoami", "--url", guarded.url, "--verbose"]
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    ) as process:
        os.close(slave)
        said = b""
        while b"Password of demo" not in said:
            said += os.read(master, 1000)
        os.write(master, f"{PASSWORD}\n".encode())
        while True:
            try:
                piece = os.read(master, 1000)
            except OSError:
                break
            if not piece:
                break
            said += piece
        assert process.wait(60) == 0
    os.close(master)
    assert b"demo (standard)" in said
    assert MARK.encode() not in said
