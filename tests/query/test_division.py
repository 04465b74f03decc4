"""A question divided between the server and us, as a value."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.grid_options import GridOptions
from mstr_arrow.grid.schema import ID_FORM, Column, Columns
from mstr_arrow.instances.source import Source
from mstr_arrow.query.element_lookup import Element, as_elements, texts_in_the_way, with_elements
from mstr_arrow.query.expressions import Elements, all_of
from mstr_arrow.query.planner import divide
from mstr_arrow.query.query import Query, SortKey
from mstr_arrow.query.reference import col

DESC = "CCFBE2A5EADB4F50941FB879CCF1721C"
REGION, STORE, DAY, OPENED = (digit * 32 for digit in "ABCD")
REVENUE, UNITS = "1" * 32, "2" * 32

COLUMNS = Columns(
    (
        Column("Region", "attribute", REGION, ID_FORM, "nvarchar", pa.string()),
        Column("Store@ID", "attribute", STORE, ID_FORM, "integer", pa.int64()),
        Column("Store@DESC", "attribute", STORE, DESC, "nvarchar", pa.string()),
        Column("Day", "attribute", DAY, ID_FORM, "date", pa.date32()),
        Column("Opened", "attribute", OPENED, ID_FORM, "timestamp", pa.timestamp("us")),
        Column("Revenue", "metric", REVENUE, None, "double", pa.float64()),
        Column("Units", "metric", UNITS, None, "integer", pa.int64()),
    )
)


WHOLE = [column.name for column in COLUMNS.all]


def divided(query, **options):
    return divide(query, COLUMNS, **options)


def where(*conditions):
    return Query().filtered(conditions)


def having(query, *conditions):
    return replace(query, having=all_of(conditions))


def aggregating(*names, **more):
    return Query(aggregate=names, **more)


def narrowings(query, **options):
    """Give the names of the attributes and metrics of each narrower body."""
    names = {column.object_id: column.name.partition("@")[0] for column in COLUMNS.all}
    bodies = [each.body["requestedObjects"] for each in divided(query, **options).narrowings]
    return [(",".join(names[each["id"]] for each in body["attributes"] + body["metrics"]), body) for body in bodies]


def test_calls_that_mean_the_same_make_the_same_query():
    one = Query().filtered([col("Units") > 1]).filtered([col("Units") < 9]).first(7).first(5)
    other = Query().filtered([col("Units") > 1, col("Units") < 9]).first(5)
    assert one == other
    assert Query().trivial
    assert not one.trivial


def test_conditions_are_sent_and_run_again():
    division = divided(where(col("Units") > 1, col("Region") > "M"))
    assert division.body["viewFilter"]["operator"] == "Greater"
    assert [part.sent for part in division.parts] == [True, False]
    assert {name for each in division.residual.filters for name in each.meta.root_names()} == {"Units", "Region"}
    assert not division.decided
    assert divided(where(col("Units") > 1)).decided


def test_conditions_after_aggregation_are_limits_of_their_metrics():
    body = divided(having(Query(), col("Units") > 1, col("Revenue") < 5, col("Units") < 9)).body
    assert set(body) == {"metricLimits"}
    assert {metric: limit["operator"] for metric, limit in body["metricLimits"].items()} == {
        UNITS: "And",
        REVENUE: "Less",
    }


def test_conditions_on_attributes_decide_before_rows_are_added_up():
    query = aggregating("Region", "Units").filtered([(col("Region") == "East") & (col("Units") > 9)])
    division = divided(query)
    assert division.body["viewFilter"]["operator"] == "Equals"
    assert list(division.body["metricLimits"]) == [UNITS]
    kept = [set(each.meta.root_names()) for each in division.residual.filters]
    assert kept == [{"Region"}, {"Units"}]


@pytest.mark.parametrize(
    "query",
    [
        having(aggregating("Region", "Units"), col("Region") == "East", col("Units").top(3)),
        having(aggregating(*WHOLE, where=col("Units").top(3)), col("Region") == "East"),
    ],
)
def test_no_condition_passes_a_rank(query):
    assert "Equals" not in str(divided(query).body)


@pytest.mark.parametrize("rank", [~col("Revenue").top(3), col("Revenue").bottom(2), col("Revenue").top(3)])
def test_no_limit_is_sent_beside_a_rank_that_is_counted_before_it(rank):
    division = divided(having(where(rank), col("Units") > 5))
    assert "metricLimits" not in division.body
    assert [part.sent for part in division.parts][1:] == [False]
    assert "ranks in filter()" in division.parts[1].reason
    assert division.residual.ranked


def test_a_rank_after_conditions_is_sent_where_these_are_exact():
    assert "metricLimits" in divided(where(col("Units") > 5).filtered([col("Revenue").top(3)])).body
    assert "metricLimits" not in divided(where(col("Region") == "East").filtered([col("Revenue").top(3)])).body


@pytest.mark.parametrize(
    ("keys", "there"),
    [
        (["Units"], True),
        (["Revenue"], True),
        (["Opened"], True),
        (["Day", "Units", "Revenue"], True),
        (["Region"], False),
        (["Units", "Region"], False),
        (["Revenue", "Units"], False),  # equal revenues may differ in digits that are not shown
        (["Opened", "Day"], False),
    ],
)
def test_the_server_sorts_where_its_order_is_ours(keys, there):
    sort = tuple(SortKey(key, descending=True) for key in keys)
    division = divided(Query(sort=sort, head=5))
    assert division.residual.sorted_there is there
    assert ("sorting" in division.body) is there
    assert division.first == (5 if there else None)
    assert "sorting" not in divided(Query(sort=sort)).body


def test_of_several_keys_on_one_column_the_first_decides():
    keys = (SortKey(UNITS, descending=True), SortKey("Region"), SortKey("Units"))
    assert divided(Query(sort=keys)).residual.sort == (SortKey("Units", descending=True), SortKey("Region"))


def test_a_sort_names_forms_and_metrics():
    rows = divided(Query(sort=(SortKey("Store@ID"), SortKey("Units", descending=True)), head=1)).body["sorting"][
        "rows"
    ]
    assert rows == [
        {"type": "form", "attribute": {"id": STORE}, "form": {"id": ID_FORM}, "order": "ascending"},
        {"type": "metric", "metric": {"id": UNITS}, "order": "descending"},
    ]


def test_aggregated_columns_are_requested_in_their_order_and_with_their_forms():
    body = divided(aggregating("Units", "Store@DESC", "Region")).body
    assert body == {
        "requestedObjects": {
            "attributes": [{"id": STORE, "forms": [{"id": DESC}]}, {"id": REGION}],
            "metrics": [{"id": UNITS}],
        }
    }
    assert divided(aggregating("Store")).body["requestedObjects"] == {"attributes": [{"id": STORE}], "metrics": []}


def test_what_is_needed_here_is_requested_too():
    everything = ("Region", "Store@ID", "Day", "Opened", "Units")
    division = divided(aggregating(*everything, where=col("Revenue") > 5, sort=(SortKey("Store@DESC"),)))
    requested = division.body["requestedObjects"]
    assert requested["metrics"] == [{"id": UNITS}, {"id": REVENUE}]
    assert {"id": STORE} in requested["attributes"]
    assert division.residual.columns == everything
    assert not division.aggregated


def test_metrics_keep_their_types_but_where_they_are_added_up():
    narrow = divided(aggregating("Region", "Units"))
    assert narrow.aggregated
    assert narrow.like[UNITS, None, "raw"] == ("Units", None)
    assert narrow.like[STORE, DESC, "raw"] == ("Store@DESC", pa.string())
    assert divided(where(col("Units") > 1)).like[UNITS, None, "raw"] == ("Units", pa.int64())


def test_another_form_of_an_aggregated_attribute_is_checked_after_the_sum():
    division = divided(aggregating("Store@ID", "Units", where=(col("Store@DESC") > "M") & (col("Units") > 3)))
    (check,) = division.residual.filters
    assert check.meta.root_names() == ["Store@DESC"]
    assert division.body["requestedObjects"]["attributes"] == [{"id": STORE}]
    assert division.residual.columns == ("Store@ID", "Units")


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        (col("Day") > dt.date(1850, 1, 1), "Aggregate by Day, too"),
        (col("Revenue") > 5, "Read without aggregate()"),
        (col("Units").top(3), "Read without aggregate()"),
        (col("Opened") == dt.datetime(2024, 1, 1), "Aggregate by Opened, too"),
    ],
)
def test_what_neither_side_can_decide_is_refused(condition, hint):
    with pytest.raises(UsageError) as caught:
        divided(aggregating("Region", "Units", where=(col("Store@ID") > 1) & condition))
    assert repr(condition) in caught.value.message
    assert caught.value.hint.startswith(hint)


EVERY = "Region,Store,Day,Opened"


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (Query(select=("Region", "Units")), [f"{EVERY},Units"]),
        (Query(select=("Region", "Units"), any_order=True), ["Region,Units", f"{EVERY},Units"]),
        (Query(select=("Region", "Units"), sort=(SortKey("Day"),)), ["Region,Day,Units", f"{EVERY},Units"]),
        (Query(select=("Region",), where=col("Revenue") > 5), [f"{EVERY},Revenue"]),
        (Query(select=("Region",), where=col("Store@ID") > 5, any_order=True), ["Region,Store", EVERY]),
        (Query(select=("Units",), any_order=True), [f"{EVERY},Units"]),
        (Query(select=("Units", "Revenue"), any_order=True), []),
        (Query(select=("Region", "Units", "Revenue"), any_order=True), ["Region,Revenue,Units"]),
        (Query(select=("Region", "Units", "Revenue")), []),
        (Query(any_order=True), []),
        (Query(select=("Region", "Units"), any_order=True, head=9), []),
        (Query(select=("Units",), sort=(SortKey("Units"),), head=9), [f"{EVERY},Units"]),
        (aggregating("Region", "Units", select=("Region",), any_order=True), []),
    ],
)
def test_less_is_asked_for_where_less_is_needed(query, asked):
    assert [names for names, _ in narrowings(query)] == asked
    assert narrowings(query, pushdown=False) == []
    assert query.aggregate or narrowings(query, refusal="it is a cross-tab") == []


def test_conditions_are_those_of_the_whole():
    division = divided(Query(select=("Store@ID",), any_order=True, where=col("Store@ID") > 5))
    narrow = [division.narrowed(each) for each in division.narrowings]
    assert [each.body["viewFilter"] for each in narrow] == [division.body["viewFilter"]] * 2
    assert narrow[0].body["requestedObjects"]["attributes"] == [{"id": STORE, "forms": [{"id": ID_FORM}]}]
    assert narrow[1].body["requestedObjects"]["attributes"] == [
        {"id": each} for each in (REGION, STORE, DAY, OPENED)
    ]
    assert [each.narrowings for each in narrow] == [(), ()]
    assert narrow[0].notes[0].startswith("only the columns that are needed")


def test_values_as_texts_are_of_the_same_metric():
    texts = tuple(replace(each, name=f"{each.name} (formatted)", part="formatted") for each in COLUMNS.metrics)
    both = Columns((*COLUMNS.all, *texts))
    assert divide(Query(select=("Units", "Revenue (formatted)")), both).narrowings == ()
    (narrow,) = divide(Query(select=("Units (formatted)",)), both).narrowings
    assert narrow.body["requestedObjects"]["metrics"] == [{"id": UNITS}]


def test_without_push_down_nothing_but_an_aggregation_is_sent():
    query = Query(where=col("Units") > 1, sort=(SortKey("Units"),), head=3, select=("Units",))
    assert divided(query, pushdown=False).body == {}
    assert set(divided(aggregating("Region", "Units"), pushdown=False).body) == {"requestedObjects"}


def test_an_object_that_takes_no_conditions_is_read_whole():
    query = Query(where=col("Units") > 1, sort=(SortKey("Units"),), head=3)
    division = divided(query, refusal="it is a cross-tab")
    assert (division.body, division.parts[0].reason) == ({}, "it is a cross-tab")
    with pytest.raises(UsageError, match="it is a cross-tab"):
        divided(aggregating("Region", "Units"), refusal="it is a cross-tab")


@pytest.mark.parametrize(
    ("condition", "learns"),
    [
        (col("Region").contains("a"), True),
        ((col("Units") > 1) & col("Region").starts_with("a"), True),
        (col("Store@DESC").contains("a"), False),
        (col("Region") == "a", False),
        (~col("Region").contains("a"), False),
    ],
)
def test_only_a_search_of_an_id_form_is_learnt_from(condition, learns):
    assert divided(where(condition)).matches_on_ids is learns
    assert not divided(where(condition), id_text_operators=False).matches_on_ids


def test_what_the_server_counts_is_the_result_in_tables_only():
    def counts(*, totals=False, version="11.5.0000", columns=COLUMNS, subtotals="drop"):
        options = GridOptions(subtotals=subtotals)
        source = Source("report", "A", {}, version, totals=totals)
        return source.counts(
            Columns(columns.all, options, crossed=columns.crossed, whole_pages=columns.whole_pages)
        )

    assert counts()
    assert counts(totals=True)
    assert counts(totals=True, subtotals="keep")
    assert not counts(totals=True, subtotals="only")
    assert not counts(totals=True, version="11.1.0400")
    assert not counts(columns=Columns(COLUMNS.all, crossed=True))
    assert not counts(columns=Columns(COLUMNS.all, whole_pages=False))


# Texts as elements

ELEMENTS = [Element("e1", ("East",)), Element("e2", ("east",)), Element("e3", (None,)), Element("e4", ("",))]


def test_texts_are_in_the_way_where_rows_do_not_show_them_any_more():
    def found(condition, *remaining):
        return texts_in_the_way(aggregating(*remaining, where=condition), COLUMNS)

    assert found(col("Region") == "East", "Day", "Units") == [col("Region") == "East"]
    assert found(col("Region") == "East", "Region", "Units") == []
    assert found((col("Region") == "East") | (col("Units") > 3), "Day", "Units") == [col("Region") == "East"]
    assert found((col("Region") == "East") | (col("Revenue") > 3), "Day", "Units") == []
    assert found(col("Region").is_null(), "Day", "Units") == []
    assert texts_in_the_way(where(col("Region") == "East"), COLUMNS) == []


@pytest.mark.parametrize(
    ("leaf", "ids"),
    [
        (col("Region") == "East", ("e1",)),
        (col("Region") != "East", ("e2", "e4")),
        (col("Region").is_in(["east", "East"]), ("e1", "e2")),
        (~col("Region").contains("t"), ("e4",)),
        (col("Region") < "a", ("e1", "e4")),
    ],
)
def test_a_condition_is_the_elements_it_holds_for(leaf, ids):
    assert as_elements(leaf, ELEMENTS, COLUMNS) == Elements("Region", ids)


def test_a_condition_that_holds_for_no_element_holds_for_no_row():
    named = as_elements(col("Region") == "West", ELEMENTS, COLUMNS)
    assert named == Elements("Region", ("e1",)) & Elements("Region", ("e1",), negated=True)
    assert as_elements(col("Region") == "West", [], COLUMNS) is None


def test_elements_take_the_place_of_texts():
    leaf = col("Region") == "East"
    named = Elements("Region", (f"{REGION}:East",))
    query = aggregating("Day", "Units", where=(leaf | (col("Units") > 3)) & (col("Day") > "2024-01-01"))
    division = divided(with_elements(query, COLUMNS, {leaf: named}))
    assert division.decided
    assert not division.residual.filters
    assert [repr(part.expression) for part in division.parts] == [
        f"{named!r} | (Units > 3)",
        "Day > '2024-01-01'",
    ]
    assert with_elements(query, COLUMNS, {}) is query
