import json

import pyarrow as pa
import pytest


@pytest.fixture
def describe(run, server):
    """Describe an object as JSON."""

    def describe(*arguments):
        result = run("describe", *arguments, "--json")
        assert (result.code, result.err) == (0, "")
        assert server.open_sessions == 0
        return json.loads(result.out)

    return describe


def test_a_cube_tells_all_there_is(describe, server):
    facts = describe("sales cube")
    assert (facts["type"], facts["id"], facts["rows"]) == ("cube", server.cubes["Sales Cube"], 2_000)
    assert facts["size_bytes"] == 2_000 * 64 + 4096
    assert facts["modified"] == "2026-01-15T08:30:00"
    assert facts["path"].endswith("/Sales Cube")
    assert facts["left_out"] == ["Row Count - sales"]
    columns = {column["name"]: column for column in facts["columns"]}
    store = columns["Store@DESC"]
    assert (store["type"], store["server_type"], store["role"], store["form"]) == (
        "string",
        "nvarchar",
        "attribute",
        "DESC",
    )
    assert store["id"] == columns["Store@ID"]["id"] != columns["Region"]["id"]
    assert (columns["Revenue"]["type"], columns["Revenue"]["role"], columns["Revenue"]["form"]) == (
        "double",
        "metric",
        None,
    )


def test_forms_that_are_not_shown_are_told(describe, run):
    facts = describe("Customers")
    assert [column["name"] for column in facts["columns"]][:2] == ["Customer", "Shop@Home"]
    others = {column["name"]: column for column in facts["other_forms"]}
    assert (others["Customer@Email"]["form"], others["Customer@Joined"]["type"]) == ("Email", "date32[day]")
    said = run("describe", "Customers").out.decode()
    assert (
        "Not shown, but read where --columns, --where or --aggregate name them, or with fetch --forms all" in said
    )
    assert "Customer@Email" in said.partition("Not shown")[2]


@pytest.mark.parametrize(
    "options",
    [
        ["--forms", "all"],
        ["--columns", "Customer@Email,Revenue"],
        ["--where", '"Customer@ID" > 0', "--columns", "Customer@Email"],
    ],
)
@pytest.mark.usefixtures("server")
def test_forms_that_are_not_shown_are_fetched(run, options, tmp_path):
    assert run("fetch", "Customers", "-o", tmp_path / "x.arrow", *options).code == 0
    assert "Customer@Email" in pa.ipc.open_file(tmp_path / "x.arrow").schema.names


def test_the_columns_are_those_of_a_fetch(describe, run, tmp_path):
    columns = [(column["name"], column["type"]) for column in describe("Cross-tab Two Forms On Columns")["columns"]]
    assert run("fetch", "Cross-tab Two Forms On Columns", "-o", tmp_path / "x.arrow").code == 0
    schema = pa.ipc.open_file(tmp_path / "x.arrow").schema
    assert columns == [(field.name, str(field.type)) for field in schema]


def test_a_report_is_run_once(describe, server):
    before = server.instances_created
    facts = describe("Plain Report")
    assert (facts["type"], facts["owner"], facts["size_bytes"]) == ("report", "Administrator", None)
    assert server.instances_created == before + 1


def test_a_cube_without_data_is_described_all_the_same(describe, run):
    facts = describe("Not Published")
    assert (facts["rows"], facts["columns"]) == (None, None)
    assert "unknown until it is published" in run("describe", "Not Published").out.decode()


def test_a_person_gets_a_few_lines_and_a_table(run, server):
    said = run("describe", "Sales Cube").out.decode()
    assert "kB in the server's memory" in said
    assert "rows    2,000\n" in said
    assert "without 'Row Count - sales', by which the server counts rows; fetch --row-counts adds it\n" in said
    store = next(line.split() for line in said.splitlines() if line.startswith("Store@ID"))
    assert store[:5] == ["Store@ID", "int64", "integer", "attribute", "ID"]
    assert server.cubes["Sales Cube"] in said


def test_a_wrong_type_is_said(run, server):
    result = run("describe", server.cubes["Sales Cube"], "--type", "report")
    assert (result.code, result.out) == (1, b"")
    assert "is no report but a cube, 'Sales Cube'" in result.err


def test_what_has_the_same_name_is_listed_with_a_way_out(run, library, monkeypatch):
    same = [
        {"id": f"{number:032X}", "name": "Sales", "type": 3, "subtype": subtype, "ancestors": [{"name": folder}]}
        for number, subtype, folder in ((1, 776, "Cubes"), (2, 768, "Reports"))
    ]
    library.on("GET", "/api/searches/results", json={"totalItems": 2, "result": same})
    monkeypatch.setenv("MSTR_URL", library.url)
    for command in (["describe"], ["fetch", "-o", "-"]):
        result = run(*command, "Sales", "--project", "Retail")
        assert (result.code, result.out) == (2, b"")
        assert "2 cubes and reports are named 'Sales'" in result.err
        assert f"{2:032X} /Reports/Sales (report)" in result.err
        assert "--type" in result.err
    assert library.open_sessions == 0
