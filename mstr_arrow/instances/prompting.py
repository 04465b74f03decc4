"""Answering the prompts of an instance, level by level (Wire reference, section 4.3).

Nested prompts show only when those that they depend on are answered, so a report may ask several times. All that it
asked is remembered: a name that means two prompts, and an answer to nothing, can only be told then.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError, ProtocolError, ServerError
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.http.retry import leaves_open
from mstr_arrow.http.subject import Subject
from mstr_arrow.instances.prompt_choices import PAGE, Offer
from mstr_arrow.names import listing
from mstr_arrow.prompts.answers import Condition, Typed
from mstr_arrow.prompts.bodies import as_asked, automatic, entry
from mstr_arrow.prompts.collection import Answers
from mstr_arrow.prompts.listed import read_prompts
from mstr_arrow.prompts.matching import check_used, match, near_miss
from mstr_arrow.prompts.model import CHOSEN, SHOWN
from mstr_arrow.prompts.words import prompts_open

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mstr_arrow.http.response import Response
    from mstr_arrow.prompts.answers import Answer
    from mstr_arrow.prompts.model import Choice, Prompt
    from mstr_arrow.session.project_http import ProjectHttp

PATIENCE = 5
"""How often an instance may say that it waits for answers while there is nothing left to answer."""

TRIES = 3
"""How often answers are sent of which it is not known whether the server took them."""

_ONCE_MORE = 2

_PAUSE = 0.2
"""Seconds before it is asked a third time, longer each time after that."""

_BAD_REQUEST = 400


class Prompting:
    """The prompts of one instance, and the answers to them.

    An optional prompt that nobody answers gets its default, or is left empty where it has none; unless
    ``automatically`` is False.
    """

    def __init__(
        self, http: ProjectHttp, object_path: str, answers: Answers | None, *, automatically: bool = True
    ) -> None:
        self._http = http
        self._path = f"{object_path}/instances"
        self._answers = answers or Answers({})
        self._asked: dict[str, Prompt] = {}
        self._answered: set[str] = set()
        self._automatically = automatically
        self._idle = 0
        self._unsure = 0
        self._once_more: set[str] = set()

    @property
    def asked(self) -> list[Prompt]:
        """All that was asked so far."""
        return list(self._asked.values())

    async def close(self, instance_id: str) -> bool:
        """Answer what the instance asks now, and return whether it asked anything.

        GET …/prompts, PUT …/prompts/answers; elements and objects that are named are looked up.

        Errors: PromptsOpen where an answer is missing; UsageError where one does not fit; what the server says
        where it refuses them, with the names of the prompts; ProtocolError where it asks again and again.
        """
        place = f"{self._path}/{instance_id}"
        prompts = await fetch_prompts(self._http, place, Subject.INSTANCE)
        self._asked |= {prompt.key: prompt for prompt in prompts}
        waiting = [prompt for prompt in prompts if not prompt.closed and prompt.key not in self._answered]
        if not waiting:
            await self._wait(prompts)
            return False
        given = match(list(self._asked.values()), self._answers)
        own = automatic if self._automatically else lambda _: None
        answers = {prompt.key: given.get(prompt.key) or own(prompt) for prompt in waiting}
        if missing := [prompt for prompt in waiting if answers[prompt.key] is None]:
            error = prompts_open(await with_choices(self._http, place, missing))
            if misspelt := near_miss(list(self._asked.values()), self._answers):
                error.message += f" {misspelt}"
            raise error
        asked = [(prompt, as_asked(prompt, answer)) for prompt in waiting if (answer := answers[prompt.key])]
        entries = await asyncio.gather(*(self._entry(place, prompt, answer) for prompt, answer in asked))
        keys = {prompt.key for prompt in waiting}
        if await self._send(place, waiting, entries):
            self._answered |= keys
        self._idle = self._idle + 1 if keys <= self._once_more else 0
        return True

    def finish(self) -> None:
        """Refuse answers to what was never asked, when the instance is ready; errors: UsageError."""
        check_used(list(self._asked.values()), self._answers)

    async def _wait(self, prompts: Sequence[Prompt]) -> None:
        """Leave the server the time to take note of the answers, send them once more, and in the end give up."""
        self._idle += 1
        if self._idle == _ONCE_MORE:  # something in front of the server may have taken them in its place
            again = {prompt.key for prompt in prompts if not prompt.closed} - self._once_more
            self._once_more |= again
            self._answered -= again
        if self._idle > PATIENCE:
            names = [prompt.name for prompt in prompts if not prompt.closed]
            what = f"asks for {listing(names)} again and again" if names else "waits for answers, and asks nothing"
            raise ProtocolError(
                f"The server {what}, though everything was answered.", hint="Does the report run in a browser?"
            )
        await asyncio.sleep(_PAUSE * (self._idle - 1))

    async def _entry(self, place: str, prompt: Prompt, answer: Answer) -> dict[str, Any]:
        return entry(prompt, answer, await self._find_choices(Offer(self._http, place, prompt), answer))

    async def _find_choices(self, offer: Offer, answer: Answer) -> Sequence[Choice]:
        match answer:
            case Condition():
                return (await offer.all())[0]
            case Typed(prompt_type, items) if prompt_type in CHOSEN:
                return await offer.find_named(items)
        return ()

    async def _send(self, place: str, prompts: Sequence[Prompt], entries: Sequence[dict[str, Any]]) -> bool:
        """Send answers; return whether the server took them for all that is known.

        Where that was lost, or a gateway's page came, the prompts that are still open are answered again.
        """
        body = {"prompts": entries}
        try:
            path = f"{place}/prompts/answers"
            await self._http.read("PUT", path, _check_taken, json=body, subject=Subject.INSTANCE, wait="execute")
        except MstrError as error:
            if isinstance(error, ServerError) and infer_status(error) == _BAD_REQUEST:
                refused = [each for each in prompts if each.key in error.message] or prompts
                names = listing([prompt.name for prompt in refused])
                error.message = f"the answer to {names} was refused: {error.message}"
            unsure = isinstance(error, ProtocolError) or leaves_open(error)
            self._unsure += unsure
            if not unsure or self._unsure == TRIES:
                raise
            return False
        return True


def _check_taken(response: Response) -> None:
    """Look at the answer to answers, which is empty, or JSON; errors: ProtocolError."""
    if response.body:
        response.json()


async def fetch_prompts(http: ProjectHttp, place: str, subject: Subject | None) -> list[Prompt]:
    """List the prompts of an instance or of a report, answered ones included. GET …/prompts.

    What the filter ``closed`` means is told in two ways, so it is not used.
    """

    def read(response: Response) -> list[Prompt]:
        return read_prompts(response.json())

    return await http.read("GET", f"{place}/prompts", read, subject=subject)


async def with_choices(http: ProjectHttp, place: str, prompts: Iterable[Prompt]) -> list[Prompt]:
    """Add the first choices to prompts of an instance, and their number; those that take a value have none."""

    async def add_choices(prompt: Prompt) -> Prompt:
        if prompt.type in {"VALUE", "UNSUPPORTED"}:
            return prompt
        choices, count = await Offer(http, place, prompt).all(at_most=PAGE)
        return replace(prompt, choices=tuple(choices[:SHOWN]), choice_count=count)

    return list(await asyncio.gather(*map(add_choices, prompts)))
