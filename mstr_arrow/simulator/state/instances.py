"""An instance: a result on the server, which every page of one read comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.model.cubes import Cube

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.encoded_cube import EncodedCube
    from mstr_arrow.simulator.model.reports import Report
    from mstr_arrow.simulator.rules.page_by import PageSet
    from mstr_arrow.simulator.rules.prompt_answers import Inquiry

    from .jobs import Job


@dataclass(slots=True, eq=False, kw_only=True)
class Instance:
    """A cube or report of one session, on its way to what its pages show.

    ``base`` is the object, ``inquiry`` its prompts; ``source`` is what the pages show: the object after its
    answers, on one ``page`` of its page-by ``pages`` (None is the first), manipulated as ``body`` says. ``job``
    makes it, None before it is started: at once, unless the request only ``prepares``. ``later`` tells that the
    request did not wait; ``polls`` is how often the instance is still to be called unfinished then, however soon
    the job ends.
    """

    id: str
    base: Cube | EncodedCube | Report
    source: Cube | EncodedCube | Report
    body: Any = None
    inquiry: Inquiry | None = None
    pages: PageSet | None = None
    page: tuple[int, ...] | None = None
    job: Job | None = None
    prepares: bool = False
    later: bool = False
    polls: int = 0

    @property
    def asks(self) -> bool:
        """Tell whether prompts are open."""
        return self.inquiry is not None and bool(self.inquiry.open)

    @property
    def variant(self) -> bytes:
        """Name all that decides what the pages of the object say."""
        edition = self.base.edition if isinstance(self.base, Cube) else 0
        answers = None if self.inquiry is None else self.inquiry.answers
        return orjson.dumps([edition, self.body, answers, self.page])
