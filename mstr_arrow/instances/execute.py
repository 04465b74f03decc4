"""From a source to the first page of an instance of it, however long the server runs for that.

A report on a server that can do so is run asynchronously, so that no request waits long: gateways cut those that
do. `InstanceMachine` names the next step; it is done here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from mstr_arrow.errors import InstanceGone, MstrError, ServerError
from mstr_arrow.grid.rows import Range
from mstr_arrow.http.retry import leaves_open, retry_after
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
from mstr_arrow.instances.instance_status import read_state
from mstr_arrow.instances.lost import Lost
from mstr_arrow.instances.nothing import blank_response, has_no_data, with_columns
from mstr_arrow.instances.page_choice import PageChoice, choose_page
from mstr_arrow.instances.prompting import Prompting
from mstr_arrow.instances.report_jobs import cancel_job, runs_nothing
from mstr_arrow.instances.run_failures import too_long
from mstr_arrow.instances.state_machine import InstanceMachine
from mstr_arrow.telemetry import trace

if TYPE_CHECKING:
    from mstr_arrow.grid.grid_options import GridOptions
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.execution_steps import Outcome, Step
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.instance_status import State
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.session.working_set import Place

Watch = Callable[[str | None], object]
"""Told in words what the server does, and None when it is done."""

INSTANCES = 3
"""How many instances are made for one page, where they are gone or their answers lost, the first included."""

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


@trace(
    "mstr_arrow.instance",
    lambda _session, source, *_, **__: {"mstr.object.id": source.object_id, "mstr.object.type": source.kind},
)
async def execute(
    session: ProjectSession, source: Source, rows: int, options: GridOptions, watch: Watch, *, place: Place
) -> Response:
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
                    page = await execution.first_page()
                    return await with_columns(session.http, source, page, execution.machine.instance_id)
                except InstanceGone:
                    if not left or source.given is not None:
                        raise
                except ServerError as error:
                    if not has_no_data(error):
                        raise
                    return await blank_response(session.http, source, execution.machine.instance_id)
                execution = _Execution(session.http, source, Range(0, rows), options, watch, place=place, lost=lost)
            raise AssertionError("unreachable")
    except (TimeoutError, asyncio.CancelledError) as error:
        cancelled = await execution.cancel()
        if not limit.expired():
            raise
        raise too_long(source, seconds, execution.machine.doing, cancelled=cancelled) from error
    finally:
        watch(None)


class _Execution:
    """Takes the steps of one way from a source to a first page."""

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
        self._source = source
        self._watch = watch
        self._place = place
        self._lost = lost
        self._prompting = Prompting(http, source.object_path, source.prompts)
        patience = http.settings.timeouts.read
        self.machine = InstanceMachine(source, rows, options, longest_read=patience, held=place.instance_id)

    async def first_page(self) -> Response:
        """Take one step after the other, until the first page is there, and return that."""
        step = self.machine.start()
        while not isinstance(step, Done):
            began = time.monotonic()
            try:
                outcome = await self._take(step)
            except MstrError as error:
                step = self.machine.fail(error, time.monotonic() - began)
            else:
                step = self.machine.next(outcome)
        return step.page

    async def cancel(self) -> bool:
        """Cancel the job of a report that still runs; tell whether that was done."""
        instance_id = self.machine.instance_id
        if instance_id is None or self._source.given is not None or not self.machine.running or self._http.closed:
            return False
        return await cancel_job(self._http, self._source.object_id, instance_id)

    async def _take(self, step: Step) -> Outcome:
        """Take a step and return how it ended."""
        machine = self.machine
        match step:
            case Send():
                response, state = await self._send(step)
                return Received(response, state, retry_after(response.headers, time.time()))
            case Pause(seconds):
                self._watch(machine.doing)
                await asyncio.sleep(seconds)
            case AnswerPrompts(instance_id):
                self._watch(machine.doing)
                await self._prompting.close(instance_id)
            case CheckAnswers():
                self._prompting.finish()
            case ChoosePage(instance_id):
                choice = self._source.page_by or PageChoice()
                return PageChosen(await choose_page(self._http, self._source.path, instance_id, choice))
        return None

    async def _send(self, step: Send) -> tuple[Response, State]:
        """Send a request about the instance, which is then used last; return also what the answer tells of it."""
        states: list[State] = []

        async def check(response: Response) -> None:
            states.append(await self._read(response))

        self._place.note_request()
        try:
            response = await self._http.request(
                step.method,
                step.path,
                params=step.params,
                json=step.json,
                headers=step.headers,
                subject=step.subject,
                wait=step.wait,
                safe=step.safe,
                check=check,
                lost=self._lost if step.creates else None,
            )
        except ServerError as error:
            if step.creates and not leaves_open(error):
                self._place.note_refusal()
            raise
        return response, states[-1]

    async def _read(self, response: Response) -> State:
        """Read what an answer tells of the instance, and which one it is."""

        def read() -> State:
            source_id = self._source.object_id
            return read_state(
                response.status, response.headers, response.text(), source_id=source_id, secrets=response.secrets
            )

        with response.give_up_if_cancelled():
            state = await asyncio.to_thread(read) if len(response.body) > _WORTH_A_THREAD else read()
        self.machine.note(state)
        if self.machine.instance_id is not None:
            self._place.note_made(self.machine.instance_id)
        return state
