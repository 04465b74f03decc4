"""A question divided between the server and us: a request body, and what is left to do here. Pure.

The result is always what fetching everything and asking Polars would give, but for ``aggregate`` to fewer
attributes, which has the server add metrics up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.schema import ID_FORM
from mstr_arrow.names import listing
from mstr_arrow.query.columns import Subjects, is_other_form, subjects_in
from mstr_arrow.query.expressions import Elements, Match, all_of, column_names, conjuncts, leaves, needs_all_rows
from mstr_arrow.query.forms import not_shown
from mstr_arrow.query.local_filter import predicate
from mstr_arrow.query.narrowing import narrowings, request_objects
from mstr_arrow.query.polars_conditions import resolve
from mstr_arrow.query.query import SortKey
from mstr_arrow.query.residual import Residual
from mstr_arrow.query.server_filter import Part, Pushed, push_having, push_where
from mstr_arrow.query.sorting import order_totally, sorts_there, write_sort_key
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl
    import pyarrow as pa

    from mstr_arrow.grid.grid_options import Like
    from mstr_arrow.grid.schema import Column, Columns
    from mstr_arrow.query.columns import Subject
    from mstr_arrow.query.expressions import Expression
    from mstr_arrow.query.narrowing import Narrowing
    from mstr_arrow.query.query import Query

_OFF = "push-down is switched off"
_ID_AND_DESC = "this server takes conditions on ID and DESC forms only"


@dataclass(frozen=True, slots=True)
class Division:
    """A query divided into the server's part and the rest.

    ``body`` is merged into the request's. ``like`` gives columns of the same objects the names and types they
    have in the whole. ``aggregated``: the server makes other rows than the object's. ``parts`` are the conditions
    and what became of each; ``notes`` says the rest, for people. ``ordered``: the body asks for a total order.
    ``narrowings`` ask for fewer columns: the first that makes as many rows is to be used in place of ``body``.
    ``others`` are columns of forms that the object does not show by itself. ``matches_on_ids`` and
    ``on_other_forms`` tell of what servers may not take: searches of texts of ID forms, forms beside ID and DESC.
    """

    body: Mapping[str, Any]
    residual: Residual
    like: Like
    aggregated: bool = False
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    matches_on_ids: bool = False
    on_other_forms: bool = False
    ordered: bool = False
    narrowings: tuple[Narrowing, ...] = ()
    others: tuple[str, ...] = ()

    def check(self, schema: pa.Schema) -> None:
        """Check that the server shows the forms that it was asked for; errors: DataMismatch."""
        if missing := [name for name in self.others if name not in schema.names]:
            raise not_shown(missing, schema.names)

    def narrowed(self, narrowing: Narrowing) -> Division:
        """Return the division with a narrower body."""
        return replace(self, body=narrowing.body, notes=(*self.notes, narrowing.note), narrowings=())

    @property
    def decided(self) -> bool:
        """Whether the server delivers just the rows that all conditions keep."""
        return all(map(_is_decided, self.parts))

    @property
    def first(self) -> int | None:
        """The rows of the grid that may suffice."""
        residual = self.residual
        return None if residual.gathers and not residual.sorted_there else residual.head


def divide(
    query: Query,
    columns: Columns,
    *,
    refusal: str | None = None,
    pushdown: bool = True,
    id_text_operators: bool = True,
    any_form: bool = True,
    total_order: bool = False,
) -> Division:
    """Divide a question about an object with these columns.

    ``refusal`` says why the server cannot be asked about this object at all, None where it can.
    ``id_text_operators`` is that of `push_where`; without ``any_form`` the server takes conditions on ID and DESC
    forms only. ``total_order`` asks for rows sorted by all their attributes.
    Errors: UsageError for names, types and values that do not fit, for conditions that could run only before rows
    are added up, and for an order that the server cannot be asked for.
    """
    reason = refusal or (None if pushdown else _OFF)
    subjects = subjects_in(columns, unasked=_find_unasked(columns, reason, any_form=any_form))
    remaining = None if query.aggregate is None else _resolve_remaining(query.aggregate, subjects, refusal)
    aggregated = remaining is not None and _drops_attributes(remaining, subjects)
    results = subjects if remaining is None or not aggregated else _with_their_forms(remaining, subjects)
    final = (
        _choose_columns(query, results) if remaining is None else _choose_columns(query, Subjects(tuple(remaining)))
    )

    where = None if query.where is None else resolve(query.where, subjects)
    having = None if query.having is None else resolve(query.having, results)
    if remaining is not None:
        where, having = _lower(where, having, results)
    pushed = None if where is None else push_where(where, subjects, id_text_operators=id_text_operators)
    ranks_first = where is not None and needs_all_rows(where)
    limited = None if having is None else _divide_having(having, results, pushed, ranks_first=ranks_first)
    kept = None if query.aggregate is None else groups(query.aggregate, subjects)
    if pushed is not None and kept is not None:
        _refuse_local(pushed, kept, subjects)
    filters = [*_where_filters(pushed, subjects, kept), *_filters(limited, results)]
    ranked = ranks_first or (having is not None and needs_all_rows(having))
    sort = _sort_keys(query.sort, results)
    sortable = [results.find(key.column) for key in sort]
    sorted_there = query.head is not None and not ranked and sorts_there(sortable)
    residual = Residual(
        columns=tuple(subject.name for subject in final),
        filters=tuple(filters),
        ranked=ranked,
        sort=sort,
        sorted_there=sorted_there,
        head=query.head,
    )
    used = {name for condition in filters for name in condition.meta.root_names()}
    used |= {subject.name for subject in (*final, *sortable)}
    needed = [subject for subject in subjects.all if subject.name in used]
    others = [subject for subject in needed if not subject.shown]
    asked = [subject for subject in subjects.all if subject.shown or subject in others]
    body: dict[str, Any] = {}
    if others:
        _refuse_others(others, refusal)
    if remaining is not None or others:
        body["requestedObjects"] = request_objects([*(asked if remaining is None else remaining), *needed], columns)
    if pushed is not None and pushed.view_filter is not None:
        body["viewFilter"] = pushed.view_filter
    if limited is not None and limited.metric_limits:
        body["metricLimits"] = limited.metric_limits
    if sorted_there:
        body["sorting"] = {"rows": [write_sort_key(key, s) for key, s in zip(sort, sortable, strict=True)]}
    if total_order:
        order_totally(body, asked if remaining is None else remaining, refusal)
    parts = tuple(part for each in (pushed, limited) if each is not None for part in each.parts)
    return Division(
        body,
        residual,
        _like(columns, types_of_metrics=not aggregated),
        aggregated,
        parts,
        tuple(_notes(query, residual, aggregated=aggregated, decided=all(map(_is_decided, parts)))),
        ordered=total_order,
        on_other_forms=_names_other_forms(pushed, sortable if sorted_there else (), subjects),
        matches_on_ids=id_text_operators and pushed is not None and _matches_on_ids(pushed, subjects),
        narrowings=narrowings(
            body, needed, columns, others=others, any_order=(query.any_order or bool(sort)) and not total_order
        )
        if remaining is None and reason is None and (query.head is None or sort)
        else (),
        others=tuple(subject.name for subject in others),
    )


def _resolve_remaining(names: Sequence[str], subjects: Subjects, refusal: str | None) -> list[Subject]:
    """Resolve the columns that are to remain: an attribute's name stands for all its forms."""
    if refusal is not None:
        raise UsageError(
            naming("{Scan.aggregate()} cannot be left to the server: {refusal}.", refusal=refusal),
            hint=naming("Read everything, and leave columns out with {Scan.select()}."),
        )
    return _columns(names, subjects)


def _find_unasked(columns: Columns, reason: str | None, *, any_form: bool) -> dict[str, str]:
    """Return the columns about which the server cannot be asked, with the reason."""
    every = (*columns.all, *columns.others)
    if reason is not None:
        return {column.name: reason for column in every}
    return {} if any_form else {column.name: _ID_AND_DESC for column in every if is_other_form(column)}


def _with_their_forms(remaining: Sequence[Subject], subjects: Subjects) -> Subjects:
    """Return the columns that remain with further forms of their attributes, which rows still have."""
    kept = {subject.object_id for subject in remaining if subject.role == "attribute"}
    names = {subject.name for subject in remaining}
    forms = [s for s in subjects.all if s.role == "attribute" and s.object_id in kept and s.name not in names]
    return Subjects((*remaining, *(replace(form, shown=False) for form in forms)))


def _refuse_others(others: Sequence[Subject], refusal: str | None) -> None:
    """Refuse to ask for forms that are not shown of what cannot be asked for a part; errors: UsageError."""
    if refusal is not None:
        names = listing([subject.name for subject in others])
        raise UsageError(
            f"{names} is not shown by this object, and the server cannot be asked for it: {refusal}.",
            hint="Have the object show that form, or read another form of the attribute.",
        )


def _choose_columns(query: Query, subjects: Subjects) -> list[Subject]:
    """Return the columns that are kept: those that are shown, or one selection after the other."""
    final = [subject for subject in subjects.all if subject.shown or query.aggregate is not None]
    for names in (*query.within, query.select):
        if names is not None:
            final = _columns(names, subjects)
            subjects = Subjects(tuple(final))
    return final


def _columns(names: Sequence[str], subjects: Subjects) -> list[Subject]:
    found: dict[str, Subject] = {}
    for name in names:
        for subject in subjects.find_all(name):
            if subject.name in found:
                raise UsageError(f"the column {subject.name!r} is asked for twice.", hint="Name it once.")
            found[subject.name] = subject
    return list(found.values())


def _drops_attributes(remaining: Iterable[Subject], subjects: Subjects) -> bool:
    kept = {subject.object_id for subject in remaining if subject.role == "attribute"}
    return any(subject.role == "attribute" and subject.object_id not in kept for subject in subjects.all)


def groups(names: Sequence[str], subjects: Subjects) -> set[str] | None:
    """Return the columns of attributes that rows still show after they were added up; None where none are.

    These are all forms of the attributes that remain. Errors: UsageError for names.
    """
    remaining = _columns(names, subjects)
    if not _drops_attributes(remaining, subjects):
        return None
    kept = {subject.object_id for subject in remaining if subject.role == "attribute"}
    return {s.name for s in subjects.all if s.role == "attribute" and s.object_id in kept}


def _lower(
    where: Expression | None, having: Expression | None, results: Subjects
) -> tuple[Expression | None, Expression | None]:
    """Have conditions on attributes that remain decide before rows are added up: the server is asked about these.

    Ranks count rows, so nothing passes one.
    """
    if having is None or any(each is not None and needs_all_rows(each) for each in (where, having)):
        return where, having
    lower: list[Expression] = []
    upper: list[Expression] = []
    for condition in conjuncts(having):
        on_attributes = all(results.find(name).role == "attribute" for name in column_names(condition))
        (lower if on_attributes else upper).append(condition)
    return all_of([*([] if where is None else [where]), *lower]), all_of(upper)


def _divide_having(having: Expression, results: Subjects, pushed: Pushed | None, *, ranks_first: bool) -> Pushed:
    """Divide the conditions after aggregation; all stay here where ranks before it are counted here."""
    if ranks_first:
        unasked = "ranks in filter() are counted over all rows first"
        results = Subjects(tuple(replace(subject, unasked=unasked) for subject in results.all))
    return push_having(having, results, rows_exact=pushed is None or pushed.exact)


def _sort_keys(keys: Iterable[SortKey], results: Subjects) -> tuple[SortKey, ...]:
    """Resolve the columns to sort by; of several keys on one column the first decides."""
    found: dict[str, SortKey] = {}
    for key in keys:
        name = results.find(key.column).name
        found.setdefault(name, SortKey(name, key.descending))
    return tuple(found.values())


def _is_decided(part: Part) -> bool:
    """Tell whether the server delivers just the rows that a condition keeps."""
    return part.sent and part.reason is None


def find_undecided(pushed: Pushed, groups: set[str]) -> list[Part]:
    """Return the conditions that neither the server decides for certain nor rows that were added up still show."""
    return [
        part
        for part in pushed.parts
        if not _is_decided(part)
        and (needs_all_rows(part.expression) or not set(column_names(part.expression)) <= groups)
    ]


def _refuse_local(pushed: Pushed, groups: set[str], subjects: Subjects) -> None:
    found = find_undecided(pushed, groups)
    # A rank keeps other conditions from being sent, so it is what to name.
    for part in sorted(found, key=lambda part: not needs_all_rows(part.expression)):
        names = column_names(part.expression)
        shown = all(subjects.find(name).role == "attribute" for name in names)
        wider = f"Aggregate by {', '.join(names)}, too" if shown else naming("Read without {Scan.aggregate()}")
        elements = "; or name elements: col(…).has_elements(…)." if shown else "."
        raise UsageError(
            naming(
                "{condition!r} cannot be left to the server ({reason}), and cannot run after {Scan.aggregate()} "
                "has had it add up the rows.",
                condition=part.expression,
                reason=part.reason,
            ),
            hint=advice(
                "add up afterwards", "{wider}, and add up afterwards{elements}", wider=wider, elements=elements
            ),
        )


def _where_filters(pushed: Pushed | None, subjects: Subjects, groups: set[str] | None) -> list[pl.Expr]:
    if pushed is None or groups is None:
        return _filters(pushed, subjects)
    left = [part for part in pushed.parts if not _is_decided(part)]
    return [predicate(part.expression, subjects) for part in left if set(column_names(part.expression)) <= groups]


def _filters(pushed: Pushed | None, subjects: Subjects) -> list[pl.Expr]:
    residual = None if pushed is None else pushed.residual
    return [] if residual is None else [predicate(residual, subjects)]


def _like(columns: Columns, *, types_of_metrics: bool) -> Like:
    def kept(column: Column) -> bool:
        return types_of_metrics or column.role != "metric"

    return {
        (column.object_id, column.form_id, column.part): (column.name, column.type if kept(column) else None)
        for column in (*columns.all, *columns.others)
        if column.role in {"attribute", "metric"}
    }


def _matches_on_ids(pushed: Pushed, subjects: Subjects) -> bool:
    found = [leaf for part in pushed.pushed for leaf in leaves(part) if isinstance(leaf, Match)]
    return any(subjects.find(leaf.column).form_id == ID_FORM for leaf in found)


def _names_other_forms(pushed: Pushed | None, sortable: Sequence[Subject], subjects: Subjects) -> bool:
    """Tell whether conditions or the order name forms beside ID and DESC."""
    found = [] if pushed is None else [leaf for part in pushed.pushed for leaf in leaves(part)]
    forms = [subjects.find(leaf.column) for leaf in found if not isinstance(leaf, Elements)]
    return any(map(is_other_form, (*forms, *sortable)))


def _notes(query: Query, residual: Residual, *, aggregated: bool, decided: bool) -> Iterable[str]:
    if aggregated:
        yield "the server adds up metrics over the attributes that are not named"
    if residual.ranked:
        yield "ranks are counted here, over all rows: they are held until the last has come"
    if residual.sort and residual.sorted_there:
        yield f"the server sorts; rows are read until {query.head} are certain, and sorted again here"
    elif residual.sort:
        yield "rows are sorted here, as texts and empty values have another order on the server: all are held"
    if query.head is not None and not residual.gathers and not decided:
        yield f"pages are read until {query.head} rows were found"
