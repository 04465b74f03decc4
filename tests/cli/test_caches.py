import json

import pytest

from mstr_arrow.simulator import Simulator

CUBE = "Sales Cube"


@pytest.fixture
def own(monkeypatch):
    """A simulator of two nodes, with its URL, user and password in the environment."""
    with Simulator(rows=20, nodes=("east", "west")) as simulator:
        monkeypatch.setenv("MSTR_URL", simulator.url)
        monkeypatch.setenv("MSTR_USERNAME", simulator.username)
        monkeypatch.setenv("MSTR_PASSWORD", simulator.password)
        yield simulator


def test_caches_are_listed(run, own):
    shown = run("caches", "ls", CUBE).out.decode().splitlines()
    assert shown[0].split() == [
        "CUBE",
        "NODE",
        "STATE",
        "ROWS",
        "COLUMNS",
        "MB",
        "HITS",
        "LAST",
        "UPDATE",
        "CUBE",
        "ID",
    ]
    assert [line.split()[2] for line in shown[1:]] == ["east", "west"]
    told = json.loads(run("caches", "ls", CUBE, "--node", "west", "--json").out)
    assert [(each["node"], each["rows"], each["last_update"]) for each in told] == [
        ("west", 20, "2026-01-15T08:30:00")
    ]
    assert own.open_sessions == 0


def test_a_cache_is_changed_on_one_node_or_all(run, own):
    result = run("caches", "unload", CUBE, "--node", "east")
    assert (result.code, result.out.decode()) == (0, "Unloaded 'Sales Cube' on east.\n")
    assert [each["loaded"] for each in json.loads(run("caches", "ls", CUBE, "--json").out)] == [False, True]
    assert run("caches", "deactivate", CUBE).code == 0
    assert not any(each["active"] for each in json.loads(run("caches", "ls", CUBE, "--json").out))
    result = run("caches", "delete", own.cubes[CUBE])
    assert result.out.decode().splitlines()[-1] == "Deleted the cache of 'Sales Cube' on west."


def test_what_has_no_cache_is_told_with_what_is_near(run, own):
    result = run("caches", "load", "Sales Cub")
    assert (result.code, own.open_sessions) == (1, 0)
    assert "Did you mean 'Sales Cube'" in result.err
    assert "mstr-arrow refresh" in result.err
    assert "There are no caches of it." in run("caches", "ls", "Nothing").err
    assert "no caches of it. Did you mean 'Sales Cube'?" in run("caches", "ls", "Sales Cub").err


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("name", ["load", "unload", "activate", "deactivate", "delete"])
def test_each_says_what_it_does(run, name):
    assert b"CUBE" in run("caches", name, "--help").out
