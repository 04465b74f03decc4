from __future__ import annotations

import pytest

from mstr_arrow.simulator import Fault

CHUNK = r"/uploadSessions/[0-9A-F]+$"
PUBLISH = r"/publish$"


@pytest.fixture
def session(pusher, table):
    """An upload session to break, of a client whose dataset holds one row."""
    pusher.define(table("sales", store="STRING", units="INTEGER"))
    pusher.push([["Lyon", 1]])
    pusher.sent = len(pusher.sim.chunks_received)
    return pusher.session()


def taken_in(client):
    return [chunk[2] for chunk in client.sim.chunks_received[client.sent :]]


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.error(500), 500), (Fault.error(400, "ERR006"), 400), (Fault.html(413), 413)]
)
def test_second_chunk_is_refused_once(pusher, session, fault, status):
    pusher.sim.fail(fault.on("PUT", CHUNK, skip=1))
    assert [pusher.put(session, [["Oulu", n]], index=n).status for n in (1, 2, 2)] == [200, status, 200]
    assert taken_in(pusher) == [1, 2]
    assert pusher.publish(session) == (1, "result ready")


def test_connection_cut_in_the_middle_of_a_chunk(pusher, session):
    pusher.sim.fail(Fault.reset_upload().on("PUT", CHUNK))
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        pusher.put(session, [["x" * 8_000_000, 1]])
    assert taken_in(pusher) == []
    assert pusher.put(session, [["Oulu", 1]]).status == 200


def test_answer_lost_after_a_chunk_was_taken_in(pusher, session):
    pusher.sim.fail(Fault.reset().on("PUT", CHUNK))
    with pytest.raises(ConnectionResetError):
        pusher.put(session, [["Oulu", 1]])
    assert taken_in(pusher) == [1]
    assert pusher.put(session, [["Oulu", 1]]).status == 200
    assert pusher.publish(session) == (1, "result ready")
    assert pusher.sim.dataset("Pushed")["sales"].num_rows == 1


def test_session_that_ends_between_chunks(pusher, session):
    pusher.put(session, [["Oulu", 1]])
    pusher.sim.fail(Fault.logged_out().on("PUT", CHUNK))
    assert pusher.put(session, [["Oulu", 1]], index=2).error == (401, "ERR009", None)
    assert (pusher.sim.uploads_open, pusher.sim.open_sessions) == (0, 0)
    pusher.login()
    assert pusher.put(session, [["Oulu", 1]], index=2).error == (404, "ERR004", None)


def test_answer_lost_after_the_publication_was_accepted(pusher, session):
    pusher.put(session, [["Oulu", 1]])
    pusher.sim.fail(Fault.reset().on("POST", PUBLISH))
    with pytest.raises(ConnectionResetError):
        pusher.send("POST", f"{session}/publish")
    assert pusher.send("POST", f"{session}/publish").error == (400, "ERR006", None)
    states = [pusher.send("GET", f"{session}/publishStatus").json["status"] for _ in range(3)]
    assert (states, pusher.read()) == ([6, 6, 1], [{"store": "Oulu", "units": 1}])


@pytest.mark.parametrize("status", [3, 18, -2147071870])
def test_publication_that_fails(pusher, session, status):
    pusher.sim.fail(Fault.publish_ends(status, "(Out of memory.)"))
    pusher.put(session, [["Oulu", 2]])
    assert pusher.publish(session) == (status, "(Out of memory.)")
    assert pusher.read() == [{"store": "Lyon", "units": 1}]
    assert (pusher.sim.uploads_open, pusher.open().status) == (1, 200)


def test_publication_that_never_ends(pusher, session):
    pusher.sim.fail(Fault.publish_ends(None))
    pusher.put(session, [["Oulu", 2]])
    assert pusher.publish(session)[0] == 6
    assert pusher.open().error == (409, "ERR006", None)
    assert pusher.send("DELETE", session).status == 200
    assert pusher.read() == [{"store": "Lyon", "units": 1}]
