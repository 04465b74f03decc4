import json
import signal

import pytest

import mstr_arrow.simulator
from mstr_arrow.simulator.settings.assignments import read_assignments
from mstr_arrow.simulator.settings.overview import list_settings
from tests.support.settings import other_than


def test_every_setting_is_listed_by_subject(run):
    result = run("simulate", "--list-settings")
    lines = result.out.decode().splitlines()
    assert result.code == 0
    assert lines.index("Data and catalogue") < lines.index("  rows=1000000") < lines.index("Uploads")
    assert '  adding="append"    "append", "ignore" or "change"' in lines
    listed = json.loads(run("simulate", "--list-settings", "--json").out)
    assert {f"{each['name']}={each['default']}" for each in listed} == {
        line.split("    ")[0].strip() for line in lines if line[:3].strip() and line.startswith("  ")
    }


@pytest.mark.parametrize(
    ("assigned", "words"),
    [
        ("row=5", "--set: there is no setting row; perhaps rows is meant."),
        ("rows=many", "--set: rows is many; it must be a whole number."),
        ("rows=-5", "--set: rows is -5; it must be 0 or more."),
    ],
)
def test_what_cannot_be_set_is_wrong_usage(run, assigned, words):
    result = run("simulate", "--set", assigned)
    assert result.code == 2
    assert words in result.err
    assert "mstr-arrow simulate --list-settings" in result.err


def test_every_setting_reaches_the_server(run, monkeypatch):
    class NotStarted:
        def __init__(self, **given):
            started.append(given)
            raise ValueError("stop here")

    started = []
    monkeypatch.setattr(mstr_arrow.simulator, "Simulator", NotStarted)
    assigned = [other_than(each) for each in list_settings()]
    result = run("simulate", *(argument for each in assigned for argument in ("--set", each)))
    assert "stop here" in result.err
    assert started == [{"port": 8642, **read_assignments(assigned)}]


def test_a_port_that_is_taken_is_told(run, simulator):
    port = simulator.url.rpartition(":")[2].partition("/")[0]
    hearing = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    result = run("simulate", "--rows", 1, "--port", port)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == hearing
    assert (result.code, result.err) == (
        2,
        f"UsageError: another process listens on port {port}.\nChoose another, or a free one: --port 0.\n",
    )
