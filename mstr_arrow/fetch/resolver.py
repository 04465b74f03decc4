"""From a query and a source to columns, a number of rows, or a reader. On the background loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.errors import DataMismatch, ServerError
from mstr_arrow.fetch.base_reader import ReadSpec
from mstr_arrow.fetch.budget import Budget
from mstr_arrow.fetch.explain import describe_scan
from mstr_arrow.fetch.readers import make_reader, open_or_close, sort_at_end
from mstr_arrow.fetch.stats import watcher
from mstr_arrow.grid.schema import refuse_unknown
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.instances.fetch_elements import fetch_elements
from mstr_arrow.instances.probe import probe
from mstr_arrow.query.element_lookup import MOST_ELEMENTS, as_elements, notes, texts_in_the_way, with_elements
from mstr_arrow.query.forms import check_all_shown, other_forms
from mstr_arrow.query.planner import Division, divide
from mstr_arrow.query.query import Query
from mstr_arrow.query.residual import Residual

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import pyarrow as pa

    from mstr_arrow.fetch.base_reader import BaseReader, Sliceable
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.fetch.readers import OnProgress, Reader
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.query.expressions import Expression, Leaf
    from mstr_arrow.session.in_project import ProjectSession

T = TypeVar("T", bound="Sliceable")
R = TypeVar("R")

_BAD_REQUEST = 400


class _AskedTooMuchError(Exception):
    """The server does not take conditions on the texts of ID forms, or on forms beside ID and DESC."""


@dataclass(slots=True)
class Whole:
    """Knowledge of an object as a whole, shared by the scans made from each other.

    ``instance`` was not read from yet but for its columns. ``rows`` are those of the grid when it was looked at.
    """

    columns: Columns | None = None
    rows: int | None = None
    instance: Instance | None = None
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class ProbedInstance:
    """An instance made for a body, not read from yet but for its columns and the number of its rows."""

    body: Mapping[str, Any]
    instance: Instance


@dataclass(slots=True)
class Resolver:
    """Resolves a query about an object, with the server's help: its columns, its number of rows, a reader.

    ``probed`` is an instance of the query, or of fewer columns, of which only the first rows were looked at.
    """

    session: ProjectSession
    source: Source
    options: ReadOptions
    query: Query
    whole: Whole
    probed: ProbedInstance | None = None

    def with_query(self, query: Query) -> Resolver:
        """Return a resolver of another query over the same object; what is known of the whole stays."""
        return replace(self, query=query, probed=None)

    def anew(self, **changes: Any) -> Resolver:
        """Return a resolver with another source or other options, which knows nothing of the server yet."""
        return replace(self, **changes, whole=Whole(), probed=None)

    async def whole_columns(self, on_progress: OnProgress = None) -> Columns:
        """Return the columns of the object as a whole; creates an instance at first need."""
        async with self.whole.looking:  # scans that start at once look at the object once
            if self.whole.columns is None:
                watch = watcher(on_progress)
                self.whole.instance = await probe(self.session, self._whole_source, self._options.grid, watch)
                self.whole.columns = self._add_other_forms(self.whole.instance.columns)
                self.whole.rows = self.whole.instance.total
            return self.whole.columns

    @property
    def _options(self) -> ReadOptions:
        """The options of the whole, which may name forms it does not show; `_add_other_forms` checks these."""
        return replace(self.options, grid=replace(self.options.grid, whole=False))

    @property
    def _whole_source(self) -> Source:
        """The source of the whole object, with the forms that are wanted."""
        return self.source.with_shown_forms(self.options.grid)

    def _add_other_forms(self, columns: Columns) -> Columns:
        """Return the columns of the whole with those that it may be asked for besides."""
        grid, attributes = self.options.grid, self.source.attributes
        if grid.forms == "all":
            check_all_shown(columns, attributes)
        others = other_forms(columns, attributes, grid.types)
        refuse_unknown(grid, [column.name for column in (*columns.all, *others)])
        return replace(columns, others=others)

    async def instance(self) -> Instance:
        """Return an instance of the object as a whole that was not read from; creates one at need."""
        return await self._probe(None)

    async def schema(self) -> pa.Schema:
        """Return the columns of the result; creates an instance at first need."""
        return await self._ask(self._schema)

    async def count_rows(self) -> int | None:
        """Return the number of rows, None where it takes reading them."""
        return await self._ask(self._count_rows)

    async def explain(self) -> str:
        """Say what the server is asked for, and what is done here."""
        return await self._ask(self._explain)

    async def open(self, convert: Callable[[pa.RecordBatch], T], on_progress: OnProgress) -> Reader[T]:
        """Open a read; the caller closes it."""

        async def open_reader(division: Division | None) -> Reader[T]:
            return await self._open(division, convert, on_progress)

        return await self._ask(open_reader, on_progress)

    async def resolve_ordered(self, on_progress: OnProgress) -> tuple[Source, ReadOptions, Residual]:
        """Return the source in a total order, the options to read it by, and what is left to do here."""
        division = await self._divide_ordered(on_progress)
        source, options, _ = self._plan_request(division, made=self.whole.instance)
        return source, options, division.residual

    async def create_ordered(self, on_progress: OnProgress) -> tuple[Source, ReadOptions, Residual, Instance]:
        """Return what `resolve_ordered` does, and an instance of it that was not read from; the caller reads it."""

        async def create(division: Division | None) -> tuple[Source, ReadOptions, Residual, Instance]:
            division = division or await self._divide_ordered(on_progress)
            source, options, spent = self._plan_request(division)
            probing = probe(self.session, source, options.grid, watcher(on_progress))
            instance = await self._await(probing, division, spent)
            division.check(instance.columns.schema)
            return replace(source, over=None), options, division.residual, instance

        return await self._ask(create, on_progress)

    async def _divide_ordered(self, on_progress: OnProgress) -> Division:
        division = await self._divide(on_progress)
        if division is None:
            raise ValueError("no total order was asked for")
        return division

    async def _ask(self, ask: Callable[[Division | None], Awaitable[R]], on_progress: OnProgress = None) -> R:
        """Divide the query between server and client, and ask; once more where the server was asked too much."""

        async def divide_and_ask() -> R:
            return await ask(await self._divide(on_progress))

        try:
            return await self.once_more(divide_and_ask)
        except _AskedTooMuchError:
            return await divide_and_ask()

    async def once_more(
        self, run: Callable[[], Awaitable[R]], drop: Callable[[], Awaitable[bool]] | None = None
    ) -> R:
        """Run a read, and once more where the server counts rows that the conditions sent to it leave out.

        The conditions run here then. ``drop`` tells whether what came before can be taken back.
        """
        learned = self.session.capabilities
        counted = learned.counts_filtered
        try:
            return await run()
        except DataMismatch:
            if learned.counts_filtered == counted or (drop is not None and not await drop()):
                raise
            return await run()

    async def _divide(self, on_progress: OnProgress) -> Division | None:
        """Divide the query between server and client; None for all rows and columns."""
        ordered = self.options.total_order
        if self.query.trivial and not ordered:
            return None
        if self.query == Query(head=self.query.head) and not ordered:  # which needs no columns
            return Division({}, Residual(head=self.query.head), {})
        columns = await self.whole_columns(on_progress)
        elements = await self._elements(columns)
        query = replace(self.query, any_order=self.query.any_order or not self.options.ordered)
        division = divide(
            with_elements(query, columns, elements),
            columns,
            refusal=self.source.refusal(columns),
            pushdown=self._pushes_down,
            id_text_operators=self.session.capabilities.id_text_operators,
            any_form=self.session.capabilities.any_form,
            total_order=ordered,
        )
        return replace(division, notes=(*division.notes, *notes(elements)))

    @property
    def _pushes_down(self) -> bool:
        return self.options.pushdown and self.session.capabilities.counts_filtered

    async def _elements(self, columns: Columns) -> Mapping[Leaf, Expression]:
        """Look up the elements for which conditions hold that the server could not be trusted with as they are."""
        found: dict[Leaf, Expression] = {}
        if not self._pushes_down or self.source.refusal(columns) is not None:
            return found
        taken = self.session.capabilities.id_text_operators
        for leaf in texts_in_the_way(self.query, columns, id_text_operators=taken):
            forms = [column for column in (*columns.attributes, *columns.others) if column.name == leaf.column]
            listed = await fetch_elements(self.session.http, self.source, forms, at_most=MOST_ELEMENTS)
            named = None if listed is None else as_elements(leaf, listed, columns)
            if named is None:
                return {}
            found[leaf] = named
        return found

    async def _schema(self, division: Division | None) -> pa.Schema:
        if division is not None and not division.aggregated and not division.others:
            columns = await self.whole_columns()
        else:
            columns = (await self._probe(division)).columns
        return columns.schema if division is None else division.residual.schema(columns.schema)

    async def _count_rows(self, division: Division | None) -> int | None:
        if division is not None and not division.decided:
            return None
        probed = await self._probe(division)
        if not self.source.counts(probed.columns):
            return None
        total = probed.total
        return total if self.query.head is None else min(total, self.query.head)

    async def _explain(self, division: Division | None) -> str:
        division = await self._narrow(division)
        probed = await self._probe(division)
        source = replace(self._whole_source, body=self._body(division))
        columns = self.whole.columns or probed.columns
        budget = Budget(self.options.limits, self.session.http.own.worth_in_flight)
        return describe_scan(division, source, columns, probed, self.options, at_once=budget.limiter.limit)

    async def _probe(self, division: Division | None) -> Instance:
        """Look at the first rows of a division's instance, once."""
        if division is None or not division.body:
            while (whole := self.whole.instance) is None:
                self.whole.columns = None
                await self.whole_columns()
            return whole
        if self.probed is None or self.probed.body != division.body:
            self.probed = await self._probe_anew(division)
        return self.probed.instance

    async def _probe_anew(self, division: Division) -> ProbedInstance:
        source, options, spent = self._plan_request(division)
        instance = await self._await(probe(self.session, source, options.grid), division, spent)
        division.check(instance.columns.schema)
        return ProbedInstance(division.body, instance)

    def _plan_request(
        self, division: Division, *, made: Instance | None = None
    ) -> tuple[Source, ReadOptions, Instance | None]:
        """Return the source and options for a division, and the instance of the whole that is spent on it.

        None is spent where the division's own was ``made``. The first rows are those of the server's order, even
        where pages may come in any.
        """
        options = replace(self._options, ordered=self.options.ordered or division.residual.head is not None)
        if not division.body:
            return self._whole_source, options, None
        spent = None
        if self.source.runs and made is None:
            spent, self.whole.instance = self.whole.instance, None
        grid = replace(options.grid, like=division.like)
        source = replace(self.source, body=self._body(division), over=None if spent is None else spent.id)
        few = self.whole.rows is not None and self.whole.rows <= options.limits.first_rows
        source = replace(source, ordered=division.ordered, one_page=few, whole=self.whole.columns)
        return source, replace(options, grid=grid), spent

    def _body(self, division: Division | None) -> Mapping[str, object]:
        return self._whole_source.body if division is None else {**self._whole_source.body, **division.body}

    async def _await(self, request: Awaitable[R], division: Division, spent: Instance | None) -> R:
        """Await a request; learn from a refusal which conditions the server takes: on texts of ID forms, on others.

        A request that is refused leaves the instance that it was to change as it was.
        """
        try:
            return await request
        except ServerError as error:
            learned = self.session.capabilities
            uncertain = division.matches_on_ids or division.on_other_forms
            if infer_status(error) != _BAD_REQUEST or not uncertain:
                raise
            learned.id_text_operators = learned.id_text_operators and not division.matches_on_ids
            learned.any_form = learned.any_form and not division.on_other_forms
            self.whole.instance = self.whole.instance or spent
            raise _AskedTooMuchError from error

    def _learn(self, columns: Columns) -> None:
        """Note the columns of the whole; errors: DataMismatch where they are not those asked for."""
        self.whole.columns = self._add_other_forms(columns)

    async def _open(
        self, division: Division | None, convert: Callable[[pa.RecordBatch], T], on_progress: OnProgress
    ) -> Reader[T]:
        division = await self._narrow(division)
        if division is not None and division.others:
            await self._probe(division)  # looked at first: conditions cannot run over forms that it does not show
        if division is None or not division.body:
            instance, self.whole.instance = self.whole.instance, None
        else:
            probed, self.probed = self.probed, None
            instance = probed.instance if probed is not None and probed.body == division.body else None
        if division is None:
            whole: BaseReader[T] = make_reader(
                ReadSpec(self.session, self._whole_source, self._options, convert, on_progress)
            )
            await open_or_close(whole, instance, self._learn)
            return whole
        source, options, spent = self._plan_request(division, made=instance)
        learn = None if division.body else self._learn
        reader = make_reader(ReadSpec(self.session, source, options, convert, on_progress), division)
        await self._await(open_or_close(reader, instance, learn), division, spent)
        return sort_at_end(reader, division.residual, convert)

    async def _narrow(self, division: Division | None) -> Division | None:
        """Ask for fewer columns where a division allows it and the server makes as many rows of them.

        That takes an instance of the whole and one for each try, of which one row is read; where all rows fit into
        a page it is not tried, nor where an instance is a run.
        """
        page = self.options.limits.first_rows
        if division is None or self.source.runs or (division.first is not None and division.first <= page):
            return division
        tries = [division.narrowed(narrowing) for narrowing in division.narrowings]
        if chosen := [narrow for narrow in tries if self.probed is not None and self.probed.body == narrow.body]:
            return chosen[0]
        if not tries or (whole := await self._probe(division)).total <= page:
            return division
        for narrow in tries:
            probed = await self._probe_anew(narrow)
            if probed.instance.total == whole.total:
                self.whole.instance = None  # it was only counted: what is read later is as fresh as can be
                self.probed = probed
                return narrow
        return division
