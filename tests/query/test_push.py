"""What is sent of each kind of condition, word for word, and why the rest is not."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.query.bind import bind
from mstr_arrow.query.reference import col
from mstr_arrow.query.server_filter import push_having, push_where

ID, DESC = "45C11FA478E745FEA08D781CEA190FE5", "CCFBE2A5EADB4F50941FB879CCF1721C"


@pytest.fixture
def where(subjects):
    return lambda expression, **options: push_where(bind(expression, subjects), subjects, **options)


@pytest.fixture
def having(subjects):
    return lambda expression, **options: push_having(bind(expression, subjects), subjects, **options)


@pytest.fixture
def form(object_id):
    return lambda name, form=ID: {"type": "form", "attribute": {"id": object_id(name)}, "form": {"id": form}}


@pytest.fixture
def metric(object_id):
    return lambda name: {"type": "metric", "id": object_id(name)}


def node(operator, *operands):
    return {"operator": operator, "operands": list(operands)}


def constant(data_type, value):
    return {"type": "constant", "dataType": data_type, "value": value}


def constants(data_type, *values):
    return {"type": "constants", "dataType": data_type, "values": list(values)}


def there(operand, body):
    return node("And", body, node("IsNotNull", operand))


def test_whole_numbers_are_sent_exactly(where, form, metric):
    year, units = form("Year"), metric("Units")
    big = "BigDecimal"
    cases = [
        (col("Year") >= 2024, node("GreaterEqual", year, constant(big, "2024"))),
        (col("Year") == 2024, node("Equals", year, constant(big, "2024"))),
        (col("Year") != 2024, there(year, node("NotEqual", year, constant(big, "2024")))),
        (col("Year") > 2019.5, node("Greater", year, constant(big, "2019"))),
        (col("Year") < 2019.5, node("LessEqual", year, constant(big, "2019"))),
        (col("Year").between(-3, 2024), node("Between", year, constant(big, "-3"), constant(big, "2024"))),
        (col("Year").is_in([2024, 2023, 2024]), node("In", year, constants(big, "2023", "2024"))),
        (col("Year").not_in([2024, 2023]), there(year, node("NotIn", year, constants(big, "2023", "2024")))),
        (col("Year").is_null(), node("IsNull", year)),
        (col("Year").is_not_null(), node("IsNotNull", year)),
        (col("Units") < 5, node("Less", units, constant("Int64", "5"))),
        (
            col("Units").is_in([1, 2]),
            node(
                "Or", node("Equals", units, constant("Int64", "1")), node("Equals", units, constant("Int64", "2"))
            ),
        ),
    ]
    for expression, body in cases:
        pushed = where(expression)
        assert (pushed.view_filter, pushed.exact, pushed.metric_limits) == (body, True, {}), expression


def test_dates_are_sent_exactly_in_the_words_of_the_locale_of_the_session(where, form):
    day = form("Day")
    expected = node("GreaterEqual", day, constant("Date", "1/31/2024"))
    for value in ("2024-01-31", dt.date(2024, 1, 31), dt.datetime.fromisoformat("2024-01-31"), "2024-01-31T00:00"):
        assert where(col("Day") >= value).view_filter == expected
    assert where(col("Day") >= dt.datetime.fromisoformat("2024-01-31T12:00")).view_filter == {
        **expected,
        "operator": "Greater",
    }
    assert where(col("Day") >= "1899-12-30").exact
    assert where(col("Day") >= "1899-12-29").view_filter is None


def test_moments_get_a_second_to_both_sides(where, form):
    opened, hour = form("Opened"), form("Hour")
    stamp = "TimeStamp"
    cases = [
        (col("Opened") > "2024-01-31T12:00:00", node("Greater", opened, constant(stamp, "1/31/2024 11:59:59 AM"))),
        (
            col("Opened") <= "2024-01-31T23:59:59.5",
            node("LessEqual", opened, constant(stamp, "2/1/2024 12:00:01 AM")),
        ),
        (
            col("Opened") == dt.datetime.fromisoformat("2024-01-31T00:00:01"),
            node(
                "Between",
                opened,
                constant(stamp, "1/31/2024 12:00:00 AM"),
                constant(stamp, "1/31/2024 12:00:02 AM"),
            ),
        ),
        (col("Hour") >= "13:05", node("GreaterEqual", hour, constant("Time", "1:04:59 PM"))),
    ]
    for expression, body in cases:
        pushed = where(expression)
        assert (pushed.view_filter, pushed.exact, pushed.local) == (body, False, ()), expression
    assert where(col("Opened") != "2024-01-31").local[0][1] == "the server may hold more digits than it shows"


def test_other_numbers_get_room_for_digits_the_server_does_not_show(where, form, metric):
    cases = [
        (col("Revenue") > 100, node("Greater", metric("Revenue"), constant("BigDecimal", "99.9999999"))),
        (col("Revenue") < -100.5, node("Less", metric("Revenue"), constant("BigDecimal", "-100.4999998995"))),
        (col("Revenue") >= 0, node("GreaterEqual", metric("Revenue"), constant("BigDecimal", "0"))),
        (
            col("Weight") == Decimal("1E+3"),
            node("Between", form("Weight"), *(constant("BigDecimal", t) for t in ("999.999999", "1000.000001"))),
        ),
    ]
    for expression, body in cases:
        pushed = where(expression)
        assert (pushed.view_filter, pushed.exact) == (body, False), expression
    assert where(col("Revenue") > 1e200).view_filter is None
    assert where(col("Revenue").not_in([1.5])).view_filter is None
    wide = where(col("Year") == 2**60)
    low, high = (int(operand["value"]) for operand in wide.view_filter["operands"][1:])
    assert low < 2**60 < high
    assert not wide.exact


def test_texts_are_sent_as_supersets_and_only_where_no_collation_could_lose_a_row(where, form):
    region = form("Region", DESC)
    cases = [
        (col("Region") == "East", node("Equals", region, constant("Char", "East"))),
        (col("Region").is_in(["East", "West"]), node("In", region, constants("Char", "East", "West"))),
        (col("Region").contains("as"), node("Contains", region, constant("Char", "as"))),
        (col("Region").starts_with("Ea"), node("BeginsWith", region, constant("Char", "Ea"))),
        (col("Region").ends_with("st"), node("EndsWith", region, constant("Char", "st"))),
        (col("Region").is_null(), node("IsNull", region)),
    ]
    for expression, body in cases:
        pushed = where(expression)
        assert (pushed.view_filter, pushed.exact, len(pushed.pushed)) == (body, False, 1), expression


@pytest.mark.parametrize(
    "expression",
    [
        col("Region") != "East",
        col("Region") < "East",
        col("Region").between("A", "B"),
        col("Region").not_in(["East"]),
        ~col("Region").contains("a"),
        col("Region").is_not_null(),
        col("Region") == "",
        col("Region") == "East ",
        col("Region") == "x" * 251,
        col("Region") == "a\nb",
        col("Region").is_in(["East", ""]),
        col("Region").is_in([]),
        col("Region").is_in([str(number) for number in range(1_001)]),
        col("Region").contains("50%"),
        col("Region").contains("a_b"),
        col("Region").contains("it's"),
        col("Region").contains("back\\slash"),
        col("Region").contains("Σ"),
        col("Revenue").is_null(),
        col("Note") == "x",
        col("Flag") == True,  # noqa: E712 - a condition
        col("Year") < col("Units"),
        col("Revenue") >= col("Cost"),
        col("Revenue") == col("Units"),
        col("Year").is_in([]),
        col("Year").not_in(range(1_001)),
        col("Revenue").top_percent(5),
        col("Revenue").bottom(5),
        ~col("Revenue").top(5),
    ],
    ids=repr,
)
def test_what_is_not_certain_stays_here_with_a_reason(where, expression):
    pushed = where(expression)
    assert pushed.view_filter is None
    [(kept, reason)] = pushed.local
    assert repr(kept) == repr(pushed.residual)
    assert 10 < len(reason) < 100
    assert not pushed.exact


def test_long_lists_are_sent_as_their_range(where, form):
    pushed = where(col("Year").is_in(range(5_000)))
    assert pushed.view_filter == node(
        "Between", form("Year"), constant("BigDecimal", "0"), constant("BigDecimal", "4999")
    )
    assert pushed.parts[0].reason == "in place of a list of 5,000 values, their range is sent"
    pushed = where(col("Revenue").is_in([number / 2 for number in range(101)]))
    assert pushed.view_filter["operator"] == "Between"


def test_and_sends_what_it_can(where, form):
    pushed = where((col("Year") == 2024) & (col("Region") != "East"))
    assert pushed.view_filter == node("Equals", form("Year"), constant("BigDecimal", "2024"))
    assert [repr(part) for part in pushed.pushed] == ["Year == 2024"]
    assert pushed.local == ((col("Region") != "East", "texts are compared by the server's collation"),)
    assert repr(pushed.residual) == "(Year == 2024) & (Region != 'East')"


def test_or_sends_only_what_covers_every_branch(where, form):
    year = node("Equals", form("Year"), constant("BigDecimal", "2024"))
    units = where(col("Units") > 1).view_filter
    assert where((col("Year") == 2024) | (col("Region") != "East")).view_filter is None
    assert where((col("Year") == 2024) | (col("Units") > 1)).view_filter == node("Or", year, units)
    within = where(((col("Year") == 2024) & (col("Region") != "East")) | (col("Units") > 1))
    assert within.view_filter == node("Or", year, units)
    assert not within.exact


def test_not_is_never_sent(where):
    pushed = where(~((col("Year") > 2024) | (col("Year").is_in([1, 2])) | col("Day").is_null()))
    assert "'Not'" not in repr(pushed.view_filter)
    assert repr(pushed.residual) == "(Year <= 2024) & Year.not_in([1, 2]) & Day.is_not_null()"
    assert pushed.exact


def test_metrics_are_compared_with_metrics_before_aggregation_only(where, having, metric):
    pushed = where(col("Revenue") > col("Cost"))
    assert pushed.view_filter == node("Greater", metric("Revenue"), metric("Cost"))
    assert where(col("Units") <= col("Visits")).exact
    assert having(col("Revenue") > col("Cost")).local[0][1] == "a limit after aggregation is for one metric"


def test_limits_are_gathered_by_metric(having, metric, object_id):
    two = having(
        (col("Revenue") > 0) & (col("Units") < 5) & ((col("Units") < 3) | (col("Units") > 4)) & (col("Year") == 1)
    )
    assert set(two.metric_limits) == {object_id("Revenue"), object_id("Units")}
    assert two.view_filter is None
    units = metric("Units")
    assert two.metric_limits[object_id("Units")] == node(
        "And",
        node("Less", units, constant("Int64", "5")),
        node("Or", node("Less", units, constant("Int64", "3")), node("Greater", units, constant("Int64", "4"))),
    )
    assert two.local == ((col("Year") == 1, "limits after aggregation are for metrics"),)
    assert having((col("Revenue") > 0) | (col("Units") < 5)).metric_limits == {}


def test_a_rank_is_sent_alone(where, having, metric, object_id):
    body = node("Rank.Top", metric("Revenue"), constant("Int64", "3"))
    assert where(col("Revenue").top(3)).view_filter == body
    assert having(col("Revenue").top(3)).metric_limits == {object_id("Revenue"): body}
    beside = having((col("Units") > 1) & col("Revenue").top(3))
    assert beside.metric_limits == {object_id("Revenue"): body}
    assert [repr(part) for part in beside.pushed] == ["Revenue.top(3)"]
    assert having(col("Revenue").top(3) & col("Units").top(4)).metric_limits == {}
    assert having(col("Revenue").top(3), rows_exact=False).metric_limits == {}
    assert having((col("Revenue").top(3)) | (col("Revenue") > 3)).metric_limits == {}


def test_elements_are_decided_by_the_server_alone(where, having, object_id):
    ids = [f"h1;{object_id('Region')}", f"{object_id('Region')}:2"]
    pushed = where(col("Region").has_elements(ids) & (col("Region") != "x"))
    listed = {"type": "elements", "elements": [{"id": item} for item in ids]}
    assert pushed.view_filter == node("In", {"type": "attribute", "id": object_id("Region")}, listed)
    assert repr(pushed.residual) == "Region != 'x'"
    assert where(~col("Store").has_elements([f"h1;{object_id('Store')}"])).view_filter["operator"] == "NotIn"
    elements = col("Region").has_elements(ids)
    for refused in (elements | (col("Region") != "x"), elements & col("Revenue").top(3)):
        with pytest.raises(UsageError, match="only be decided by the server"):
            where(refused)
    with pytest.raises(UsageError, match="limits after aggregation are for metrics"):
        having(elements)
    with pytest.raises(UsageError, match=f"no element of 'Year', whose id is {object_id('Year')}"):
        where(col("Year").has_elements(ids))


def test_a_server_that_searches_no_texts_of_id_forms_is_not_asked_to(where):
    on_id, on_desc = col("Store@ID").contains("a"), col("Store@DESC").contains("a")
    assert where(on_id & on_desc).pushed == (on_id, on_desc)
    again = where(on_id & on_desc, id_text_operators=False)
    assert again.pushed == (on_desc,)
    assert again.local == ((on_id, "this server searches texts of DESC forms only"),)
