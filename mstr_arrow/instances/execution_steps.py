"""The steps to an instance's first page, which `execute` takes, and their outcomes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mstr_arrow.http.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.http.request import Wait
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.instance_status import State


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; its outcome is `Received`.

    The fields are those of `Options`; ``creates``: an instance may be there although the answer
    was lost.
    """

    method: str
    path: str
    params: Mapping[str, object] | None = None
    json: object = None
    headers: Mapping[str, str] | None = None
    subject: Subject | None = Subject.INSTANCE
    wait: Wait | float = "read"
    safe: bool | None = None
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AnswerPrompts:
    """Answer the prompts of an instance."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class CheckAnswers:
    """Refuse answers to prompts that never came."""


@dataclass(frozen=True, slots=True)
class ChoosePage:
    """Find the elements of the page that the source wants; the outcome is `PageChosen`."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class Done:
    """The first page is there."""

    page: Response


@dataclass(frozen=True, slots=True)
class Received:
    """The answer to a request, what it tells of the instance, and the seconds that it asks to wait for."""

    response: Response
    state: State
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class PageChosen:
    """The elements of a page, one for each page-by attribute, as the server takes them."""

    elements: list[dict[str, str]]


Outcome: TypeAlias = Received | PageChosen | None
Step: TypeAlias = Send | Pause | AnswerPrompts | CheckAnswers | ChoosePage | Done
