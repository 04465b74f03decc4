"""Prompted reports on the simulator, the whole way: what they ask, right, missing and wrong answers, the truth."""

import asyncio
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import InvalidRequest, PromptsOpen, UsageError
from mstr_arrow.prompts.collection import Answers
from mstr_arrow.simulator import Simulator
from tests.support.servers import connect_to

YEAR_KEY = "97A2B528B057A9D94A6FE3BD80A01179@{}@10"
FIRST_DAY = date(2023, 1, 1)


def condition(operator, *operands):
    return {"operator": operator, "operands": list(operands)}


def number(value, data_type="Int64"):
    return {"type": "constant", "dataType": data_type, "value": str(value)}


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=100) as sim:
        yield sim


@pytest.fixture
def conn(server):
    with connect_to(server, project=server.project) as connection:
        yield connection


@pytest.fixture
def ids(conn):
    """The ids of the attributes and metrics of the reports of sales."""
    report = conn.report("Prompted Everything")
    return {each["name"]: each["id"] for each in (*report.attributes, *report.metrics)}


@pytest.fixture
def trees(ids):
    """Conditions as the simulator's truth takes them."""
    year = {"type": "form", "attribute": {"id": ids["Year"]}, "form": {"id": "45C11FA478E745FEA08D781CEA190FE5"}}
    units, cost = ({"type": "metric", "id": ids[name]} for name in ("Units", "Cost"))
    return {
        "Year >= 2024": condition("GreaterEqual", year, number(2024, "BigDecimal")),
        "Units > 150": condition("Greater", units, number(150)),
        "Units or Cost": condition(
            "Or", condition("Greater", units, number(150)), condition("Less", cost, number(2000))
        ),
    }


def plain(table):
    columns = [
        pc.cast(column, pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)


def assert_true(report, server, answers):
    truth = server.truth(report.name, answers=answers)
    table = plain(report.to_arrow())
    assert table.column_names == truth.column_names
    assert table.to_pydict() == truth.to_pydict()
    assert table.num_rows > 0


VALUES = {"Least Revenue": 100_000, "Region Begins With": "N", "First Day": FIRST_DAY}
SUPPLIERS = ["Alpine Bakery", "Alpine Books"]


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("name", "given", "true"),
    [
        ("Prompted Value", VALUES, VALUES),
        ("Prompted Value", {**VALUES, "Least Revenue": "100000", "First Day": "2023-01-01"}, VALUES),
        (
            "Prompted Value",
            {"Revenue of at least": 100_000.0, "region begins with": "N", "Nothing before": FIRST_DAY},
            VALUES,
        ),
        ("Prompted Elements", {"Year": 2024, "Suppliers": SUPPLIERS}, {"Year": ["2024"], "Suppliers": SUPPLIERS}),
        ("Prompted Twice", {"Year": 2024}, {"Year": ["2024"]}),
        (
            "Prompted Twice",
            {YEAR_KEY.format(0): 2023, YEAR_KEY.format(1): 2024},
            {YEAR_KEY.format(0): ["2023"], YEAR_KEY.format(1): ["2024"]},
        ),
        (
            "Prompted Twice",
            {"Year": 2023, YEAR_KEY.format(1): 2025},
            {YEAR_KEY.format(0): ["2023"], YEAR_KEY.format(1): ["2025"]},
        ),
        (
            "Prompted Nested",
            {"Category": "Été & Co", "Items": "Parasol"},
            {"Category": ["Été & Co"], "Items": ["Parasol"]},
        ),
        (
            "Prompted Nested",
            {"Category": "Toys", "Items": ['Robot "R2"', "Kite"], "Least Units": 50},
            {"Category": ["Toys"], "Items": ['Robot "R2"', "Kite"], "Least Units": 50},
        ),
        (
            "Prompted Nested",
            {"Category": "Toys", "Items": ["Puzzle", "Kite"], "Least Units": ma.prompts.default()},
            {"Category": ["Toys"], "Items": ["Puzzle", "Kite"]},
        ),
        ("Prompted Objects", {"Metrics": ["Units", "Cost"]}, {"Metrics": ["Units", "Cost"]}),
        (
            "Prompted Objects",
            {"Metrics": ma.prompts.default(), "Attributes": ["Region", "Year"]},
            {"Attributes": ["Region", "Year"]},
        ),
        ("Prompted Level", {"Revenue Level": "Region"}, {"Revenue Level": ["Region"]}),
        (
            "Prompted Level",
            {"Revenue Level": ma.prompts.level("Year", "Category")},
            {"Revenue Level": ["Year", "Category"]},
        ),
        ("Prompted Optional", {}, {}),
        ("Prompted Optional", {"Regions": None}, {"Regions": None}),
        (
            "Prompted Optional",
            {"Most Units": 150, "Regions": ["South", "Übersee"], "Items": ["Comic [1]"]},
            {"Most Units": 150, "Regions": ["South", "Übersee"], "Items": ["Comic [1]"]},
        ),
        ("Prompted Unsupported", {}, {}),
    ],
)
def test_the_result_is_what_is_true_for_the_answers(conn, server, name, given, true):
    assert_true(conn.report(name).prompts(given), server, true)


def test_conditions_answer_expressions(conn, server, trees):
    report = conn.report("Prompted Expression")
    wanted = {"Which Rows": trees["Year >= 2024"], "How Much": trees["Units or Cost"]}
    given = {"Which Rows": ma.col("Year") >= 2024, "How Much": (ma.col("Units") > 150) | (ma.col("Cost") < 2000)}
    assert_true(report.prompts(given), server, wanted)
    assert_true(report.prompts(wanted), server, wanted)
    pytest.importorskip("sqlglot")
    sql = {"Which Rows": "Year >= 2024", "How Much": "Units > 150 or Cost < 2000"}
    assert_true(report.prompts(sql), server, wanted)


def test_a_report_that_asks_everything(conn, server, trees):
    given = {
        YEAR_KEY.format(0): 2023,
        YEAR_KEY.format(1): 2025,
        "Least Revenue": 1,
        "First Day": FIRST_DAY,
        "Metrics": ["Revenue", "Units"],
        "Which Rows": ma.col("Year") >= 2024,
        "How Much": None,
        "Revenue Level": ["Year"],
        "Category": "Toys",
        "Items": ["Kite", "Puzzle"],
        "Least Units": 2,
    }
    lists = {name: [str(value)] for name, value in given.items() if name.startswith("97A2")}
    true = {**given, **lists, "Which Rows": trees["Year >= 2024"], "Category": ["Toys"]}
    assert_true(conn.report("Prompted Everything").prompts(given), server, true)


def test_elements_are_named_by_id(conn, server):
    report = conn.report("Prompted Elements")
    twins = report.prompts.choices("Suppliers", "Twin & Co")["id"].to_pylist()
    assert len(twins) == 2
    year = report.prompts.choices("Year").to_pylist()[0]
    attribute = year["id"].partition(";")[2]
    given = {"Year": f"{attribute}:{year['id'][1:].partition(';')[0]}", "Suppliers": twins}
    assert_true(report.prompts(given), server, {"Year": [year["name"]], "Suppliers": twins})


def test_a_name_of_two_elements_is_refused_with_their_ids(conn):
    report = conn.report("Prompted Elements").prompts(Year=2024, Suppliers=["Twin & Co"])
    with pytest.raises(UsageError, match="'Twin & Co' is the name of 2 elements of 'Suppliers'") as caught:
        report.to_arrow()
    assert caught.value.hint.count("'h") == 2


def test_hundreds_of_elements(conn, server):
    report = conn.report("Prompted Elements")
    names = [name for name in report.prompts.choices("Suppliers")["name"].to_pylist()[:210] if name != "Twin & Co"]
    assert_true(report.prompts(Year=2023, Suppliers=names), server, {"Year": ["2023"], "Suppliers": names})


def test_what_a_report_asks_is_listed(conn):
    prompts = conn.report("Prompted Everything").prompts
    assert len(prompts) == 10
    assert [prompt.type for prompt in prompts] == [
        *("ELEMENTS", "ELEMENTS", "VALUE", "VALUE", "VALUE", "OBJECTS"),
        *("EXPRESSION", "EXPRESSION", "LEVEL", "UNSUPPORTED"),
    ]
    first, second, *_ = prompts
    assert first.id == second.id
    assert (first.key, second.key) == (YEAR_KEY.format(0), YEAR_KEY.format(1))
    assert [choice.name for choice in first.choices] == ["2022", "2023", "2024", "2025"]
    assert first.choice_count == 4
    assert (prompts[2].kind, prompts[2].minimum, prompts[2].maximum) == ("number", 0, 250_000)
    assert [prompt.required for prompt in prompts].count(False) == 3


def test_the_list_is_a_table_and_a_text(conn):
    report = conn.report("Prompted Optional")
    assert "at first need" in repr(report.prompts)
    table = report.prompts.table()
    assert table.column_names == [
        *("key", "id", "name", "title", "type", "required", "takes", "default", "choices", "choice_count"),
    ]
    rows = table.to_pylist()
    assert [(row["name"], row["default"], row["choice_count"]) for row in rows] == [
        ("Most Units", None, None),
        ("Regions", "North, East", 5),
        ("Items", None, 12),
    ]
    assert rows[0]["takes"] == "a number from 1 to 200"
    assert repr(report.prompts).splitlines()[0].split() == ["PROMPT", "TYPE", "TAKES", "DEFAULT", "CHOICES"]
    assert repr(report.prompts({"Items": "Drum"}).prompts) == repr(report.prompts)


def test_a_report_that_asks_nothing(conn):
    report = conn.report("Plain Report")
    assert list(report.prompts) == []
    assert report.prompts.table().num_rows == 0
    assert repr(report.prompts).startswith("<no prompts of <Report 'Plain Report'")
    with pytest.raises(UsageError, match="answers to 'Year', but nothing is asked"):
        report.prompts(Year=2024).to_arrow()


def test_listing_runs_no_report_and_asks_once(conn, server):
    prompts = conn.report("Prompted Optional").prompts
    before = server.instances_created
    assert len(prompts) == len(list(prompts)) == prompts.table().num_rows == 3
    assert server.instances_created <= before + 1


@pytest.mark.parametrize("name", ["Prompted Value", "Prompted Elements", "Prompted Twice", "Prompted Nested"])
def test_a_missing_answer_is_one_error_with_all_that_is_open(conn, name):
    report = conn.report(name)
    with pytest.raises(PromptsOpen) as caught:
        report.to_arrow()
    assert [prompt.key for prompt in caught.value.prompts] == [prompt.key for prompt in report.prompts]
    assert all(repr(prompt.name) in str(caught.value) for prompt in report.prompts)


def test_a_missing_answer_of_a_later_level(conn):
    report = conn.report("Prompted Nested").prompts(Category="Music")
    with pytest.raises(PromptsOpen, match="'Items': elements of Item, required, of 'Cello', 'Flute', 'Drum'"):
        report.to_arrow()


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("Prompted Value", {**VALUES, "Least Revenue": "much"}, "'Least Revenue' takes a number, not 'much'"),
        (
            "Prompted Value",
            {**VALUES, "Least Revenue": 250_001},
            "'Least Revenue' takes at most 250000, not 250001",
        ),
        ("Prompted Value", {**VALUES, "Region Begins With": "Northern"}, "takes at most 6 characters, not 8"),
        ("Prompted Value", {**VALUES, "First Day": date(2021, 12, 31)}, "takes at least 2022-01-01"),
        ("Prompted Value", {**VALUES, "First Day": "soon"}, "'First Day' takes a date, not 'soon'"),
        ("Prompted Elements", {"Year": [2023, 2024], "Suppliers": SUPPLIERS}, "takes at most 1 element, not 2"),
        ("Prompted Elements", {"Year": 2030, "Suppliers": SUPPLIERS}, "'Year' does not offer '2030'"),
        ("Prompted Elements", {"Year": 2024, "Suppliers": ["Alpine Bakry"]}, "Did you mean 'Alpine Bakery'"),
        ("Prompted Elements", {"Year": None, "Suppliers": SUPPLIERS}, "'Year' is required"),
        ("Prompted Nested", {"Category": "Toys", "Items": ["Cello"]}, "'Items' does not offer 'Cello'"),
        ("Prompted Nested", {"Category": "Toys", "Items": "Kite", "Itms": 1}, "no prompt 'Itms' was asked"),
        (
            "Prompted Objects",
            {"Metrics": ["Profit"]},
            "'Metrics' does not offer 'Profit'.*'Revenue', 'Units', 'Cost'",
        ),
        ("Prompted Objects", {"Metrics": ["Revenue", "Units", "Cost"]}, "takes at most 2 objects, not 3"),
        ("Prompted Expression", {"Which Rows": ma.col("Month") > 1}, "'Which Rows' does not offer 'Month'"),
        ("Prompted Expression", {"Which Rows": 3}, "does not fit the prompt 'Which Rows'"),
        ("Prompted Level", {"Revenue Level": ["Item"]}, "'Revenue Level' does not offer 'Item'"),
        ("Prompted Unsupported", {"Strange": 3}, "does not fit the prompt 'Strange'"),
    ],
)
def test_a_wrong_answer_is_refused_before_it_is_sent(conn, name, given, message):
    with pytest.raises(UsageError, match=message):
        conn.report(name).prompts(given).to_arrow()


def test_what_only_the_server_refuses_names_the_prompt(conn):
    four = {"operator": "Or", "operands": [{"operator": "IsNull", "operands": []}] * 4}
    with pytest.raises(InvalidRequest, match=r"the answer to 'Which Rows'.* was refused: The number of"):
        conn.report("Prompted Expression").prompts({"Which Rows": four}).to_arrow()


def test_answers_are_saved_and_given_again(conn, server, tmp_path):
    report = conn.report("Prompted Value").prompts(VALUES)
    for name in ("answers.toml", "answers.json"):
        report.answers.save(tmp_path / name)
        again = conn.report("Prompted Value").prompts(ma.prompts.load(tmp_path / name))
        assert again.answers == report.answers
        assert_true(again, server, VALUES)


def test_answers_add_up_and_leave_the_report_as_it_was(conn, server):
    report = conn.report("Prompted Nested")
    toys = report.prompts(Category="Toys")
    kites = toys.prompts(Items="Kite")
    assert report.answers == Answers({})
    assert kites.answers == Answers.of({"Category": "Toys", "Items": "Kite"})
    assert_true(kites, server, {"Category": ["Toys"], "Items": ["Kite"]})
    assert_true(toys.prompts(Items=["Puzzle"]), server, {"Category": ["Toys"], "Items": ["Puzzle"]})


def test_prompted_reports_are_scans_like_others(conn, server):
    report = conn.report("Prompted Twice").prompts(Year=2024)
    assert report.count_rows() == server.truth("Prompted Twice", answers={"Year": ["2024"]}).num_rows == 60
    assert report.schema.names == report.to_arrow().column_names
    assert set(report.filter(ma.col("Region") == "North").to_polars()["Region"]) == {"North"}
    assert report.aggregate("Category", "Units").to_arrow().num_rows == 4
    assert report.lazy().head(3).collect().height == 3


@pytest.mark.parametrize("settings", [{"report_seconds": 0.2}, {"iserver_version": "11.1.0400.00123"}])
def test_slow_and_old_servers_ask_too(settings):
    with (
        Simulator(rows=100, **settings) as sim,
        connect_to(sim) as conn,
    ):
        given = {"Category": "Toys", "Items": ["Kite", "Puzzle"], "Least Units": 2}
        report = conn.report("Prompted Nested").prompts(given)
        assert_true(report, sim, {**given, "Category": ["Toys"]})


def test_the_same_from_an_event_loop(server):
    async def read():
        async with ma.connect_async(server.url, username=server.username, password=server.password) as conn:
            report = await conn.report_async("Prompted Nested")
            prompts = await report.prompts_async()
            assert prompts[0].name == "Category"
            assert (await prompts.choices_async("Category"))["name"].to_pylist() == [
                "Books",
                "Music",
                "Été & Co",
                "Toys",
            ]
            with pytest.raises(PromptsOpen):
                await report.to_arrow_async()
            return await prompts(Category="Music", Items=["Drum"]).to_arrow_async()

    table = asyncio.run(read())
    truth = server.truth("Prompted Nested", answers={"Category": ["Music"], "Items": ["Drum"]})
    assert plain(table).to_pydict() == truth.to_pydict()


def test_choices_of_what_has_none(conn):
    prompts = conn.report("Prompted Optional").prompts
    with pytest.raises(UsageError, match="'Most Units' offers nothing to choose from"):
        prompts.choices("Most Units")
    with pytest.raises(UsageError, match=r"no prompt 'Region'\. Did you mean 'Regions'"):
        prompts.choices("Region")
