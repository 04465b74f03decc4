r"""Conditions in the server's words (Wire reference, section 5.2), as far as the answer is certain. Pure.

A condition is sent only if the server certainly returns every row that it keeps here; the server may return more,
and the predicate runs over the delivered rows in any case.

=================  ==========================  ====================================================================
condition          column                      sent
=================  ==========================  ====================================================================
``== < <= > >=``,  whole numbers, dates        exactly; whole numbers of 16 digits and more with wider bounds, for
between, is_in                                 a server may hold them as doubles
\                  other numbers, moments,     with wider bounds (see `constants`): the server may hold more digits
                   times                       than it shows, so equal here need not be equal there
``!=``, not_in     whole numbers, dates        exactly, with "is not null" beside it: whether a negation keeps empty
                                               values differs
\                  other numbers, moments      no: what is equal there, the server would keep back
``==``, is_in      text                        as a superset: collations ignore case or blanks at the end, none
                                               tells a text from itself
other comparisons  text                        no: order, and what counts as different, are the collation's
contains, …        text                        as a superset, for plain letters and digits; no: their negations
is_null            attributes                  numbers, dates: exactly; text: as a superset (empty texts may count)
\                  metrics                     no: a cell may be empty because no row of facts stands behind it
is_not_null        numbers, dates, metrics     exactly
\                  text                        no: an empty text is a value here, and may be none there
column, column     two metrics                 by ``<`` and ``>``; by the others whole numbers only, for rounding
                                               keeps order, but makes equal. Not after aggregation
top                metrics                     as a superset, if it is the only rank and nothing else is sent: equal
                                               values share a rank
bottom, percent    metrics                     no: where empty values rank is not said, and fewer rows would change
                                               what a percentage means
has_elements, …    attributes                  exactly, always: nobody else can tell
of Polars          any                         as what it says in these words; no, if that cannot be said
null tests,        those whose bad values      no: the server sees values where there are nulls here
negations, top     are null here
others             \                           as a superset
any                bool, derived metrics, …    no, with the reason `Subject.unasked` gives
=================  ==========================  ====================================================================

``|`` is sent if something of every branch can be, ``&`` if something of any can be. Lists of more than
`LONGEST_LIST` values are sent as the range they span; where each value takes a condition of its own (metrics,
wider bounds) already lists of more than `MOST_BRANCHES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.grid.schema import ID_FORM
from mstr_arrow.query.constants import Unspeakable, bounds, pattern_constant, text_constant
from mstr_arrow.query.expressions import (
    And,
    Between,
    ColumnComparison,
    Comparison,
    Elements,
    Expression,
    Leaf,
    Match,
    Membership,
    Null,
    Or,
    PolarsCondition,
    column_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mstr_arrow.query.columns import Subject, Subjects
    from mstr_arrow.query.constants import Bounds, Constant
    from mstr_arrow.query.expressions import Operator, Rank, Value

Body = dict[str, Any]

LONGEST_LIST = 1_000
MOST_BRANCHES = 100

OPERATORS: dict[Operator, str] = {
    "==": "Equals",
    "!=": "NotEqual",
    "<": "Less",
    "<=": "LessEqual",
    ">": "Greater",
    ">=": "GreaterEqual",
}
PATTERNS = {"contains": "Contains", "starts_with": "BeginsWith", "ends_with": "EndsWith"}

_COLLATION = "texts are compared by the server's collation"
_MORE_DIGITS = "the server may hold more digits than it shows"
_NO_ROW = "it holds for no row"
_NULLED = "bad values of the column are null here, and values to the server"


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's question in place of a condition (None: nothing), and why it returns more than just its rows."""

    body: Body | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Puts bound conditions in the server's words.

    ``limits``: those of one metric after aggregation; ``ranks``: ranks are counted over the same rows as here.
    """

    subjects: Subjects
    id_text_operators: bool = True
    limits: bool = False
    ranks: bool = True

    def ask(self, expression: Expression) -> Answer:
        """Put one of the conditions that must all hold."""
        if self.limits:
            found = [self.subjects.find(name) for name in column_names(expression)]
            if any(subject.role != "metric" for subject in found):
                return Answer(None, "limits after aggregation are for metrics")
            if len({subject.object_id for subject in found}) > 1:
                return Answer(None, "a limit after aggregation is for one metric")
        return self._tree(expression)

    def rank(self, rank: Rank) -> Answer:
        """Put a rank that stands alone."""
        subject = self.subjects.find(rank.column)
        if subject.unasked is not None or subject.nulled:
            return Answer(None, subject.unasked or _NULLED)
        if rank.ranking.endswith("percent"):
            return Answer(None, "a percentage of fewer rows is another one, so it is counted over all of them")
        if rank.ranking == "bottom" or rank.negated:
            return Answer(None, "the server may rank empty values among the least")
        if not self.ranks:
            return Answer(
                None, "the server would count ranks over other rows, for it cannot be asked for just these"
            )
        amount = {"type": "constant", "dataType": "Int64", "value": str(rank.amount)}
        return Answer(_node("Rank.Top", _operand(subject), amount), "equal values share a rank")

    def _tree(self, expression: Expression) -> Answer:
        match expression:
            case And(parts):
                return _conjunction([self._tree(part) for part in parts])
            case Or(parts):
                return _disjunction([self._tree(part) for part in parts])
            case PolarsCondition(known=None):
                return Answer(None, "it is a Polars expression that the server has no words for")
            case PolarsCondition(known=Expression() as known):
                return self._tree(known)
            case ColumnComparison():
                sides = [self.subjects.find(name) for name in (expression.column, expression.other)]
                return _beside_nulls(expression, _columns(expression, *sides), sides)
            case Elements():
                return _elements(expression, self.subjects.find(expression.column))
            case Leaf():
                subject = self.subjects.find(expression.column)
                if subject.unasked:
                    return Answer(None, subject.unasked)
                return _beside_nulls(expression, self._condition(expression, subject), [subject])
        return Answer(None, f"{type(expression).__name__} is nothing the server knows")

    def _condition(self, leaf: Leaf, subject: Subject) -> Answer:
        try:
            match leaf:
                case Null():
                    return _null(leaf, subject)
                case Match():
                    return self._match(leaf, subject)
                case Comparison() | Between() | Membership() if subject.kind == "text":
                    return _text(leaf, subject)
                case Comparison(_, operator, value):
                    return _comparison(operator, value, subject)
                case Between(_, low, high):
                    return _between(bounds(low, subject), bounds(high, subject), subject)
                case Membership():
                    return _membership(leaf, subject)
        except Unspeakable as error:
            return Answer(None, str(error))
        return Answer(None, "ranks are counted over all rows, so one is sent only by itself")

    def _match(self, match: Match, subject: Subject) -> Answer:
        if match.negated:
            return Answer(None, _COLLATION)
        if subject.form_id == ID_FORM and not self.id_text_operators:
            return Answer(None, "this server searches texts of DESC forms only")
        constant = pattern_constant(match.text)
        return Answer(_node(PATTERNS[match.pattern], _operand(subject), constant.operand()), _COLLATION)


def join(operator: str, bodies: Sequence[Body]) -> Body | None:
    """Join conditions by ``And`` or ``Or``, which take two or more; None of none."""
    if len(bodies) < 2:
        return bodies[0] if bodies else None
    return {"operator": operator, "operands": list(bodies)}


def _conjunction(answers: Sequence[Answer]) -> Answer:
    body = join("And", [answer.body for answer in answers if answer.body is not None])
    return Answer(body, _first_reason(answers))


def _disjunction(answers: Sequence[Answer]) -> Answer:
    missing = [answer for answer in answers if answer.body is None]
    if missing:
        return Answer(None, missing[0].reason)
    return Answer(
        join("Or", [answer.body for answer in answers if answer.body is not None]), _first_reason(answers)
    )


def _beside_nulls(leaf: Leaf, answer: Answer, subjects: Sequence[Subject]) -> Answer:
    """Take back what is not certain of columns in which the server sees values where there are nulls here."""
    if answer.body is None or not any(subject.nulled for subject in subjects):
        return answer
    negated = getattr(leaf, "negated", False) or getattr(leaf, "operator", "") == "!="
    return Answer(None if negated or isinstance(leaf, Null) else answer.body, _NULLED)


def _first_reason(answers: Iterable[Answer]) -> str | None:
    return next((answer.reason for answer in answers if answer.reason is not None), None)


def _comparison(operator: Operator, value: Value, subject: Subject) -> Answer:
    around = bounds(value, subject)
    if around.exact:
        body = _node(OPERATORS[operator], _operand(subject), around.low.operand())
        return Answer(_with_value(body, subject) if operator == "!=" else body)
    match operator:
        case "==":
            return _between(around, around, subject)
        case "!=":
            return Answer(None, _MORE_DIGITS)
    side = around.high if operator in {"<", "<="} else around.low
    return Answer(_node(OPERATORS[operator], _operand(subject), side.operand()), _MORE_DIGITS)


def _between(low: Bounds, high: Bounds, subject: Subject) -> Answer:
    body = _node("Between", _operand(subject), low.low.operand(), high.high.operand())
    return Answer(body, None if low.exact and high.exact else _MORE_DIGITS)


def _membership(membership: Membership, subject: Subject) -> Answer:
    values = sorted(set(membership.values))
    if not values:
        return Answer(_with_value(None, subject)) if membership.negated else Answer(None, _NO_ROW)
    listed = [bounds(value, subject) for value in values]
    exact = all(around.exact for around in listed)
    if membership.negated and not exact:
        return Answer(None, _MORE_DIGITS)
    in_list = exact and subject.role == "attribute" and len(listed) > 1
    if len(listed) > (LONGEST_LIST if in_list else MOST_BRANCHES):
        if membership.negated:
            return Answer(None, f"a list of {len(listed):,} values is too long to send")
        body = _between(listed[0], listed[-1], subject).body
        return Answer(body, f"in place of a list of {len(listed):,} values, their range is sent")
    if in_list:
        constants = [around.low for around in listed]
        body = _node("NotIn" if membership.negated else "In", _operand(subject), _constants(constants))
        return Answer(_with_value(body, subject) if membership.negated else body)
    each = [_comparison("!=" if membership.negated else "==", value, subject) for value in values]
    return _conjunction(each) if membership.negated else _disjunction(each)


def _text(leaf: Comparison | Between | Membership, subject: Subject) -> Answer:
    match leaf:
        case Comparison(_, "==", str(value)):
            texts = [value]
        case Membership(_, values, False):
            texts = [value for value in dict.fromkeys(values) if isinstance(value, str)]
        case _:
            return Answer(None, _COLLATION)
    if not texts:
        return Answer(None, _NO_ROW)
    if len(texts) > LONGEST_LIST:
        return Answer(None, f"a list of {len(texts):,} texts is too long to send")
    constants = [text_constant(text) for text in texts]
    if len(constants) == 1:
        return Answer(_node("Equals", _operand(subject), constants[0].operand()), _COLLATION)
    return Answer(_node("In", _operand(subject), _constants(constants)), _COLLATION)


def _null(null: Null, subject: Subject) -> Answer:
    if null.negated:
        if subject.kind == "text":
            return Answer(None, "an empty text is a value here, and may be none on the server")
        return Answer(_with_value(None, subject))
    if subject.role == "metric":
        return Answer(
            None, "a metric may be empty because there are no facts, which the server does not count as null"
        )
    reason = "an empty text may count as no value on the server" if subject.kind == "text" else None
    return Answer(_node("IsNull", _operand(subject)), reason)


def _columns(comparison: ColumnComparison, left: Subject, right: Subject) -> Answer:
    for subject in (left, right):
        if subject.unasked is not None:
            return Answer(None, subject.unasked)
    if left.role != "metric" or right.role != "metric":
        return Answer(None, "the server compares metrics with each other only")
    if comparison.operator not in {"<", ">"} and {left.kind, right.kind} != {"integer"}:
        return Answer(None, _MORE_DIGITS)
    body = _node(OPERATORS[comparison.operator], _operand(left), _operand(right))
    return Answer(_with_value(body, left, right) if comparison.operator == "!=" else body)


def _elements(elements: Elements, subject: Subject) -> Answer:
    attribute = {"type": "attribute", "id": subject.object_id}
    listed = {"type": "elements", "elements": [{"id": item} for item in elements.ids]}
    return Answer(_node("NotIn" if elements.negated else "In", attribute, listed))


def _with_value(body: Body | None, *subjects: Subject) -> Body:
    """Ask for rows with a value besides: whether a negation keeps empty ones differs from server to server."""
    there = [_node("IsNotNull", _operand(subject)) for subject in subjects]
    return there[0] if body is None else {"operator": "And", "operands": [body, *there]}


def _operand(subject: Subject) -> Body:
    if subject.role == "metric":
        return {"type": "metric", "id": subject.object_id}
    return {"type": "form", "attribute": {"id": subject.object_id}, "form": {"id": subject.form_id}}


def _constants(constants: Sequence[Constant]) -> Body:
    return {
        "type": "constants",
        "dataType": constants[0].data_type,
        "values": [constant.text for constant in constants],
    }


def _node(operator: str, *operands: Body) -> Body:
    return {"operator": operator, "operands": list(operands)}
