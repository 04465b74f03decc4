"""The prompts of a report: the questions, and the answers given to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import pyarrow as pa

from mstr_arrow.arrays import make_array
from mstr_arrow.errors import InstanceGone, UsageError
from mstr_arrow.given import check_type
from mstr_arrow.instances.prompt_choices import Offer
from mstr_arrow.instances.prompt_list import Listing, list_prompts
from mstr_arrow.prompts.collection import Answers
from mstr_arrow.prompts.matching import find
from mstr_arrow.prompts.model import default_text, takes
from mstr_arrow.prompts.words import lines
from mstr_arrow.scan.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.instances.source import Source
    from mstr_arrow.prompts.model import Choice, Prompt
    from mstr_arrow.session.session_client import Client

R = TypeVar("R", bound="Prompted")


@dataclass(slots=True)
class Known:
    """The list of a report's prompts, shared by all scans that were made from one report."""

    listing: Listing | None = None


class Prompted(Scan):
    """A scan of a report that may have prompts."""

    def __init__(self, client: Client, source: Source, options: ReadOptions) -> None:
        super().__init__(client, source, options)
        self._known = Known()

    @property
    def prompts(self) -> Prompts[Self]:
        """The prompts of the report, and a call that answers them; see `Prompts`.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.report("Prompted Nested").prompts[0]
        <Prompt 'Category': 1 element of Category, required, of 'Books', 'Music', 'Été & Co', 'Toys'>
        """
        return Prompts(self, self._client, self._resolver.source.object_id, self._known)

    async def prompts_async(self) -> Prompts[Self]:
        """Return `prompts`, already listed."""
        return await self.prompts.list_async()

    @property
    def answers(self) -> Answers:
        """The answers that the report was given, which can be saved and given again."""
        given: Answers | None = self._resolver.source.prompts
        return given or Answers({})

    def _answer(self, answers: Answers) -> Self:
        resolver = self._resolver
        source = replace(resolver.source, prompts=self.answers.with_others(answers))
        return self._with_resolver(resolver.anew(source=source))


class Prompts(Sequence["Prompt"], Generic[R]):
    """The prompts of a report, in order. The first use asks the server; the list is kept.

    A prompt that depends on the answer to another prompt is missing until the other prompt is answered.
    """

    def __init__(self, report: R, client: Client, report_id: str, known: Known) -> None:
        self._report = report
        self._client = client
        self._report_id = report_id
        self._known = known

    def __call__(self, answers: Mapping[str, object] | None = None, /, **named: object) -> R:
        """Return the report with these answers, beside earlier answers. Send nothing.

        A prompt is named by key, id, name or title. A number, text or date answers a VALUE prompt; a list of texts
        or ids an ELEMENTS prompt; a list of names or ids an OBJECTS or LEVEL prompt; a condition such as
        ``mstr_arrow.col("Revenue") > 10`` an EXPRESSION prompt. None or ``[]`` leaves an optional prompt empty.
        `mstr_arrow.prompts` makes further answers. Two prompts of one name get the same answer, unless each is
        named by key. An optional prompt without an answer gets the default, or is left empty.

        Reading raises PromptsOpen where a required prompt has no answer, and UsageError for an answer that does not
        fit the prompt or belongs to no prompt.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     nested = conn.report("Prompted Nested")
        ...     music = nested.prompts({"Category": "Music", "Items": ["Cello", "Drum"], "Least Units": 20})
        ...     music.to_polars()["Item"].n_unique()
        2
        """
        given = Answers.of({} if answers is None else answers).with_others(Answers.of(named))
        return self._report._answer(given)  # noqa: SLF001 - its own

    @overload
    def __getitem__(self, index: int) -> Prompt: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Prompt]: ...
    def __getitem__(self, index: int | slice) -> Prompt | Sequence[Prompt]:
        return self._list_now().prompts[index]

    def __len__(self) -> int:
        return len(self._list_now().prompts)

    def __repr__(self) -> str:
        if self._known.listing is None:
            return f"<prompts of {self._report!r}, asked for at first need>"
        return "\n".join(lines(self._known.listing.prompts)) or f"<no prompts of {self._report!r}>"

    async def list_async(self) -> Self:
        """List the prompts, unless they are listed already; return the same object.

        GET /api/reports/{id}/prompts; POST …/instances with ``executionStage=resolve_prompts`` where that lists too
        little.
        """
        await self._client.bridge(self._list())
        return self

    def table(self) -> pa.Table:
        """Return a table with a row for each prompt.

        ``choices`` holds the first of ``choice_count`` choices; both are null where the server does not tell.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.report("Prompted Twice").prompts.table().select(["name", "takes"]).to_pylist()[0]
        {'name': 'Year', 'takes': '1 element of Year'}
        """
        return prompt_table(self._list_now().prompts)

    def choices(self, prompt: str, search: str | None = None) -> pa.Table:
        """List the choices that a prompt offers, as a table of ``id`` and ``name``.

        ``search`` keeps the choices whose names contain this text. GET …/prompts/{key}/elements or …/objects, 200
        choices at a time. Raises UsageError for a prompt that takes a value, and, with near names, for an unknown
        prompt.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.report("Prompted Nested").prompts.choices("Category", "oo")["name"].to_pylist()
        ['Books']
        """
        return self._client.run(self._choices(prompt, search))

    async def choices_async(self, prompt: str, search: str | None = None) -> pa.Table:
        """List the choices of a prompt as `choices` does, without blocking the event loop."""
        return await self._client.bridge(self._choices(prompt, search))

    def _list_now(self) -> Listing:
        return self._client.run(self._list())

    async def _list(self) -> Listing:
        if self._known.listing is None:
            self._known.listing = await list_prompts(self._client.session, self._report_id)
        return self._known.listing

    async def _choices(self, name: str, search: str | None) -> pa.Table:
        try:
            choices = await self._find_choices(name, search)
        except InstanceGone:  # it was made for the list, perhaps long ago
            self._known.listing = None
            choices = await self._find_choices(name, search)
        columns = {"id": [choice.id for choice in choices], "name": [choice.name for choice in choices]}
        return pa.table({name: make_array(texts, pa.string()) for name, texts in columns.items()})

    async def _find_choices(self, name: str, search: str | None) -> list[Choice]:
        check_type("the prompt's name", name, str, "a text")
        check_type("search", search, (str, type(None)), "a text")
        listing = await self._list()
        prompt = find(listing.prompts, name)
        if listing.place is None or prompt.choices is None:
            raise UsageError(
                f"the prompt {prompt.name!r} offers nothing to choose from now.",
                hint="It takes a value, or depends on the answer to another prompt.",
            )
        return (await Offer(self._client.http, listing.place, prompt).all(search))[0]


def prompt_table(prompts: Sequence[Prompt]) -> pa.Table:
    """Lay out prompts as a table, a row for each prompt."""
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "key": (pa.string(), [prompt.key for prompt in prompts]),
        "id": (pa.string(), [prompt.id for prompt in prompts]),
        "name": (pa.string(), [prompt.name for prompt in prompts]),
        "title": (pa.string(), [prompt.title for prompt in prompts]),
        "type": (pa.string(), [prompt.type for prompt in prompts]),
        "required": (pa.bool_(), [prompt.required for prompt in prompts]),
        "takes": (pa.string(), [takes(prompt) for prompt in prompts]),
        "default": (pa.string(), [default_text(prompt) or None for prompt in prompts]),
        "choices": (pa.list_(pa.string()), [_names(prompt) for prompt in prompts]),
        "choice_count": (pa.int64(), [prompt.choice_count for prompt in prompts]),
    }
    return pa.table({name: make_array(values, kind) for name, (kind, values) in columns.items()})


def _names(prompt: Prompt) -> list[str] | None:
    return None if prompt.choices is None else [choice.name for choice in prompt.choices]
