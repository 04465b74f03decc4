"""The way from a source to a first page, step by step, without a server: each state, and what leads out of it."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
import pytest

from mstr_arrow.errors import (
    ConnectError,
    InstanceGone,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ProtocolError,
    ServerBusy,
    ServerError,
    TimeoutExceeded,
)
from mstr_arrow.grid.grid_options import GridOptions
from mstr_arrow.grid.rows import Range
from mstr_arrow.http.response import Response
from mstr_arrow.instances.execution_steps import (
    AnswerPrompts,
    CheckAnswers,
    ChoosePage,
    Done,
    PageChosen,
    Pause,
    Received,
    Send,
)
from mstr_arrow.instances.instance_status import PROMPTED, READY, State
from mstr_arrow.instances.page_choice import PageChoice
from mstr_arrow.instances.source import Source
from mstr_arrow.instances.state_machine import CHANGES, FIRST_PAUSE, SHORT_READ, InstanceMachine, Phase

NOW, OLD = "11.3.0500", "11.2.0100"
INSTANCES = "v2/reports/R1/instances"
FILTERED = {"viewFilter": {}}
OUT_OF_TIME = -2147206497
LOST = [
    ConnectError("reset.", cut=True),
    ServerError("a gateway's page.", status=504),
    ServerError("in trouble.", status=500),
    ProtocolError("no JSON."),
]


def source(kind="report", body=FILTERED, version=NOW, **more):
    return Source(kind, "R1", body, version, **more)


def machine(of=None, **more):
    return InstanceMachine(of or source(), Range(0, 500), GridOptions(), longest_read=60.0, **more)


def page(total=2000):
    body = {"instanceId": "I1", "data": {"paging": {"total": total}}}
    return Received(Response(200, {}, orjson.dumps(body)), State("I1", READY, whole=True))


def said(number, *, instance_id="I1", pause=None, body=b"{}", **more):
    return Received(Response(200, {}, body), State(instance_id, number, **more), pause)


@dataclass
class Way:
    """A machine, taken along a way."""

    machine: InstanceMachine
    step: object = None

    def start(self):
        self.step = self.machine.start()
        return self

    def then(self, *outcomes):
        """Take outcomes in turn: errors as such, and what answers name noted as `execute` does."""
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                self.step = self.machine.fail(outcome, 60.0)
                continue
            if isinstance(outcome, Received):
                self.machine.note(outcome.state)
            self.step = self.machine.next(outcome)
        return self

    @property
    def sent(self):
        assert isinstance(self.step, Send)
        return f"{self.step.method} {self.step.path}"


def start(of=None, **more):
    return Way(machine(of, **more)).start()


# Creating


def test_a_report_is_created_without_its_body_and_not_waited_for():
    way = start()
    assert way.sent == f"POST {INSTANCES}"
    assert (way.step.json, way.step.headers) == (None, {"Prefer": "respond-async"})
    assert (way.step.params["limit"], way.step.wait, way.step.creates, way.step.subject) == (
        1,
        "execute",
        True,
        None,
    )


@pytest.mark.parametrize("of", [source("cube"), source(version=OLD)])
def test_cubes_and_older_servers_get_the_body_at_once(of):
    way = start(of)
    assert (way.step.json, way.step.headers, way.step.params["limit"]) == (FILTERED, None, 500)
    way.then(page(), None)
    assert isinstance(way.step, Done)


def test_a_page_that_comes_at_once_is_the_first_where_nothing_is_to_be_changed():
    way = start(source(body={})).then(page())
    assert way.step == CheckAnswers()
    assert way.then(None).step == Done(page().response)
    assert way.machine.phase is Phase.ENDED


def test_what_a_gateway_cuts_says_what_to_do():
    with pytest.raises(ServerError, match=r"cut the request after 60 s.*report may go on") as caught:
        start().then(ServerError("cut.", status=504))
    assert "idle time of the gateway" in caught.value.hint


def test_what_the_server_refuses_is_raised_as_it_is():
    refused = InvalidRequest("no.", status=400)
    with pytest.raises(InvalidRequest) as caught:
        start().then(refused)
    assert caught.value is refused


def test_a_server_that_runs_it_and_names_no_instance_is_refused():
    with pytest.raises(ProtocolError, match="does not say as which instance"):
        start().then(said(6, instance_id=None))


# Waiting, asking


def test_it_asks_how_far_the_instance_is_until_it_is_ready():
    way = start(source(body={})).then(said(4))
    assert isinstance(way.step, Pause)
    assert (way.machine.doing, way.machine.running) == ("running the job", True)
    assert way.then(None).sent == "GET reports/R1/instances/I1/status"
    way.then(said(6), None, said(READY), None)
    assert (way.sent, way.step.params["limit"], way.machine.running) == (f"GET {INSTANCES}/I1", 500, False)
    assert way.then(page()).step == Done(page().response)


def test_pauses_grow_unless_the_server_names_one():
    way = start().then(said(6))
    first = way.step.seconds
    assert way.then(None, said(6)).step.seconds > first == FIRST_PAUSE
    assert way.then(None, said(6, pause=3.0)).step == Pause(3.0)
    assert way.then(None, said(6, pause=0.0)).step == Pause(FIRST_PAUSE)


def test_a_cube_runs_nothing():
    way = start(source("cube")).then(said(6))
    assert (way.machine.running, way.machine.doing) == (False, "running the SQL")


# Peeking


def test_a_server_without_a_status_is_asked_for_a_page_with_little_patience():
    way = start(source(body={})).then(said(6), None, NotFound("no status.", status=404))
    assert (way.sent, way.step.wait, way.step.safe) == (f"GET {INSTANCES}/I1", SHORT_READ, False)
    assert isinstance(way.then(TimeoutExceeded("nothing yet.")).step, Pause)
    assert way.then(None).step.wait == 2 * SHORT_READ
    assert isinstance(way.then(ServerError("cut.", status=502)).step, Pause)
    assert way.then(None, page(), None).step == Done(page().response)


def test_what_is_no_slow_page_is_raised_while_peeking():
    way = start(source("cube")).then(said(6), None)
    with pytest.raises(PermissionDenied):
        way.then(PermissionDenied("no.", status=403))


# Prompts


def test_prompts_are_answered_and_a_page_asked_for():
    way = start(source(body={})).then(said(PROMPTED))
    assert way.step == AnswerPrompts("I1")
    assert (way.machine.doing, way.machine.running) == ("waiting for answers to prompts", False)
    assert way.then(None).sent == f"GET {INSTANCES}/I1"
    assert way.then(said(PROMPTED)).step == AnswerPrompts("I1")  # the next level
    assert way.then(None, page(), None).step == Done(page().response)


def test_answers_are_checked_when_the_instance_is_ready_and_not_where_one_is_changed():
    assert start().then(page()).step == CheckAnswers()
    over = start(source(over="I1"), held="I1").then(page())
    assert over.step == Done(page().response)


# Changing


def test_what_is_ready_is_changed_as_the_body_says():
    way = start().then(page(), None)
    assert (way.sent, way.step.json, way.step.params["limit"]) == (f"PUT {INSTANCES}/I1", FILTERED, 500)
    assert way.machine.phase is Phase.CHANGING
    way.then(page(total=7), None)
    assert way.step == Done(page(total=7).response)


def test_a_result_without_rows_that_no_instance_holds_is_not_changed():
    nothing = Received(Response(200, {}, b'{"data": {"paging": {"total": 0}}}'), State(None, READY, whole=True))
    assert start().then(nothing).step == Done(nothing.response)


def test_a_change_that_runs_is_waited_for_and_its_page_asked_for():
    way = start().then(page(), None, said(6))
    assert isinstance(way.step, Pause)
    assert way.then(None, said(READY), None).sent == f"GET {INSTANCES}/I1"
    assert way.step.params["limit"] == 500


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_a_change_whose_answer_is_lost_is_followed_where_the_server_runs_it(error):
    way = start().then(page(), None, error)
    assert isinstance(way.step, Pause)
    way.then(None, said(6), None, said(READY), None)
    assert way.sent == f"GET {INSTANCES}/I1"


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_a_change_that_never_arrived_is_asked_for_again_and_not_for_ever(error):
    way = start().then(page(), None)
    for _ in range(CHANGES - 1):
        assert way.then(error, None, said(READY), None).sent == f"PUT {INSTANCES}/I1"
    with pytest.raises(type(error)):
        way.then(error)


def test_an_answer_to_a_change_that_tells_nothing_is_a_lost_one():
    way = start().then(page(), None, said(READY, body=b"", tells=False))
    assert isinstance(way.step, Pause)
    for _ in range(CHANGES - 2):
        way.then(None, said(READY), None, said(READY, tells=False))
    with pytest.raises(ProtocolError, match="no page of data"):
        way.then(None, said(READY), None, said(READY, tells=False))


def test_a_change_that_the_server_refuses_is_raised():
    with pytest.raises(InvalidRequest):
        start().then(page(), None, InvalidRequest("no.", status=400))


def test_fewer_rows_are_asked_for_where_the_server_runs_out_of_time():
    busy = ServerBusy("out of time.", status=500, iserver_code=OUT_OF_TIME)
    way = start().then(page(), None, busy)
    assert (way.sent, way.step.params["limit"], way.step.json) == (f"PUT {INSTANCES}/I1", 250, FILTERED)
    read = start(source(body={})).then(said(READY), None, busy, busy)
    assert (read.sent, read.step.params["limit"]) == (f"GET {INSTANCES}/I1", 125)
    with pytest.raises(ServerBusy):
        read.then(busy, busy, busy)


# Page-by


def test_a_page_of_a_report_is_chosen_before_the_change_that_shows_it():
    way = start(source(body={}, page_by=PageChoice({"Year": 2024}))).then(page(), None)
    assert (way.step, way.machine.phase) == (ChoosePage("I1"), Phase.CHOOSING)
    way.then(PageChosen([{"id": "h2024"}]))
    assert (way.sent, way.step.json) == (f"PUT {INSTANCES}/I1", {"currentPageBy": [{"id": "h2024"}]})


def test_an_older_server_is_told_the_body_again_with_the_page():
    way = start(source(version=OLD, page_by=PageChoice({"Year": 2024})))
    assert way.step.json == FILTERED
    way.then(page(), None, PageChosen([{"id": "h2024"}]))
    assert way.step.json == {**FILTERED, "currentPageBy": [{"id": "h2024"}]}


# An instance that is there


def test_an_instance_in_place_is_changed_in_place_of_a_new_one():
    way = start(source(over="I0"), held="I0")
    assert (way.sent, way.step.json) == (f"PUT {INSTANCES}/I0", FILTERED)


def test_one_that_is_not_in_place_is_not():
    assert start(source(over="I0"), held=None).sent == f"POST {INSTANCES}"


def test_where_it_is_gone_another_is_created():
    way = start(source(over="I0"), held="I0").then(InstanceGone("gone.", status=404))
    assert (way.sent, way.machine.instance_id) == (f"POST {INSTANCES}", None)
    with pytest.raises(InstanceGone):  # and this one's end is for the caller
        way.then(said(6), None, InstanceGone("gone.", status=404))


def test_a_given_instance_is_read_as_it_is():
    way = start(source(given="G1"))
    assert (way.sent, way.step.params["limit"]) == (f"GET {INSTANCES}/G1", 500)
    assert way.then(page(), None).step == Done(page().response)


def test_a_given_instance_that_is_gone_says_where_instances_are_good():
    with pytest.raises(InstanceGone) as caught:
        start(source(given="G1")).then(InstanceGone("gone.", status=404))
    assert "good in the session that made it" in caught.value.hint


# Failing


def test_what_failed_is_asked_why():
    way = start().then(said(3, message="then"))
    assert (way.sent, way.step.params["limit"], way.machine.phase) == (f"GET {INSTANCES}/I1", 1, Phase.FAILING)
    with pytest.raises(ServerError, match="could not run the report: now"):
        way.then(said(3, message="now"))


def test_the_error_that_a_failed_instance_answers_with_is_the_reason():
    with pytest.raises(PermissionDenied):
        start().then(said(3), PermissionDenied("no access to a table.", status=403))


@pytest.mark.parametrize("error", [NotFound("not there.", status=404), InstanceGone("gone."), ProtocolError("?")])
def test_where_it_tells_nothing_the_status_is_what_is_known(error):
    with pytest.raises(ServerError, match=r"status 18\); it gives no reason"):
        start().then(said(18), error)


def test_a_failure_without_an_instance_is_raised_at_once():
    with pytest.raises(ServerError, match="could not run the report: too much"):
        start().then(said(3, instance_id=None, message="too much"))
