import getpass
import io
import json
import sys

import pytest

CUBE = "Sales Cube"
OTHER = "http://127.0.0.1:9/Other"


@pytest.fixture
def fetch(run, tmp_path):
    return lambda *options: run("fetch", CUBE, "-o", tmp_path / "sales.csv", *options)


def test_a_profile_holds_everything(fetch, simulator, profile):
    profile(f"""
        [default]
        url = "{OTHER}"
        [nightly]
        url = "{simulator.url}"
        username = "demo"
        password = "demo"
        project = "{simulator.project}"
        page-rows = 700
        page-bytes = 4096
        buffer-bytes = "64MB"
        row-counts = true
        column-type = ["Revenue=string"]
    """)
    before = len(simulator.requests)
    assert fetch("--profile", "nightly").code == 0
    assert "700" in [request.query.get("limit") for request in simulator.requests[before:]]


def test_a_command_takes_its_own_settings_and_leaves_the_others(run, simulator, profile):
    text = f'[default]\nurl = "{simulator.url}"\nusername = "demo"\npassword = "demo"\nconcurrency = 2\n'
    profile(text + 'type = "cube"\nbuffer-bytes = "64MB"\n')
    names = [each["name"] for each in json.loads(run("ls", "*s*", "--json").out)]
    assert "Sales Cube" in names
    assert "Cross-tab Sparse" not in names
    assert run("describe", "Cross-tab Sparse").code == 1
    profile(text + "rows = 5\n")  # an option of `simulate`, which reads no profile
    assert "sets rows" in run("ls").err


@pytest.mark.parametrize("winner", ["flag", "environment", "file"])
def test_a_flag_beats_the_environment_and_that_beats_the_file(fetch, simulator, profile, monkeypatch, winner):
    profile(f'[default]\nurl = "{simulator.url}"\nusername = "file"\npassword = "no"\n')
    if winner in {"flag", "environment"}:
        monkeypatch.setenv("MSTR_USERNAME", "environment")
        monkeypatch.setenv("MSTR_PASSWORD", "no")
    before = len(simulator.requests)
    assert fetch(*(["--username", "flag"] if winner == "flag" else [])).code == 1
    logins = [request.body for request in simulator.requests[before:] if request.path.endswith("auth/login")]
    assert [json.loads(body)["username"] for body in logins] == [winner]


def test_the_environment_names_the_profile(fetch, simulator, profile, monkeypatch):
    profile(f'[a]\nurl = "{simulator.url}"\nusername = "demo"\npassword = "demo"\n')
    assert "--url" in fetch().err
    monkeypatch.setenv("MSTR_PROFILE", "a")
    assert fetch().code == 0


def test_the_password_of_the_environment_beats_the_file(fetch, simulator, profile, monkeypatch):
    profile(f'[default]\nurl = "{simulator.url}"\nusername = "demo"\npassword = "wrong"\n')
    assert "LoginError" in fetch().err
    monkeypatch.setenv("MSTR_PASSWORD", "demo")
    assert fetch().code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_password_that_others_can_read_is_refused(fetch, simulator, profile):
    profile(f'[default]\nurl = "{simulator.url}"\nusername = "demo"\npassword = "demo"\n', mode=0o640)
    result = fetch()
    assert result.code == 2
    assert "chmod 600" in result.err


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("[a]\n", ["--profile", "b"], "no profile 'b'"),
        ("[default]\nurll = 'x'\n", [], "sets urll"),
        ("url = 'x'\n", [], "Write [default] above it"),
        ("[default\n", [], "cannot be read"),
    ],
)
def test_a_wrong_file_is_explained(fetch, profile, text, options, said):
    profile(text)
    result = fetch(*options)
    assert result.code == 2
    assert said in result.err


@pytest.mark.usefixtures("server")
def test_a_password_comes_from_a_file_before_the_environment(fetch, tmp_path, monkeypatch):
    monkeypatch.setenv("MSTR_PASSWORD", "wrong")
    (tmp_path / "password").write_text("demo\r\nsecond line\n")
    (tmp_path / "password").chmod(0o600)
    assert fetch("--password-file", tmp_path / "password").code == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("demo\n"))
    assert fetch("--password-stdin").code == 0


@pytest.mark.usefixtures("server")
def test_a_person_is_asked_and_a_script_is_told(fetch, monkeypatch):
    monkeypatch.delenv("MSTR_PASSWORD")
    asked = []
    monkeypatch.setattr(getpass, "getpass", lambda question: asked.append(question) or "demo")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    result = fetch()
    assert (result.code, asked) == (2, [])
    assert "MSTR_PASSWORD" in result.err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert fetch().code == 0
    assert asked == ["Password of demo: "]


@pytest.mark.usefixtures("server")
def test_no_password_is_taken_from_the_command_line(fetch):
    assert fetch("--password", "demo").code == 2
