"""From a source to the first page of an instance of it, however long the server runs for that.

A report on a server that can do so is run asynchronously, so that no request waits long: gateways cut those that
do. The order is that of the wire reference, section 3.9: created without a body, its status asked for until it is
ready, its prompts answered, and only then changed as the body says. Cubes are created with the body.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from mstr_arrow.answers import unexpected
from mstr_arrow.errors import (
    InstanceGone,
    MstrError,
    NotFound,
    ProtocolError,
    ServerError,
    TimeoutExceeded,
)
from mstr_arrow.grid.rows import Range
from mstr_arrow.http.retry import leaves_open, retry_after
from mstr_arrow.http.subject import Subject
from mstr_arrow.instances.failures import explain_cut, failure_of, is_cut, too_long
from mstr_arrow.instances.jobs import cancel_job, runs_nothing
from mstr_arrow.instances.lost import Lost
from mstr_arrow.instances.nothing import blank_answer, has_no_data, has_no_rows, with_columns
from mstr_arrow.instances.page_by import choose_page
from mstr_arrow.instances.page_request import halving
from mstr_arrow.instances.prompts import Prompting
from mstr_arrow.instances.status import FAILED, PROMPTED, READY, State, read_state
from mstr_arrow.telemetry import traced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from mstr_arrow.grid.options import GridOptions
    from mstr_arrow.http.request import Wait
    from mstr_arrow.http.response import Answer
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.session.working_set import Place

Watch = Callable[[str | None], object]
"""Told in words what the server does, and None when it is done."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
"""Seconds between two questions how far an instance is, where the server names none."""

SHORT_READ = 2.0
"""Seconds that a page may take when the server, which answers no question for the status, is asked for one."""

INSTANCES = 3
"""How many instances are made for one page, where they are gone or their answers lost, the first included."""

CHANGES = 3
"""How often an instance is changed when a gateway cuts the request."""

_WORTH_A_THREAD = 2**16


async def place_for(session: ProjectSession, source: Source, instance: Instance | None, watch: Watch) -> Place:
    """Wait for a place in the session's working set: that of an instance there is, if it is there still."""
    wanted = (source.given or source.over if instance is None else instance.id) or None
    return await session.instances.acquire(
        session.http,
        source.path,
        runs=source.runs,
        instance_id=wanted,
        foreign=wanted is not None and wanted == source.given,
        on_wait=watch,
    )


@traced(
    "mstr_arrow.instance",
    lambda _session, source, *_, **__: {"mstr.object.id": source.object_id, "mstr.object.type": source.kind},
)
async def execute(
    session: ProjectSession, source: Source, rows: int, options: GridOptions, watch: Watch, *, place: Place
) -> Answer:
    """Have the server make an instance in ``place`` and return its first page, of at most ``rows`` rows.

    ``watch`` is told in words what the server does meanwhile, and None when the page is there. Where the answer to
    the request that creates an instance is lost, one may exist. It goes with the session, so another is asked for,
    `INSTANCES` in all, and each counts in the working set; a report, which is costly, is run again only where the
    jobs may be listed and show that it does not run. A result without rows is a page, too, however the server
    tells it. Calls POST …/instances; where that does not
    answer with the page, GET …/instances/{id}/status, then PUT or GET …/instances/{id}.

    Raises TimeoutExceeded after ``Timeouts.execute`` seconds; ServerError or ConnectError, with the way out, when a
    gateway cuts the request that runs the object; PromptsOpen for prompts without answers; what the server says
    where it fails. On the way out of a report that still runs, its job is cancelled where it is known which it is.
    """
    lost = Lost(place, INSTANCES, partial(runs_nothing, session.http, source.object_id) if source.runs else None)
    execution = _Execution(session.http, source, Range(0, rows), options, watch, place=place, lost=lost)
    seconds = session.http.settings.timeouts.execute
    try:
        async with asyncio.timeout(seconds) as limit:
            for left in reversed(range(INSTANCES)):
                try:
                    answer = await execution.answer()
                    return await with_columns(session.http, source, answer, execution.instance_id)
                except InstanceGone:
                    if not left or source.given is not None:
                        raise
                except ServerError as error:
                    if not has_no_data(error):
                        raise
                    return await blank_answer(session.http, source, execution.instance_id)
                execution = _Execution(session.http, source, Range(0, rows), options, watch, place=place, lost=lost)
            raise AssertionError("unreachable")
    except (TimeoutError, asyncio.CancelledError) as error:
        cancelled = await execution.cancel()
        if not limit.expired():
            raise
        raise too_long(source, seconds, execution.doing, cancelled=cancelled) from error
    finally:
        watch(None)


class _Execution:
    """One way from a source to a first page."""

    def __init__(
        self,
        http: ProjectHttp,
        source: Source,
        rows: Range,
        options: GridOptions,
        watch: Watch,
        *,
        place: Place,
        lost: Lost,
    ) -> None:
        self._http = http
        self._place = place
        self._lost = lost
        self._source = source
        self._rows = rows
        self._options = options
        self._watch = watch
        self._instance: str | None = None
        self._prompting = Prompting(http, source.object_path, source.prompts)
        self._doing = "starting"
        self._running = False
        self._seen_running = False
        self._has_status = source.runs
        self._wait = FIRST_PAUSE
        self._short = SHORT_READ

    @property
    def instance_id(self) -> str | None:
        """The instance's id; None as long as it is not known."""
        return self._instance

    async def answer(self) -> Answer:
        """Return the first page."""
        source, body = self._source, self._source.asked(self._options)
        if source.over is not None and source.over == self._place.instance_id:
            with suppress(InstanceGone):
                self._instance = source.over
                return await self._changed(body)
            self._instance = None
        if source.given is not None:
            return await self._given(source.given)
        if not source.responds_async:
            return await self._created(body, None if source.page_by is None else body)
        return await self._created({}, None if not body and source.page_by is None else body)

    async def _given(self, instance_id: str) -> Answer:
        self._instance = instance_id
        try:
            return await self._followed(*await self._peek(self._rows))
        except InstanceGone as error:
            error.hint = (
                "An instance_id is good in the session that made it, and until that has made some others; "
                "leave it out to have a new one made."
            )
            raise

    async def cancel(self) -> bool:
        """Cancel the job of a report that still runs; tell whether that was done."""
        if self._instance is None or self._source.given is not None or not self._running or self._http.closed:
            return False
        return await cancel_job(self._http, self._source.object_id, self._instance)

    @property
    def doing(self) -> str:
        """What the server was doing when it was last asked."""
        return self._doing

    async def _created(self, body: dict[str, object], change: dict[str, object] | None) -> Answer:
        """Create the instance with ``body``, and when it is ready, ``change`` it."""
        wanted = self._rows if change is None else Range(0, 1)
        answer, state = await self._create(body, wanted)
        if change is None:
            return await self._followed(answer, state)
        page = await self._settled(answer, state, wanted)
        if self._instance is None and page is not None and has_no_rows(page):
            return page  # of which nothing can be left out
        return await self._changed(change)

    async def _create(self, body: dict[str, object], wanted: Range) -> tuple[Answer, State]:
        source = self._source
        prefer = {"Prefer": "respond-async"} if source.responds_async else None
        params = source.params(wanted, self._options)
        json = None if prefer else body
        began = time.monotonic()
        try:
            return await self._stated(
                "POST",
                source.path,
                params=params,
                json=json,
                headers=prefer,
                subject=None,
                wait="execute",
                lost=self._lost,
            )
        except MstrError as error:
            if is_cut(error):
                explain_cut(error, source, time.monotonic() - began)
            elif isinstance(error, ServerError) and not leaves_open(error):
                self._place.refused()
            raise

    async def _changed(self, body: dict[str, object]) -> Answer:
        """Change the instance and return its first page.

        A gateway may cut the request, or answer it, and the server may have got it or not. If the server then runs
        something, it is that. If not, it is asked again: the same change twice is the same result.
        """
        source = self._source
        if source.page_by is not None:
            page = await choose_page(self._http, source.path, self._known(), source.page_by)
            body = {**body, "currentPageBy": page}
        for left in reversed(range(CHANGES)):
            began = time.monotonic()
            try:
                answer, state = await self._first_rows("PUT", body)
                if not state.tells:
                    raise unexpected(answer.json(), "a page of data")
            except MstrError as error:
                if not (leaves_open(error) or isinstance(error, ProtocolError)):
                    raise
                if not left:
                    if is_cut(error):
                        explain_cut(error, source, time.monotonic() - began)
                    raise
                self._seen_running = False
                await self._settled(None, State(self._instance, None), Range(0, 1))
                if self._seen_running:
                    return await self._followed(None, State(self._instance, READY))
            else:
                return await self._followed(answer, state)
        raise AssertionError("unreachable")

    async def _followed(self, answer: Answer | None, state: State) -> Answer:
        """Return the first page of an instance, which this answer may be."""
        page = await self._settled(answer, state, self._rows)
        if page is None:
            page, _ = await self._first_rows("GET")
        return page

    async def _first_rows(self, method: str, body: object = None) -> tuple[Answer, State]:
        """Ask for the first page, or for fewer rows of it where the server runs out of time."""

        async def ask(rows: int) -> tuple[Answer, State]:
            params = self._source.params(Range(self._rows.offset, rows), self._options)
            return await self._stated(method, self._path, params=params, json=body, wait="execute")

        found, _ = await halving(self._rows.rows, ask)
        return found

    async def _settled(self, answer: Answer | None, state: State, wanted: Range) -> Answer | None:
        """Wait until the instance is ready, and answer its prompts; return its page where it has come meanwhile."""
        while state.number != READY:
            self._running = self._source.runs and state.number not in {PROMPTED, *FAILED}
            self._doing = state.doing
            self._watch(state.doing)
            if state.number in FAILED:
                raise await self._failure(state)
            if state.number == PROMPTED:
                await self._prompting.close(self._known())
                answer, state = await self._peek(wanted)
            else:
                await asyncio.sleep(self._pause(answer))
                answer, state = await self._ask(wanted)
        self._running = False
        if self._instance != self._source.over:  # which was asked when it was made
            self._prompting.finish()
        return answer if state.whole else None

    def _pause(self, answer: Answer | None) -> float:
        """Return the seconds to wait: what the server asks for, or longer and longer."""
        told = None if answer is None else retry_after(answer.headers, time.time())
        if told is not None:
            return max(told, FIRST_PAUSE)
        wait, self._wait = self._wait, min(self._wait * 1.5, LONGEST_PAUSE)
        return wait

    async def _ask(self, wanted: Range) -> tuple[Answer | None, State]:
        """Ask how far the instance is."""
        if self._has_status:
            path = f"{self._source.object_path}/instances/{self._known()}/status"
            try:
                answer, state = await self._stated("GET", path)
            except NotFound as error:
                if isinstance(error, InstanceGone):
                    raise
                self._has_status = False
            else:
                self._seen_running |= state.number != READY
                return answer, state
        return await self._peek(wanted)

    async def _peek(self, wanted: Range) -> tuple[Answer | None, State]:
        """Ask for a page, which comes when the instance is ready: so none within a short time means that it is not.

        The time grows, as the page itself may take long to make.
        """
        wait, self._short = self._short, min(2 * self._short, self._http.settings.timeouts.read)
        params = self._source.params(wanted, self._options)
        try:
            return await self._stated("GET", self._path, params=params, wait=wait, safe=False)
        except MstrError as error:
            if not (is_cut(error) or isinstance(error, TimeoutExceeded)):
                raise
            return None, State(self._instance, None)

    async def _stated(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        subject: Subject | None = Subject.INSTANCE,
        wait: Wait | float = "read",
        safe: bool | None = None,
        lost: Callable[[], Awaitable[bool]] | None = None,
    ) -> tuple[Answer, State]:
        """Send a request about the instance, which is then used last; return also what the answer tells of it."""
        states: list[State] = []

        async def check(answer: Answer) -> None:
            states.append(await self._state(answer))

        self._place.asked()
        answer = await self._http.request(
            method,
            path,
            params=params,
            json=json,
            headers=headers,
            subject=subject,
            wait=wait,
            safe=safe,
            check=check,
            lost=lost,
        )
        return answer, states[-1]

    async def _state(self, answer: Answer) -> State:
        """Read what an answer tells of the instance, and which one it is."""

        def read() -> State:
            source_id = self._source.object_id
            return read_state(
                answer.status, answer.headers, answer.text(), source_id=source_id, secrets=answer.secrets
            )

        state = await asyncio.to_thread(read) if len(answer.body) > _WORTH_A_THREAD else read()
        self._instance = self._instance or state.instance_id
        if self._instance is not None:
            self._place.made(self._instance)
        elif state.number not in FAILED and not state.whole:
            self._known()  # to ask it how far it is, or for the page
        return state

    async def _failure(self, state: State) -> MstrError:
        """Return why the server could not make the instance, which asking for a page of it tells."""
        message, failure = state.message, state.failure
        if self._instance is not None:
            params = self._source.params(Range(0, 1), self._options)
            try:
                _, now = await self._stated("GET", self._path, params=params, safe=False)
                message, failure = now.message or message, now.failure or failure
            except ServerError as error:
                if not isinstance(error, NotFound):
                    return error
            except MstrError:
                pass
        return failure_of(self._source, state.number, message, failure)

    def _known(self) -> str:
        if self._instance is None:
            raise ProtocolError(f"The server runs the {self._source.kind}, and does not say as which instance.")
        return self._instance

    @property
    def _path(self) -> str:
        return f"{self._source.path}/{self._known()}"
