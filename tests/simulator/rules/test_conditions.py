"""Conditions against an evaluator that goes through rows one by one."""

from __future__ import annotations

import operator as op
import re
import struct
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from itertools import product

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.simulator.responses import Refusal
from mstr_arrow.simulator.rules.collation import Collation
from mstr_arrow.simulator.rules.conditions import element_column, form_column, metric_limits, view_filter
from tests.support.slow import thinned

ID, DESC = "45C11FA478E745FEA08D781CEA190FE5", "CCFBE2A5EADB4F50941FB879CCF1721C"
STORE, DAY, MOMENT, CLOCK, PRICE, SHARE = (letter * 32 for letter in "ABCDEF")
REVENUE, UNITS, LEDGER, NOTE, LAST = (digit * 32 for digit in "12345")
FOREIGN = "9" * 32

DECIMAL = pl.Decimal(38, 18)
TEXTS = ("a", "A", "ab", "Ab ", "ab  ", "b", "", " a", "a%", "a_b", "a.b", "É", "é", "a\nb", '"\\')
NUMBERS = ("0", "1", "-1", "1.5", "0.1", "0.10000000149011612", "2", "16777217", "9007199254740993", "-0.5", "1.00")
NUMBERS = (*NUMBERS, "9223372036854775807", "123456789012345678901", "0.0000000000000000001")
DATES = ("1/31/2024", "2/29/2024", "12/30/1899", "12/1/1999")
MOMENTS = ("1/31/2024 10:20:30 AM", "1/31/2024 12:00:00 AM", "2/29/2024 12:00:00 PM", "1/31/2024 10:20:30.5 AM")
TIMES = ("10:20:30 AM", "12:00:00 AM", "12:00:00 PM", "11:59:59.999 PM")

SCHEMA = {
    form_column(STORE, ID): pl.Int64(),
    form_column(STORE, DESC): pl.String(),
    element_column(STORE): pl.String(),
    form_column(DAY, ID): pl.Date(),
    element_column(DAY): pl.String(),
    form_column(MOMENT, ID): pl.Datetime("us"),
    element_column(MOMENT): pl.String(),
    form_column(CLOCK, ID): pl.Time(),
    element_column(CLOCK): pl.String(),
    form_column(PRICE, ID): DECIMAL,
    element_column(PRICE): pl.String(),
    form_column(SHARE, ID): pl.Float64(),
    element_column(SHARE): pl.String(),
    REVENUE: pl.Float64(),
    UNITS: pl.Int64(),
    LEDGER: DECIMAL,
    NOTE: pl.String(),
    LAST: pl.Date(),
}
METRICS = (REVENUE, UNITS, LEDGER, NOTE, LAST)
FORMS = tuple(name for name in SCHEMA if "@" in name and not name.endswith("@"))


def values(dtype):
    if dtype == pl.String:
        return st.sampled_from(TEXTS)
    if dtype == pl.Int64:
        return st.sampled_from([0, 1, -1, 2, 3, 16777216, 16777217, 2**53 + 1, 2**63 - 1])
    if dtype == pl.Float64:
        return st.sampled_from([0.0, 1.0, -1.0, 1.5, 0.1, 0.10000000149011612, -0.5, 2.0, 16777216.0, 2.0**63])
    if dtype == DECIMAL:
        texts = ["0", "1", "1.5", "0.1", "0.100000001490116120", "2", "9007199254740993", "0.000000000000000001"]
        return st.sampled_from([Decimal(text) for text in texts])
    if dtype == pl.Date:
        return st.sampled_from([date(2024, 1, 31), date(2024, 2, 29), date(1899, 12, 30), date(1, 1, 1)])
    if dtype == pl.Time:
        return st.sampled_from([time(10, 20, 30), time(0), time(12), time(23, 59, 59, 999_000), time(1, 2, 3, 4)])
    texts = ["2024-01-31T10:20:30", "2024-01-31T00:00:00", "2024-01-31T10:20:30.500000", "0001-01-01T00:00:00"]
    return st.sampled_from([datetime.fromisoformat(text) for text in texts])


def rows_of(names):
    """Draw rows that have values in these columns only."""
    drawn = {name: st.none() | values(dtype) if name in names else st.none() for name, dtype in SCHEMA.items()}
    return st.lists(st.fixed_dictionaries(drawn), max_size=8)


def constants(dtype, *, metric):
    """Draw a data type and a function that draws texts of it."""
    if dtype == pl.String:
        return [("Char", TEXTS)]
    if dtype == pl.Time:
        return [("Time", TIMES)]
    if dtype.is_temporal():
        return [("Date", DATES), ("TimeStamp", MOMENTS + DATES)]
    whole = [text for text in NUMBERS if re.fullmatch("-?[0-9]{1,19}", text)]
    return [("Real", NUMBERS), ("BigDecimal", NUMBERS), *([("Int64", whole)] if metric else [])]


def constant(dtype, *, metric):
    return st.sampled_from(constants(dtype, metric=metric)).flatmap(
        lambda kind: st.builds(
            lambda text: {"type": "constant", "dataType": kind[0], "value": text}, st.sampled_from(kind[1])
        )
    )


def listed(dtype, *, metric):
    return st.sampled_from(constants(dtype, metric=metric)).flatmap(
        lambda kind: st.builds(
            lambda texts: {"type": "constants", "dataType": kind[0], "values": texts},
            st.lists(st.sampled_from(kind[1]), min_size=1, max_size=3),
        )
    )


def node(operator, *operands):
    return {"operator": operator, "operands": list(operands)}


def subject_operand(name):
    if "@" not in name:
        return {"type": "metric", "id": name}
    attribute, form = name.split("@")
    return {"type": "form", "attribute": {"id": attribute}, "form": {"id": form}, "name": "tolerated"}


def comparisons(name):
    dtype, metric = SCHEMA[name], "@" not in name
    subject, one = subject_operand(name), constant(dtype, metric=metric)
    if metric:
        numeric = dtype.is_numeric()
        kin = [other for other in METRICS if SCHEMA[other].is_numeric() == numeric and (numeric or other == name)]
        one |= st.sampled_from([subject_operand(other) for other in kin])
    operators = (
        "Equals",
        "=",
        "NotEqual",
        "!=",
        "Greater",
        ">",
        "Less",
        "<",
        "GreaterEqual",
        ">=",
        "LessEqual",
        "<=",
    )
    strategies = [
        st.builds(lambda operator, value: node(operator, subject, value), st.sampled_from(operators), one),
        st.builds(
            lambda operator, low, high: node(operator, subject, low, high),
            st.sampled_from(("Between", "NotBetween")),
            one,
            one,
        ),
        st.sampled_from(("IsNull", "null", "IsNotNull", "notnull")).map(lambda operator: node(operator, subject)),
        st.builds(
            lambda operator, values: node(operator, subject, values),
            st.sampled_from(("In", "NotIn")),
            listed(dtype, metric=metric),
        ),
    ]
    if dtype == pl.String and not metric:
        strategies.append(
            st.builds(
                lambda negation, operator, value: node(negation + operator, subject, value),
                st.sampled_from(("", "Not")),
                st.sampled_from(("Like", "Contains", "BeginsWith", "EndsWith")),
                one,
            )
        )
    if metric and dtype != pl.String:
        strategies.append(ranks(subject))
    return st.one_of(strategies)


def ranks(subject):
    def build(measure, operator, first, second):
        texts = [first, second] if operator in {"Between", "NotBetween"} else [first]
        values = [{"type": "constant", "dataType": "Real", "value": text} for text in texts]
        return node(f"{measure}.{operator}", subject, *values)

    operators = st.sampled_from(
        ("Equals", "DifferentFrom", "Between", "NotBetween", "Top", "Bottom", "ExcludeTop", "ExcludeBottom")
    )
    rank, percent = st.sampled_from("0123"), st.sampled_from(("20%", "0.25", "50%", "0", "1", "33.3%"))
    return st.builds(build, st.just("Rank"), operators, rank, rank) | st.builds(
        build, st.just("Percent"), operators, percent, percent
    )


def elements():
    spelled = st.builds(
        lambda value, colon: {"id": f"{STORE}:{value}" if colon else f"h{value};{STORE}"},
        st.sampled_from((*TEXTS, "\\N")),
        st.booleans(),
    )
    return st.builds(
        lambda operator, ids: node(
            operator, {"type": "attribute", "id": STORE}, {"type": "elements", "elements": ids}
        ),
        st.sampled_from(("In", "NotIn")),
        st.lists(spelled, min_size=1, max_size=3),
    )


leaves = st.one_of([elements(), *(comparisons(name) for name in (*FORMS, *METRICS))])
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(node, st.sampled_from(("And", "Or", "|")), inner, inner)
        | st.builds(node, st.sampled_from(("And", "Or")), inner, inner, inner)
        | st.builds(node, st.just("Not"), inner)
    ),
    max_leaves=5,
)
collations = st.builds(
    Collation,
    case_insensitive=st.booleans(),
    ignore_trailing_blanks=st.booleans(),
    empty_text_is_null=st.booleans(),
    nulls_in_negations=st.booleans(),
)


CONDITIONS = {element_column(STORE): elements(), **{name: comparisons(name) for name in (*FORMS, *METRICS)}}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", thinned(CONDITIONS, list(CONDITIONS)[::2]))
@given(data=st.data(), collation=collations)
def test_a_condition_holds_in_the_rows_where_a_plain_evaluator_says_so(name, data, collation):
    others = METRICS if name in METRICS else ()
    rows = data.draw(rows_of({name, *others}))
    tree = data.draw(CONDITIONS[name] | st.builds(node, st.just("Not"), CONDITIONS[name]))
    kept = pl.DataFrame(rows, schema=SCHEMA).select(view_filter(tree, SCHEMA, collation)).to_series().to_list()
    assert kept == [holds(tree, row, rows, collation) is True for row in rows]


@given(rows=rows_of(SCHEMA), tree=trees, collation=collations)
def test_a_filter_keeps_the_rows_that_a_plain_evaluator_keeps(rows, tree, collation):
    frame = pl.DataFrame(rows, schema=SCHEMA)
    condition = view_filter(tree, SCHEMA, collation)
    kept = [place for place, row in enumerate(rows) if holds(tree, row, rows, collation) is True]
    assert frame.with_row_index().filter(condition)["index"].to_list() == kept


@given(rows=rows_of({REVENUE, UNITS}), data=st.data(), collation=collations)
def test_limits_keep_the_rows_that_meet_all_of_them(rows, data, collation):
    limits = {}
    for metric in data.draw(st.lists(st.sampled_from((REVENUE, UNITS)), unique=True)):
        number = constant(SCHEMA[metric], metric=True)
        condition = st.builds(
            lambda operator, value, metric=metric: node(operator, subject_operand(metric), value),
            st.sampled_from(("<", ">=", "NotEqual")),
            number,
        ) | st.builds(
            lambda operator, text, metric=metric: node(
                operator, subject_operand(metric), {"type": "constant", "dataType": "BigDecimal", "value": text}
            ),
            st.sampled_from(("Rank.Top", "Rank.Bottom", "Percent.Top", "Percent.Bottom")),
            st.sampled_from("01"),
        )
        limits[metric] = data.draw(condition | st.builds(node, st.just("|"), condition, condition))
    found = metric_limits(limits, SCHEMA, collation)
    frame = pl.DataFrame(rows, schema=SCHEMA).with_row_index()
    kept = frame.filter(found if found is not None else pl.lit(value=True))["index"].to_list()
    assert kept == [
        place
        for place, row in enumerate(rows)
        if all(holds(tree, row, rows, collation) is True for tree in limits.values())
    ]


# The plain evaluator: written straight from the wire reference, section 5.2, and the docstring of the module.


def holds(tree, row, rows, collation):
    """Tell whether a condition holds in a row: True, False, or None for neither."""
    operator, operands = tree["operator"], tree["operands"]
    if operator in {"And", "Or", "|"}:
        decisive = operator != "And"
        answers = [holds(operand, row, rows, collation) for operand in operands]
        return decisive if decisive in answers else None if None in answers else not decisive
    if operator == "Not":
        return negated(holds(operands[0], row, rows, collation))
    if operator in {"IsNull", "null", "IsNotNull", "notnull"}:
        empty = value_of(operands[0], row, collation) is None
        return empty is (operator in {"IsNull", "null"})
    for negation in ("Not", "Exclude", "Rank.Not", "Percent.Not", "Rank.Exclude", "Percent.Exclude"):
        if operator.startswith(negation):
            positive = operator.replace(negation.split(".")[-1], "", 1)
            return negated(open_as_false(leaf_holds(positive, operands, row, rows, collation), collation))
    if operator == "!=" or operator.endswith("DifferentFrom"):
        positive = "Equals" if operator == "!=" else operator.replace("DifferentFrom", "Equals")
        return negated(open_as_false(leaf_holds(positive, operands, row, rows, collation), collation))
    return open_as_false(leaf_holds(operator, operands, row, rows, collation), collation)


def negated(answer):
    return None if answer is None else not answer


def open_as_false(answer, collation):
    return False if answer is None and collation.nulls_in_negations else answer


def leaf_holds(operator, operands, row, rows, collation):
    if operands[0]["type"] == "attribute":
        return element_holds(operands, row)
    if operator.startswith(("Rank.", "Percent.")):
        return rank_holds(operator, operands, row, rows)
    value = value_of(operands[0], row, collation)
    if value is None:
        return None
    if operator == "In" and operands[1]["type"] == "constants":
        listed = [
            {"type": "constant", "dataType": operands[1]["dataType"], "value": text}
            for text in operands[1]["values"]
        ]
        answers = [compared("=", value, other_of(item, value, row, collation)) for item in listed]
        return True if True in answers else None if None in answers else False
    others = [other_of(operand, value, row, collation) for operand in operands[1:]]
    if operator == "Between":
        sides = [compared(">=", value, others[0]), compared("<=", value, others[1])]
        return False if False in sides else None if None in sides else True
    return compared(operator, value, others[0])


ORDERED = {
    "Equals": op.eq, "Equal": op.eq, "=": op.eq, "Less": op.lt, "<": op.lt, "LessEqual": op.le, "<=": op.le,
    "Greater": op.gt, ">": op.gt, "GreaterEqual": op.ge, ">=": op.ge, "Contains": op.contains,
    "BeginsWith": str.startswith, "EndsWith": str.endswith,
}  # fmt: skip


def compared(operator, value, other):
    if other is None:
        return None
    if isinstance(value, float) != isinstance(other, float):
        value, other = float(value), float(other)
    if operator != "Like":
        return ORDERED[operator](value, other)
    pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in other)
    return re.fullmatch(pattern, value, re.DOTALL) is not None


def value_of(operand, row, collation):
    name = operand["id"] if operand["type"] == "metric" else f"{operand['attribute']['id']}@{operand['form']['id']}"
    return plain(row[name], collation)


def plain(value, collation):
    if isinstance(value, str):
        value = value.rstrip(" ") if collation.ignore_trailing_blanks else value
        value = value.lower() if collation.case_insensitive else value
        return None if collation.empty_text_is_null and not value else value
    if isinstance(value, Decimal | int):
        return Fraction(value)
    return datetime.combine(value, time()) if type(value) is date else value


def other_of(operand, value, row, collation):
    if operand["type"] == "metric":
        return value_of(operand, row, collation)
    text = operand["value"]
    match operand["dataType"]:
        case "Char":
            return plain(text, collation)
        case "Real":
            exact = Fraction(struct.unpack("f", struct.pack("f", float(text)))[0])
        case "BigDecimal" | "Int64":
            exact = Fraction(text)
        case "Time":
            return clock(text)
        case _:
            day, _, rest = text.partition(" ")
            month, day, year = map(int, day.split("/"))
            return datetime.combine(date(year, month, day), clock(rest) if rest else time())
    return float(exact) if isinstance(value, float) else exact


def clock(text):
    rest, half = text.split(" ")
    hours, minutes, seconds = rest.split(":")
    whole, _, fraction = seconds.partition(".")
    microsecond = int(fraction.ljust(6, "0")) if fraction else 0
    return time(int(hours) % 12 + (12 if half == "PM" else 0), int(minutes), int(whole), microsecond)


def element_holds(operands, row):
    own = row[element_column(operands[0]["id"])]
    middles = [
        item["id"][33:] if item["id"].startswith(f"{STORE}:") else item["id"][1:-33]
        for item in operands[1]["elements"]
    ]
    if own is None:
        return True if "\\N" in middles else None
    return own in [middle for middle in middles if middle != "\\N"]


def rank_holds(operator, operands, row, rows):
    measure, name = operator.split(".")
    known = [other[operands[0]["id"]] for other in rows if other[operands[0]["id"]] is not None]
    value = row[operands[0]["id"]]
    if value is None:
        return None
    better = sum(other < value if name == "Bottom" else other > value for other in known)
    place = Fraction(better + 1)
    texts = [operand["value"] for operand in operands[1:]]
    if measure == "Percent":
        place /= len(known)
        bounds = [Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text) for text in texts]
    else:
        bounds = [Fraction(text) for text in texts]
    if name == "Equals":
        return place == bounds[0]
    return bounds[0] <= place <= bounds[1] if name == "Between" else place <= bounds[0]


# What is refused, and what is ignored


def number(text="1", data_type="BigDecimal"):
    return {"type": "constant", "dataType": data_type, "value": text}


STORE_ID, STORE_DESC = (subject_operand(form_column(STORE, form)) for form in (ID, DESC))
UNITS_METRIC = subject_operand(UNITS)
FAILED = "Failed to find the {} {} in the report or cube."
REFUSED = [
    (node("Equal", STORE_ID, number()), "Invalid operator - Equal"),
    (node("equals", STORE_ID, number()), "Invalid operator - equals"),
    (node("Rank.Middle", UNITS_METRIC, number()), "Invalid operator - Rank.Middle"),
    (node(7, STORE_ID, number()), "Invalid operator - 7"),
    (node("Greater", STORE_ID), "There should be 2 operands for operator - Greater"),
    (node("Between", STORE_ID, number()), "There should be 3 operands for operator - Between"),
    (node("IsNull", STORE_ID, number()), "There should be 1 operands for operator - IsNull"),
    (node("Not"), "There should be 1 operands for operator - Not"),
    (node("And", node("IsNull", STORE_ID)), "There should be 2 operands for operator - And"),
    (node("IsNull", subject_operand("xyz")), "Invalid metric id - xyz"),
    (node("IsNull", subject_operand(FOREIGN)), FAILED.format("metric", FOREIGN)),
    (node("IsNull", subject_operand(form_column("xyz", ID))), "Invalid attribute id - xyz"),
    (node("IsNull", subject_operand(form_column(FOREIGN, ID))), FAILED.format("attribute", FOREIGN)),
    (node("IsNull", subject_operand(form_column(STORE, "xyz"))), "Invalid attribute form id - xyz"),
    (node("IsNull", subject_operand(form_column(DAY, DESC))), "Index out of range"),
    (
        node("In", {"type": "attribute", "id": STORE}, {"type": "elements", "elements": [{"id": f"x1;{STORE}"}]}),
        f"Invalid element id - x1;{STORE}",
    ),
    (
        node("In", {"type": "attribute", "id": STORE}, {"type": "elements", "elements": [{"id": f"h1;{DAY}"}]}),
        f"Invalid element id - h1;{DAY}",
    ),
    (node("Equals", STORE_ID, number("1", "bigDecimal")), "Invalid data type - bigDecimal"),
    (node("Equals", STORE_ID, number("1e3")), "Invalid constant value - 1e3"),
    (node("Equals", UNITS_METRIC, number("1.5", "Int64")), "Invalid constant value - 1.5"),
    (node("Equals", STORE_ID, number("1", "Int64")), "A constant of data type Int64 cannot be compared"),
    (node("Equals", STORE_DESC, number()), "A constant of data type BigDecimal cannot be compared with a text."),
    (node("Equals", subject_operand(form_column(DAY, ID)), number("2024-01-31", "Date")), "Invalid constant value"),
    (node("Equals", subject_operand(form_column(DAY, ID)), number("12/29/1899", "Date")), "Invalid constant value"),
    (node("Equals", subject_operand(form_column(DAY, ID)), number("2/30/2024", "Date")), "Invalid constant value"),
    (node("Equals", subject_operand(form_column(CLOCK, ID)), number("13:00:00 PM", "Time")), "Invalid constant"),
    (node("Contains", STORE_ID, number("1", "Char")), "Invalid operator - Contains"),
    (node("Contains", subject_operand(NOTE), number("a", "Char")), "Invalid combination of operands"),
    (node("Equals", number(), STORE_ID), "Invalid combination of operands for operator - Equals: constant, form"),
    (node("Equals", STORE_ID, UNITS_METRIC), "Invalid combination of operands"),
    (node("Equals", UNITS_METRIC, subject_operand(NOTE)), "A number cannot be compared with a text."),
    (node("In", STORE_ID, number()), "Invalid combination of operands"),
    (node("Rank.Top", STORE_ID, number()), "Invalid combination of operands"),
    (node("Rank.Top", UNITS_METRIC, number("1.5")), "Invalid constant value - 1.5"),
    (node("Percent.Top", UNITS_METRIC, number("120%", "Real")), "Invalid constant value - 120%"),
    (node("IsNull", {"type": "Metric", "id": UNITS}), "Could not resolve type id 'Metric'"),
    (node("And", STORE_ID, STORE_ID), "A condition is a JSON object with an operator and operands"),
    ("IsNull", "A condition is a JSON object"),
]


@pytest.mark.parametrize(("tree", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_the_server_refuses(tree, message):
    with pytest.raises(Refusal) as refusal:
        view_filter(tree, SCHEMA, Collation())
    assert (refusal.value.status, refusal.value.code) == (400, "ERR006")
    assert message in refusal.value.message


def test_an_unknown_operand_type_is_answered_with_those_there_are():
    known = "known type ids = [attribute, constant, constants, elements, form, metric]"
    with pytest.raises(Refusal, match=re.escape(known)):
        view_filter(node("IsNull", {"type": "page"}), SCHEMA, Collation())


LIMITS_REFUSED = [
    ({UNITS: node("Greater", subject_operand(REVENUE), number())}, "names another metric"),
    ({UNITS: node("Greater", UNITS_METRIC, subject_operand(REVENUE))}, "names another metric"),
    ({UNITS: node("IsNull", STORE_ID)}, "Invalid combination of operands"),
    ({UNITS: node("Rank.Equals", UNITS_METRIC, number())}, "Invalid operator - Rank.Equals"),
    ({"xyz": node("IsNull", UNITS_METRIC)}, "Invalid metric id - xyz"),
    ({FOREIGN: node("IsNull", subject_operand(FOREIGN))}, FAILED.format("metric", FOREIGN)),
    ([], None),
    ([1], "metricLimits is a JSON object"),
]


@pytest.mark.parametrize(("limits", "message"), LIMITS_REFUSED)
def test_limits_speak_of_their_own_metric_only(limits, message):
    if message is None:
        assert metric_limits(limits, SCHEMA, Collation()) is None
        return
    with pytest.raises(Refusal, match=re.escape(message)):
        metric_limits(limits, SCHEMA, Collation())


def test_text_operators_on_id_forms_are_a_switch():
    schema = {form_column(STORE, ID): pl.String(), element_column(STORE): pl.String()}
    tree = node("BeginsWith", STORE_ID, number("a", "Char"))
    frame = pl.DataFrame({form_column(STORE, ID): ["ab", "b"]})
    assert len(frame.filter(view_filter(tree, schema, Collation()))) == 1
    with pytest.raises(Refusal, match="Invalid operator - BeginsWith"):
        view_filter(tree, schema, Collation(id_text_operators=False))


def foreign_elements(element_id):
    return node("In", {"type": "attribute", "id": STORE}, {"type": "elements", "elements": [{"id": element_id}]})


FOREIGN_CONDITIONS = (
    node("IsNull", subject_operand(FOREIGN)),
    node("Less", subject_operand(form_column(FOREIGN, ID)), number()),
    node("Less", subject_operand(form_column(DAY, DESC)), number()),
    node("Less", UNITS_METRIC, subject_operand(FOREIGN)),
    foreign_elements(f"h1;{DAY}"),
)


@pytest.mark.parametrize("foreign", FOREIGN_CONDITIONS)
def test_foreign_ids_are_refused_or_silently_ignored(foreign):
    known = node("Greater", UNITS_METRIC, number())
    with pytest.raises(Refusal):
        view_filter(foreign, SCHEMA, Collation())
    frame = pl.DataFrame({UNITS: [0, 1, 2, 3]})
    for operator, wrap in product(("And", "Or"), (lambda tree: tree, lambda tree: node("Not", tree))):
        found = view_filter(node(operator, known, wrap(foreign)), SCHEMA, Collation(), ignore_foreign_ids=True)
        assert frame.filter(found)[UNITS].to_list() == [2, 3]
    assert view_filter(foreign, SCHEMA, Collation(), ignore_foreign_ids=True) is None
    assert metric_limits({FOREIGN: known}, SCHEMA, Collation(), ignore_foreign_ids=True) is None


def test_what_a_condition_needs_can_be_asked():
    tree = node("And", node("IsNull", STORE_ID), node("Rank.Top", UNITS_METRIC, number()))
    assert set(view_filter(tree, SCHEMA, Collation()).meta.root_names()) == {form_column(STORE, ID), UNITS}


def test_equal_values_share_the_best_rank():
    frame = pl.DataFrame({UNITS: [1, 3, 5, 3, None]})
    condition = view_filter(node("Rank.Top", UNITS_METRIC, number("2", "Int64")), SCHEMA, Collation())
    assert frame.filter(condition)[UNITS].to_list() == [3, 5, 3]


def test_nothing_is_known_to_be_other_than_a_text_that_counts_as_null():
    tree = node("NotIn", STORE_DESC, {"type": "constants", "dataType": "Char", "values": ["", "a"]})
    frame = pl.DataFrame({form_column(STORE, DESC): ["a", "b", "", None]})
    kept = [
        frame.filter(view_filter(tree, SCHEMA, Collation(empty_text_is_null=switch))).to_series().to_list()
        for switch in (False, True)
    ]
    assert kept == [["b"], []]
