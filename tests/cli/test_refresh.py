import json

import pytest

from mstr_arrow.simulator import Fault, Simulator

CUBE = "Sales Cube"


@pytest.fixture
def own(monkeypatch):
    """A simulator of the test's own, with its URL, user and password in the environment."""
    with Simulator(rows=20) as simulator:
        monkeypatch.setenv("MSTR_URL", simulator.url)
        monkeypatch.setenv("MSTR_USERNAME", simulator.username)
        monkeypatch.setenv("MSTR_PASSWORD", simulator.password)
        yield simulator


def test_a_cube_is_refreshed(run, own):
    result = run("refresh", CUBE)
    assert (result.code, result.err, own.publications, own.open_sessions) == (0, "", 1, 0)
    assert result.out.decode().startswith("Refreshed cube 'Sales Cube' by job 1 in ")
    assert result.out.decode().endswith("proof: data time.\n")


def test_for_a_program(run, own):
    told = json.loads(run("refresh", CUBE, "--json").out)
    assert told.pop("seconds") >= 0
    assert told == {
        "id": own.cubes[CUBE],
        "name": CUBE,
        "state": "done",
        "proof": "data time",
        "job": 1,
        "started": True,
    }


def test_what_is_not_waited_for_leaves_the_session_open_and_says_so(run, own):
    result = run("refresh", CUBE, "--no-wait")
    assert (result.code, own.open_sessions) == (0, 1)
    assert "left open" in result.out.decode()
    assert "after 30:00 of idleness" in result.out.decode()
    own.expire_sessions()


def test_a_failure_has_the_servers_reason(run, own):
    own.fail(Fault.publication_fails())
    result = run("refresh", CUBE)
    assert (result.code, own.open_sessions) == (1, 0)
    assert (
        "PublishFailed: cube 'Sales Cube' was not published: (Maximum number of rows (32000) exceeded.)"
        in result.err
    )


@pytest.mark.usefixtures("own")
def test_a_report_is_no_cube(run):
    result = run("refresh", "plain report")
    assert result.code == 2
    assert result.err.splitlines() == [
        "UsageError: 'Plain Report' is a report, and only cubes and data models are published.",
        "A report is run anew for each read.",
    ]


def test_a_read_may_refresh_first(run, own, tmp_path):
    own.change(CUBE, rows=31)
    result = run("fetch", CUBE, "-o", tmp_path / "sales.csv", "--refresh")
    assert result.code == 0
    assert "Refreshed cube 'Sales Cube'" in result.err
    assert "31 rows" in result.err
    result = run("fetch", "Plain Report", "-o", tmp_path / "plain.csv", "--refresh")
    assert result.code == 2
    assert "only cubes and data models are published" in result.err
