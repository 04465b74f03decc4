import json

import pytest

from mstr_arrow.opening import connect
from mstr_arrow.simulator import Simulator


@pytest.fixture
def ann(simulator, quick):
    with connect(
        simulator.url, username=simulator.username, password=simulator.password, settings=quick
    ) as connection:
        yield connection


@pytest.mark.usefixtures("server")
def test_it_says_who_is_logged_in_and_where(run, simulator):
    result = run("whoami")
    assert (result.code, result.err, simulator.open_sessions) == (0, "", 0)
    assert result.out.decode().splitlines() == [
        "user     demo (standard)",
        f"server   {simulator.url}",
        "version  11.5.0900.00123",
        f"project  {simulator.project}",
        "session  ends after 30:00 min without a request",
        "keeps    10 instances of cubes and reports",
    ]
    found = json.loads(run("whoami", "--json").out)
    assert (found["user"], found["login_mode"], found["session_logged_out"]) == ("demo", "standard", True)
    assert (found["session_timeout_seconds"], found["working_set"]) == (1800, 10)
    assert 1790 < found["session_seconds_left"] <= 1800
    assert found["projects"] == [simulator.project]


def test_each_way_in_has_a_name(run, simulator, ann, tmp_path, monkeypatch):
    monkeypatch.setenv("MSTR_URL", simulator.url)
    assert json.loads(run("whoami", "--json").out)["login_mode"] == "guest"
    ann.save_session(tmp_path / "session.json")
    taken = run("whoami", "--session", tmp_path / "session.json").out.decode()
    assert "user     demo (session)" in taken
    assert "without a request; 30:00 min are left" in taken
    monkeypatch.setenv("MSTR_IDENTITY_TOKEN", ann.identity_token())
    assert "(identity token)" in run("whoami").out.decode()
    assert ann.has_session  # neither was logged out
    monkeypatch.delenv("MSTR_IDENTITY_TOKEN")
    monkeypatch.setenv("MSTR_API_KEY", ann.create_api_token())
    assert "(API token)" in run("whoami").out.decode()
    monkeypatch.delenv("MSTR_API_KEY")
    monkeypatch.setenv("MSTR_PASSWORD", simulator.password)
    assert "demo (LDAP)" in run("whoami", "--username", "demo", "--login-mode", "ldap").out.decode()


def test_a_session_file_needs_no_url_and_one_that_has_ended_is_told(run, simulator, quick, tmp_path):
    with connect(simulator.url, settings=quick) as guest:
        guest.save_session(tmp_path / "session.json")
        assert run("ls", "--session", tmp_path / "session.json").code == 0
    result = run("ls", "--session", tmp_path / "session.json")
    assert result.code == 1
    assert "SessionExpired" in result.err
    assert "session=" not in result.err


def test_projects_are_listed_where_none_is_chosen(run, library):
    result = run("whoami", "--url", library.url)
    assert "project  none chosen; there are: 'Retail', 'Finance'" in result.out.decode()
    assert "project  Finance" in run("whoami", "--url", library.url, "--project", "Finance").out.decode()


def test_the_time_of_a_short_session_is_told(run):
    with Simulator(rows=1, session_timeout=7265) as server:
        assert "ends after 2:01:05 h without" in run("whoami", "--url", server.url).out.decode()
