"""The way from a source to the first page of an instance of it, as a state machine: no I/O, no clock. Pure.

`execute` takes the steps that `InstanceMachine` returns, and hands it the outcome of each (`execution_steps`)::

    creating ─▶ waiting ⇄ asking, peeking ─▶ ready ─▶ choosing a page ─▶ changing ─▶ reading ─▶ ended
                   │ ▲                                                      │
                   ▼ │                                                      └─▶ waiting, where the answer was lost
               answering prompts           failing: asking why the server could not run the object

The order is that of the wire reference, section 3.9: a report is created without a body, its status asked for until
it is ready, its prompts answered, and only then changed as the body says. Cubes are created with the body.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from mstr_arrow.errors import InstanceGone, MstrError, NotFound, ProtocolError, ServerError, TimeoutExceeded
from mstr_arrow.grid.rows import Range
from mstr_arrow.http.retry import leaves_open
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
from mstr_arrow.instances.instance_status import FAILED, PROMPTED, READY, State
from mstr_arrow.instances.nothing import has_no_rows
from mstr_arrow.instances.run_failures import explain_cut, failure_of, fewer_rows, is_cut
from mstr_arrow.responses import protocol_error

if TYPE_CHECKING:
    from typing import NoReturn

    from mstr_arrow.grid.grid_options import GridOptions
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.execution_steps import Outcome, Step
    from mstr_arrow.instances.source import Source

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
"""Seconds between two questions how far an instance is, where the server names none."""

SHORT_READ = 2.0
"""Seconds that a page may take when the server, which answers no question for the status, is asked for one."""

CHANGES = 3
"""How often an instance is changed when a gateway cuts the request."""


class Phase(Enum):
    """The states of the machine, by the event it waits for."""

    CREATING = auto()
    WAITING = auto()
    ASKING = auto()
    PEEKING = auto()
    PROMPTED = auto()
    READY = auto()
    CHOOSING = auto()
    CHANGING = auto()
    READING = auto()
    FAILING = auto()
    ENDED = auto()


class _Aim(Enum):
    """The step that follows when the instance is ready."""

    READ = auto()
    CHANGE = auto()
    SEE_WHETHER_CHANGED = auto()


@dataclass(slots=True)
class InstanceMachine:
    """One way from ``source`` to the first page, ``rows``, of an instance of it.

    `start` returns the first step; `next` takes the outcome of a step, and `fail` its error: each returns the next
    step, or raises what the caller is to see. ``held`` is the instance that is in place already, ``longest_read``
    what the server may take for a page.
    """

    source: Source
    rows: Range
    options: GridOptions
    longest_read: float
    held: str | None = None
    phase: Phase = field(default=Phase.CREATING, init=False)
    instance_id: str | None = field(default=None, init=False)
    doing: str = field(default="starting", init=False)
    """The server's work when its status was last asked for, in words."""
    running: bool = field(default=False, init=False)
    """Whether a report runs, as far as is known."""
    _aim: _Aim = field(default=_Aim.READ, init=False)
    _change: dict[str, object] = field(default_factory=dict, init=False)
    _changes_left: int = field(default=CHANGES, init=False)
    _asked_rows: int = field(default=0, init=False)
    _page: Response | None = field(default=None, init=False)
    _failure: State | None = field(default=None, init=False)
    _reused: bool = field(default=False, init=False)
    _seen_running: bool = field(default=False, init=False)
    _has_status: bool = field(default=True, init=False)
    _wait: float = field(default=FIRST_PAUSE, init=False)
    _short: float = field(default=SHORT_READ, init=False)

    def start(self) -> Step:
        """Return the first step: change or read an instance that is there, else create one."""
        source = self.source
        self._has_status = source.runs
        if source.over is not None and source.over == self.held:
            self.instance_id, self._reused = source.over, True
            return self._begin_change(source.request_body(self.options))
        if source.given is not None:
            self.instance_id = source.given
            return self._peek()
        return self._create()

    def note(self, state: State) -> None:
        """Take note of the instance that an answer names. Errors: ProtocolError where it must be, and is not."""
        self.instance_id = self.instance_id or state.instance_id
        if self.instance_id is None and state.number not in FAILED and not state.whole:
            self._require_instance()  # to ask it how far it is, or for the page

    def next(self, outcome: Outcome) -> Step:
        """Take how a step ended; return the next one."""
        match outcome:
            case Received(response, state, pause):
                return self._receive(response, state, pause)
            case PageChosen(elements):
                self._change = {**self._change, "currentPageBy": elements}
                return self._put()
        match self.phase:
            case Phase.WAITING:
                return self._ask()
            case Phase.PROMPTED:
                return self._peek()
            case _:
                return self._use()

    def _receive(self, response: Response, state: State, pause: float | None) -> Step:
        match self.phase:
            case Phase.READING:
                return self._end(response)
            case Phase.FAILING:
                self._fail_with(state)
            case Phase.CHANGING:
                if not state.tells:
                    return self._on_change_lost(_read_unexpected(response), 0.0)
                self._aim = _Aim.READ
            case Phase.ASKING:
                self._seen_running |= state.number != READY
        return self._follow(response, state, pause)

    def fail(self, error: MstrError, seconds: float = 0.0) -> Step:
        """Take the error of a step that took so many seconds; raise it, unless there is another way."""
        phase = self.phase
        if phase is Phase.FAILING:
            if isinstance(error, ServerError) and not isinstance(error, NotFound):
                raise error
            self._fail_with(None)
        if isinstance(error, InstanceGone):
            return self._on_gone(error)
        if phase is Phase.CREATING and is_cut(error):
            explain_cut(error, self.source, seconds)
        elif phase is Phase.ASKING and isinstance(error, NotFound):
            self._has_status = False
            return self._peek()
        elif phase is Phase.PEEKING and (is_cut(error) or isinstance(error, TimeoutExceeded)):
            return self._follow(None, State(self.instance_id, None))
        elif phase in {Phase.CHANGING, Phase.READING} and (rows := fewer_rows(error, self._asked_rows)) is not None:
            return self._ask_for_rows(rows)
        elif phase is Phase.CHANGING and (leaves_open(error) or isinstance(error, ProtocolError)):
            return self._on_change_lost(error, seconds)
        raise error

    # To an instance that is ready

    def _create(self) -> Step:
        source, body = self.source, self.source.request_body(self.options)
        change: dict[str, object] | None = body
        if source.responds_async:
            change, body = (None if not body and source.page_by is None else body), {}
        elif source.page_by is None:
            change = None
        self._aim = _Aim.READ if change is None else _Aim.CHANGE
        self._change = change or {}
        self.phase = Phase.CREATING
        return Send(
            "POST",
            source.path,
            params=source.params(self._wanted, self.options),
            json=None if source.responds_async else body,
            headers={"Prefer": "respond-async"} if source.responds_async else None,
            subject=None,
            wait="execute",
            creates=True,
        )

    def _follow(self, response: Response | None, state: State, pause: float | None = None) -> Step:
        """Wait until the instance is ready, which this answer may tell; it may be the page, too."""
        if state.number == READY:
            self.running = False
            self._page = response if state.whole else None
            self.phase = Phase.READY
            return CheckAnswers() if self.instance_id != self.source.over else self._use()
        self.running = self.source.runs and state.number not in {PROMPTED, *FAILED}
        self.doing = state.doing
        if state.number in FAILED:
            return self._ask_why(state)
        if state.number == PROMPTED:
            self.phase = Phase.PROMPTED
            return AnswerPrompts(self._require_instance())
        self.phase = Phase.WAITING
        return Pause(self._next_pause(pause))

    def _next_pause(self, asked_for: float | None) -> float:
        """Return the seconds to wait: those that the server asks for, or longer and longer."""
        if asked_for is not None:
            return max(asked_for, FIRST_PAUSE)
        wait, self._wait = self._wait, min(self._wait * 1.5, LONGEST_PAUSE)
        return wait

    def _ask(self) -> Step:
        """Ask how far the instance is."""
        if not self._has_status:
            return self._peek()
        self.phase = Phase.ASKING
        return Send("GET", f"{self.source.object_path}/instances/{self._require_instance()}/status")

    def _peek(self) -> Step:
        """Ask for a page, which comes when the instance is ready: so none within a short time means that it is not.

        The time grows, as the page itself may take long to make.
        """
        self.phase = Phase.PEEKING
        wait, self._short = self._short, min(2 * self._short, self.longest_read)
        return Send("GET", self._path, self.source.params(self._wanted, self.options), wait=wait, safe=False)

    # From there to the first page

    def _use(self) -> Step:
        """Go on with an instance that is ready."""
        page, self._page = self._page, None
        if self._aim is _Aim.CHANGE:
            if self.instance_id is None and page is not None and has_no_rows(page):
                return self._end(page)  # of which nothing can be left out
            return self._begin_change(self._change)
        if self._aim is _Aim.SEE_WHETHER_CHANGED and not self._seen_running:
            return self._put()
        if self._aim is _Aim.READ and page is not None:
            return self._end(page)
        self.phase = Phase.READING
        return self._ask_for_rows(self.rows.rows)

    def _begin_change(self, body: dict[str, object]) -> Step:
        self._change, self._changes_left = body, CHANGES
        if self.source.page_by is None:
            return self._put()
        self.phase = Phase.CHOOSING
        return ChoosePage(self._require_instance())

    def _put(self) -> Step:
        self.phase = Phase.CHANGING
        return self._ask_for_rows(self.rows.rows)

    def _ask_for_rows(self, rows: int) -> Step:
        """Ask for the first page, or for fewer rows of it where the server ran out of time."""
        self._asked_rows = rows
        params = self.source.params(Range(self.rows.offset, rows), self.options)
        if self.phase is Phase.CHANGING:
            return Send("PUT", self._path, params, json=self._change, wait="execute")
        return Send("GET", self._path, params, wait="execute")

    def _on_change_lost(self, error: MstrError, seconds: float) -> Step:
        """See whether the server changes the instance although the answer was lost.

        A gateway may cut the request, or answer it, and the server may have got it or not. If the server then runs
        something, it is that. If not, it is asked again: the same change twice is the same result.
        """
        self._changes_left -= 1
        if not self._changes_left:
            if is_cut(error):
                explain_cut(error, self.source, seconds)
            raise error
        self._seen_running = False
        self._aim = _Aim.SEE_WHETHER_CHANGED
        return self._follow(None, State(self.instance_id, None))

    def _end(self, page: Response) -> Step:
        self.phase = Phase.ENDED
        return Done(page)

    # What goes wrong

    def _on_gone(self, error: InstanceGone) -> Step:
        """Create an instance in place of the one that was to be changed; raise the error where none may be."""
        if self._reused:
            self._reused, self.instance_id = False, None
            return self._create()
        if self.source.given is not None:
            error.hint = (
                "An instance_id is good in the session that made it, and until that has made some others; "
                "leave it out to have a new one made."
            )
        raise error

    def _ask_why(self, state: State) -> Step:
        """Ask for a page of an instance that failed, which tells why."""
        self._failure = state
        if self.instance_id is None:
            self._fail_with(None)
        self.phase = Phase.FAILING
        return Send("GET", self._path, self.source.params(Range(0, 1), self.options), safe=False)

    def _fail_with(self, now: State | None) -> NoReturn:
        """Raise why the server could not run the object, as far as it told then or tells ``now``."""
        then = self._failure or State(None, None)
        message = (now and now.message) or then.message
        raise failure_of(self.source, then.number, message, (now and now.failure) or then.failure) from None

    @property
    def _wanted(self) -> Range:
        """The rows of a page that only tells that the instance is ready, or is the first page already."""
        return self.rows if self._aim is _Aim.READ else Range(0, 1)

    def _require_instance(self) -> str:
        if self.instance_id is None:
            raise ProtocolError(f"The server runs the {self.source.kind}, and does not say as which instance.")
        return self.instance_id

    @property
    def _path(self) -> str:
        return f"{self.source.path}/{self._require_instance()}"


def _read_unexpected(response: Response) -> ProtocolError:
    """Return the error of an answer that is no page of data."""
    try:
        return protocol_error(response.json(), "a page of data")
    except ProtocolError as error:
        return error
