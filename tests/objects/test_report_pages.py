import asyncio

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import ConversionError, PromptsOpen, UsageError
from mstr_arrow.simulator import Simulator
from tests.support.servers import connect_to
from tests.support.slow import thinned

PAGED = ["Paged", "Paged By Two", "Paged By Three", "Paged Cross-tab"]


def as_doubles(frame):
    """Make integers of metrics what expand_pages makes of them."""
    return frame.with_columns(pl.col("Units").cast(pl.Float64)) if "Units" in frame.columns else frame


def truth(simulator, name, **how):
    return as_doubles(pl.from_arrow(simulator.truth(name, **how)))


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("name", "page_rows"),
    [
        *((name, None) for name in PAGED),
        ("Paged", 7),
        *(pytest.param(name, 7, marks=pytest.mark.slow) for name in PAGED[1:]),
    ],
)
def test_all_pages_as_one_table_equal_the_truth(connection, simulator, name, page_rows):
    result = connection.report(name, limits=ma.Limits(page_rows=page_rows)).expand_pages().to_polars()
    expected = truth(simulator, name)
    assert result.columns == expected.columns
    assert result.equals(expected.cast(dict(result.schema)))


@pytest.mark.parametrize("name", thinned(PAGED, list(PAGED)[:1]))
def test_every_way_out_gives_the_same_rows_and_the_schema_that_was_told(connection, name):
    report = connection.report(name).expand_pages()
    schema = report.schema
    table = report.to_arrow()
    assert table.schema == schema
    assert pa.Table.from_batches(list(report), schema) == pa.Table.from_batches(list(report), schema)
    assert [batch.schema for batch in report] == [schema] * sum(1 for _ in report)
    assert pl.from_arrow(report.to_arrow(strings="plain")).equals(report.to_polars())
    assert asyncio.run(report.to_polars_async()).equals(report.to_polars())
    assert report.count_rows() == len(table)


def test_pages_lists_what_has_data_until_it_is_complete(connection, simulator):
    report = connection.report("Paged Many")
    before = len(simulator.requests)
    pages = report.pages()
    asked = [request for request in simulator.requests[before:] if request.path.endswith("pageBy/elements")]
    assert (len(pages), len(asked)) == (1_500, 2)
    in_truth = truth(simulator, "Paged Many").select(pages.column_names).unique(maintain_order=True)
    assert pl.from_arrow(pages).equals(in_truth.cast(dict(pl.from_arrow(pages).schema)))
    assert asyncio.run(report.pages_async()) == pages


@pytest.mark.parametrize("name", ["Paged", "Paged By Two"])
def test_one_page_equals_its_part_of_the_truth(connection, simulator, name):
    report = connection.report(name)
    expected = pl.from_arrow(simulator.truth(name))
    for choice in report.pages().to_pylist():
        page = report.page_by(choice).to_polars()
        part = expected.filter(
            pl.all_horizontal(pl.col(column).eq_missing(value) for column, value in choice.items())
        )
        assert page.equals(part.drop(list(choice)).cast(dict(page.schema)))


def test_without_a_choice_it_is_the_page_that_the_server_shows_first(connection):
    report = connection.report("Paged By Two")
    first = report.pages().to_pylist()[0]
    assert report.to_polars().equals(report.page_by(first).to_polars())


def test_pages_that_a_choice_leaves_are_expanded(connection):
    report = connection.report("Paged By Two")
    year = report.pages()["Year"][3].as_py()
    some = report.page_by(Year=year).expand_pages()
    assert some.to_polars().equals(report.expand_pages().to_polars().filter(pl.col("Year") == year))
    assert set(report.page_by(Year=year).pages()["Year"].to_pylist()) == {year}


def test_conditions_order_and_first_rows_over_all_pages_are_those_of_polars(connection):
    report = connection.report("Paged By Two")
    every = report.expand_pages()
    frame = every.to_polars()
    year = frame["Year"][-1]
    condition = (ma.col("Year") == year) & (ma.col("Units") > 3)
    kept = frame.filter((pl.col("Year") == year) & (pl.col("Units") > 3))
    assert every.filter(condition).to_polars().equals(kept)
    assert every.head(5).to_polars().equals(frame.head(5))
    assert every.select("Region", "Revenue").to_polars().equals(frame.select("Region", "Revenue"))
    best = every.sort("Revenue", descending=True).head(3).to_polars()["Revenue"]
    assert best.equals(frame["Revenue"].sort(descending=True, nulls_last=True).head(3))
    lazy = every.lazy().filter(pl.col("Year") == year).select("Region", "Units").collect()
    assert lazy.sort(pl.all()).equals(frame.filter(pl.col("Year") == year).select("Region", "Units").sort(pl.all()))
    assert "only checked here" in every.filter(condition).explain()


def test_the_first_rows_open_few_pages(connection, simulator):
    every = connection.report("Paged Many", limits=ma.Limits(concurrency=2)).expand_pages()
    before = len(simulator.requests)
    assert len(every.head(3).to_polars()) == 3
    assert sum(request.method == "PUT" for request in simulator.requests[before:]) < 8


def test_types_of_metrics_that_differ_between_pages_settle_on_one(connection, simulator):
    report = connection.report("Paged Types")
    result = report.expand_pages().to_polars()
    assert result.schema["Share"] == pl.Float64
    assert result.equals(truth(simulator, "Paged Types").cast(dict(result.schema)))
    chosen = connection.report("Paged Types", types={"Units": pa.int64()}).expand_pages()
    assert chosen.schema.field("Units").type == pa.int64()
    assert chosen.to_polars()["Units"].cast(pl.Float64).equals(result["Units"])


def test_a_value_that_does_not_fit_names_its_page(connection):
    report = connection.report("Paged Types", types={"Share": pa.int64()}).expand_pages()
    with pytest.raises(ConversionError, match="It is on the page Region='") as caught:
        report.to_arrow()
    assert caught.value.column == "Share"
    assert "types={'Share'" in str(caught.value)


def test_types_of_columns_there_are_not(connection):
    report = connection.report("Paged By Two", types={"Regoin": pa.string()})
    with pytest.raises(UsageError, match="types= names 'Regoin'"):
        report.expand_pages().schema  # noqa: B018 - it asks the server
    text = connection.report("Paged By Two", types={"Year": pa.string()}).expand_pages()
    assert text.schema.field("Year").type == pa.dictionary(pa.int32(), pa.string())


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"Regoin": "East"}, "no page-by attribute 'Regoin'. Did you mean 'Region'"),
        ({"Region": "Nowhere"}, "'Region' has no element 'Nowhere'"),
        ({"Region": "East"}, r"pages are chosen, not one. Choose 'Year' too"),
    ],
)
def test_what_is_no_page_is_one_error_before_data(connection, choice, message):
    with pytest.raises(UsageError, match=message):
        connection.report("Paged By Two").page_by(choice).to_polars()


def test_reports_without_page_by(connection):
    report = connection.report("Plain Report")
    assert report.pages().num_columns == 0
    assert report.expand_pages().to_polars().equals(as_doubles(report.to_polars()))
    with pytest.raises(UsageError, match="the report has no page-by"):
        report.page_by(Region="East").to_polars()


def test_the_layout_grid_has_other_columns_on_each_page(connection):
    with pytest.raises(UsageError, match='does not go with layout="grid"'):
        connection.report("Paged Cross-tab", layout="grid").expand_pages().to_arrow()
    assert connection.report("Paged Cross-tab", layout="grid").to_arrow().num_rows


def test_prompts_come_before_pages(connection, simulator):
    report = connection.report("Paged And Prompted")
    with pytest.raises(PromptsOpen):
        report.pages()
    answers = {"Regions": ["East", "West"], "Least Units": 3}
    answered = report.prompts(answers)
    assert set(answered.pages()["Region"].to_pylist()) == {"East", "West"}
    result = answered.expand_pages().to_polars()
    assert result.equals(truth(simulator, "Paged And Prompted", answers=answers).cast(dict(result.schema)))


@pytest.mark.parametrize(
    ("name", "pages"), [("Paged By Three", 42), pytest.param("Paged Many", 1_500, marks=pytest.mark.slow)]
)
def test_many_pages_never_have_more_instances_than_the_session_may_have(name, pages):
    with Simulator() as server:
        with connect_to(server) as conn:
            report = conn.report(name, limits=ma.Limits(concurrency=20))
            assert report.pages().num_rows == pages
            result = report.expand_pages().to_polars()
            (counts,) = server.instances
        assert result.equals(truth(server, name).cast(dict(result.schema)))
        assert (counts.most <= 8, counts.evicted, counts.missed) == (True, 0, 0)
        created = [
            request for request in server.requests if request.method == "POST" and "/instances" in request.path
        ]
        assert len(created) <= 8


def test_a_small_working_set_and_reads_beside_an_expansion():
    with Simulator(working_set=4) as server:
        with connect_to(server) as conn:
            every = conn.report("Paged By Two").expand_pages()
            expected = every.to_polars()
            with every.to_batches() as batches:
                first = next(batches)
                assert conn.report("Plain Report").to_arrow().num_rows
                rest = list(batches)
            assert pa.Table.from_batches([first, *rest]).num_rows == len(expected)
            (counts,) = server.instances
        assert counts.missed == 0


def test_an_expansion_left_early_holds_nothing():
    with Simulator() as server:
        with connect_to(server) as conn:
            every = conn.report("Paged Many").expand_pages()
            for _ in range(12):
                with every.to_batches() as batches:
                    assert len(next(batches))
                assert conn._client.session.instances.in_use == 0
        assert server.open_sessions == 0
