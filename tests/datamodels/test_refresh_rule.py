"""What each status of a publication means: the table of wire reference 7.3, and what may come in its place."""

import pytest

from mstr_arrow.datamodels.refresh_rule import RefreshState, TableState, read_state, verdict
from mstr_arrow.errors import ProtocolError

A, B = "A" * 32, "B" * 32
NAMES = {A: "ytd_day", B: "city_mnth"}


def body(status, **states):
    ids = {"a": A, "b": B}
    tables = [{"id": ids[key], "status": state} for key, state in states.items()]
    return {"status": status, "tables": tables} if tables else {"status": status}


@pytest.mark.parametrize(
    ("answer", "progress"),
    [
        (body(1), "untold"),
        (body(0), "ended"),
        (body(5), "not begun"),
        (body(6), "running"),
        (body(7), "running"),
        (body(-2147212544), "failed"),
        ({"status": "0", "tables": None}, "ended"),
        ({"status": 1.0, "tables": []}, "untold"),
        (body(5, a="reserved", b="reserved"), "not begun"),
        (body(1, a="reserved", b="reserved"), "not begun"),
        (body(6, a="schema_comparison_completed", b="reserved"), "running"),
        (body(1, a="loaded", b="schema_comparison_completed"), "running"),
        (body(0, a="schema_comparison_completed", b="schema_comparison_completed"), "running"),
        (body(0, a="loaded", b="loaded"), "loaded"),
        (body(1, a="completed", b="completed"), "loaded"),
        (body(5, a="LOADED", b="Completed"), "loaded"),
        ({"tables": [{"tableId": A.lower(), "state": "loaded"}, {"objectId": B, "status": "loaded"}]}, "loaded"),
        (body(0, a="loaded"), "running"),
        (body(1, a="loaded", b="error"), "failed"),
        (body(-2147418587, a="loaded", b="loaded"), "failed"),
        ({"tables": [{"id": A, "status": "loaded", "errorCode": 0}, {"id": B, "status": "loaded"}]}, "loaded"),
        ({"status": 1, "tables": [{"id": A, "status": "reserved", "errorCode": -5}]}, "failed"),
    ],
)
def test_a_status_means(answer, progress):
    assert verdict(read_state(answer), [A, B], NAMES).progress == progress


def test_tables_that_were_not_asked_for_are_not_waited_for():
    assert verdict(read_state(body(1, a="loaded", b="reserved")), [A], NAMES).progress == "loaded"


def test_a_failure_says_which_table_and_why():
    state = RefreshState(1, {A: TableState("error", "(No such column.)", -2147418587), B: TableState("loaded")})
    assert verdict(state, [A, B], NAMES) == ("failed", "table 'ytd_day': (No such column.)", -2147418587)
    assert verdict(RefreshState(-7), [A], NAMES) == ("failed", "", -7)
    assert (
        verdict(RefreshState(1, {B: TableState("error")}), [A], NAMES)[1] == "table 'city_mnth': no reason is given"
    )


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({"a": "reserved", "b": "reserved"}, "2 tables: reserved"),
        ({"a": "loaded", "b": "reserved"}, "'ytd_day': loaded; 'city_mnth': reserved"),
        (
            {"a": "schema_comparison_completed", "b": "schema_comparison_completed"},
            "2 tables: schema comparison completed",
        ),
    ],
)
def test_progress_is_told_in_words(states, words):
    assert verdict(read_state(body(1, **states)), [A, B], NAMES).message == words


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"status": None},
        {"status": "soon"},
        {"status": 1, "tables": "x"},
        {"status": 1, "tables": [{}]},
    ],
)
def test_what_is_no_status_is_told(answer):
    with pytest.raises(ProtocolError, match="no status of a publication"):
        read_state(answer)
