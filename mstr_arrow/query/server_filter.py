"""A condition divided between the server and us; `server_grammar` says what the server can be asked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.query.expressions import (
    Elements,
    Rank,
    all_of,
    column_names,
    conjuncts,
    leaves,
    needs_all_rows,
)
from mstr_arrow.query.server_grammar import Answer, Asker, join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.query.columns import Subjects
    from mstr_arrow.query.expressions import Expression
    from mstr_arrow.query.server_grammar import Body


@dataclass(frozen=True, slots=True)
class Part:
    """One of the conditions that must all hold, and what became of it.

    ``sent``: the server is asked for it. ``reason`` says why it is not, or why the server may return more rows than
    it keeps; None where the server returns just its rows.
    """

    expression: Expression
    sent: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """A condition divided between the server and us."""

    view_filter: Body | None
    metric_limits: dict[str, Body]
    parts: tuple[Part, ...]

    @property
    def pushed(self) -> tuple[Expression, ...]:
        """The parts that the server is asked for, exactly or as a superset."""
        return tuple(part.expression for part in self.parts if part.sent)

    @property
    def local(self) -> tuple[tuple[Expression, str], ...]:
        """The parts that only run here, each with the reason."""
        return tuple((part.expression, part.reason or "") for part in self.parts if not part.sent)

    @property
    def exact(self) -> bool:
        """Whether the server returns just the rows that the condition keeps."""
        return all(part.sent and part.reason is None for part in self.parts)

    @property
    def residual(self) -> Expression | None:
        """The conditions that run over the delivered rows: all but those on elements, which the server decided."""
        return all_of(part.expression for part in self.parts if not _has_elements(part.expression))


def push_where(expression: Expression, subjects: Subjects, *, id_text_operators: bool = True) -> Pushed:
    """Divide a bound condition on rows before aggregation.

    ``id_text_operators`` False keeps contains, starts_with and ends_with on ID forms here: for a server that
    answered them with a 400, as they are documented for DESC forms only. Errors: UsageError for conditions on
    elements that cannot be sent.
    """
    parts, answers = _divide(expression, Asker(subjects, id_text_operators=id_text_operators))
    bodies = [answer.body for answer in answers if answer.body is not None]
    return Pushed(join("And", bodies), {}, parts)


def push_having(expression: Expression, subjects: Subjects, *, rows_exact: bool = True) -> Pushed:
    """Divide a bound condition on metrics after aggregation.

    ``rows_exact``: the rows before aggregation are just those asked for, by `Pushed.exact` of `push_where`; if
    not, ranks are not sent, for they would be counted over other rows. Errors: UsageError for elements.
    """
    parts, answers = _divide(expression, Asker(subjects, limits=True, ranks=rows_exact))
    limits: dict[str, list[Body]] = {}
    for part, answer in zip(parts, answers, strict=True):
        if answer.body is not None:
            metric = subjects.find(column_names(part.expression)[0]).object_id
            limits.setdefault(metric, []).append(answer.body)
    joined = ((metric, join("And", bodies)) for metric, bodies in limits.items())
    return Pushed(None, {metric: body for metric, body in joined if body is not None}, parts)


def _divide(expression: Expression, asker: Asker) -> tuple[tuple[Part, ...], list[Answer]]:
    """Ask for each of the conditions that must all hold; a rank stands alone."""
    items = conjuncts(expression)
    answers = _ask_rank(items, asker) if needs_all_rows(expression) else [asker.ask(item) for item in items]
    for item, answer in zip(items, answers, strict=True):
        if _has_elements(item) and (answer.body is None or answer.reason is not None):
            raise UsageError(
                f"{item!r} can only be decided by the server, which is not asked: {answer.reason}.",
                hint="Keep conditions on elements apart from others, joined by &.",
            )
    parts = [
        Part(item, answer.body is not None, answer.reason) for item, answer in zip(items, answers, strict=True)
    ]
    return tuple(parts), answers


def _ask_rank(items: Sequence[Expression], asker: Asker) -> list[Answer]:
    """Ask for the rank alone, if it is the only one: ranks are counted again over the delivered rows."""
    alone = sum(isinstance(leaf, Rank) for item in items for leaf in leaves(item)) == 1
    kept = Answer(None, "ranks are counted over all rows, so no other condition is sent with one")
    return [asker.rank(item) if alone and isinstance(item, Rank) else kept for item in items]


def _has_elements(expression: Expression) -> bool:
    return any(isinstance(leaf, Elements) for leaf in leaves(expression))
