import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

pytest.importorskip("sqlglot", reason="the extra cli is not installed")
duckdb = pytest.importorskip("duckdb", reason="the extra duckdb is not installed")

from mstr_arrow.cli.examples import SQL_EXAMPLES
from mstr_arrow.errors import UsageError
from mstr_arrow.simulator import Fault, Simulator
from tests.support.requests import Requests
from tests.support.servers import IDLE

CUBE = "Sales Cube"


@pytest.fixture
def table(run, server, tmp_path, monkeypatch):
    """Run a statement, for its rows; then ``table.read`` are the rows that were read for it, by object."""
    monkeypatch.chdir(tmp_path)

    def table(statement):
        result = run("sql", statement, "-o", "-")
        assert result.code == 0, result.err
        assert server.open_sessions <= 1  # the test's own
        table.read = [
            (name, int(rows.replace(",", "")))
            for rows, name in re.findall(r"([\d,]+) rows? of '(.*?)'", result.err)
        ]
        return pa.ipc.open_stream(result.out).read_all()

    return table


@pytest.fixture(scope="session")
def whole(simulator):
    """A DuckDB that has all rows of the objects that the statements here name."""
    import mstr_arrow

    database = duckdb.connect()
    with mstr_arrow.connect(simulator.url, username=simulator.username, password=simulator.password) as connection:
        for opened in (connection.cube(CUBE), connection.cube("Awkward Values"), connection.report("Plain Report")):
            database.register(opened.name, opened.to_arrow(strings="plain"))
    yield database
    database.close()


def filters(asked):
    return [body for body in asked.bodies if b'"viewFilter"' in body]


# Rows


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    "statement",
    [
        "select Region, sum(Units) n from 'Sales Cube' where Units > 3 and Region in ('East', 'West') group by 1",
        """select region, "Store@ID" from "sales cube" where revenue > 100.5 and region like '%st' """,
        "select count(*) n, count(distinct Customer) c from 'Sales Cube' where not (Units = 1 or Customer is null)",
        "select count(*) n from 'Sales Cube' where Day between '2023-01-01' and date '2023-06-30' or Units = 7",
        """select s."Order", p.Units from 'Sales Cube' s join 'Plain Report' p using (Units) where s.Units > 10""",
        """select s."Order", p.Region from 'Sales Cube' s
           left join 'Plain Report' p on s.Units = p.Units and p.Region = 'x' """,
        """select p.Region, s."Order" from 'Plain Report' p
           left join 'Sales Cube' s using (Units) where s."Order" is null""",
        """with s as (from 'Sales Cube' where Units > 90)
           select a."Order", b.Cost from s a join s b using ("Order")""",
        """select "Order" from 'Sales Cube' where Units > (select avg(Units) from 'Sales Cube')""",
        """select "Order", rank() over (partition by Region order by Revenue) r
           from 'Sales Cube' where Units < 9 qualify r < 3""",
        """select Units from 'Sales Cube' where Units > 95
           union all select Row from 'Awkward Values' where "Text" = '' """,
        "select Row from 'Awkward Values' where Long = 9007199254740993 or Number = 0.3 or Exact < 0",
        "select Row from 'Awkward Values' where Moment >= timestamp '2024-01-31 10:20:30' and Date <> '1970-01-01'",
        """from 'Sales Cube' order by Revenue desc nulls last, "Order" limit 5""",
    ],
)
def test_rows_are_those_that_duckdb_finds_in_everything(table, whole, statement):
    expected = pa.RecordBatchReader.from_stream(whole.sql(statement)).read_all().to_pylist()
    got = table(statement).to_pylist()
    assert sorted(map(repr, got)) == sorted(map(repr, expected))
    assert got


# What is read for them


def test_conditions_are_asked_of_the_server_and_fewer_rows_come(table, server):
    asked = Requests(server)
    rows = table("select count(*) n from 'Sales Cube' where Region = 'East' and Revenue > 5000").to_pylist()
    assert table.read == [(CUBE, rows[0]["n"])]
    assert 0 < rows[0]["n"] < 400
    assert len(filters(asked)) == 1


def test_the_inner_side_of_an_outer_join_is_read_whole(table, server):
    asked = Requests(server)
    table("select a.Region from 'Plain Report' a left join 'Sales Cube' b on a.Units = b.Units and b.Units > 90")
    assert dict(table.read)[CUBE] == 2_000
    assert filters(asked) == []


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("select 1 from 'Sales Cube' a join 'Awkward Values' b on a.Units = b.Row", {CUBE, "Awkward Values"}),
        ("select 1 from 'Sales Cube' a join 'sales cube' b using (\"Order\")", {CUBE}),
        ("select 1 from 'Sales Cube' a join '{id}' b using (\"Order\")", {CUBE}),
        ('with s as (from \'Sales Cube\') select 1 from s a, s b where a."Order" = b."Order"', {CUBE}),
        ("with recursive r as (select 1 i union select i + 1 from r, 'Sales Cube' where Units = i) from r", {CUBE}),
        ("select 1 from 'Sales Cube' where Units > (select avg(Units) from 'Sales Cube')", {CUBE}),
        ("pivot 'Sales Cube' on Region in ('East', 'West') using sum(Units) group by Channel", {CUBE}),
        ("summarize 'Sales Cube'", {CUBE}),
    ],
)
def test_each_object_is_read_once(table, server, statement, read):
    asked = Requests(server)
    table(statement.replace("{id}", server.cubes[CUBE]))
    assert {name for name, _ in table.read} == read
    made = sum(method == "POST" for method, _, _ in asked.pages)
    assert made == len(read)


def test_the_first_rows_are_all_that_is_asked_for(table, server):
    asked = Requests(server)
    assert (
        table("from 'Sales Cube' limit 3 offset 2")["Order"].to_pylist()
        == server.truth(CUBE)["Order"].to_pylist()[2:5]
    )
    assert [limit for _, _, limit in asked.pages][-1] == 5
    assert max(limit for _, _, limit in asked.pages) <= 5


def test_the_first_rows_of_a_condition_are_all_that_is_asked_for(table, server):
    asked = Requests(server)
    found = table("select \"Store@DESC\", Revenue from 'Sales Cube' where Region = 'East' limit 20")
    expected = server.truth(CUBE)
    assert found.num_rows == 20
    assert set(found["Revenue"].to_pylist()) <= set(
        expected.filter(pc.equal(expected["Region"], "East"))["Revenue"].to_pylist()
    )
    assert max(limit for _, _, limit in asked.pages) == 20


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("statement", "asked"),
    [
        ("select Region, sum(Revenue) from 'Sales Cube' group by Region", (8, 1)),
        ("select Region, count(*) from 'Sales Cube' group by Region", (8, 0)),
        ("select sum(Units) from 'Sales Cube' where Revenue > 10", (8, 2)),
        ("select \"Order\", Units from 'Sales Cube'", (1, 1)),
        ("select s.\"Order\", p.Region from 'Sales Cube' s join 'Plain Report' p using (Units)", (2, 1)),
    ],
)
def test_columns_that_are_not_needed_are_not_on_the_wire(run, tmp_path, statement, asked):
    with Simulator(rows=6_000, **IDLE) as server:
        (tmp_path / "password").write_text("demo")
        (tmp_path / "password").chmod(0o600)
        login = ["--url", server.url, "--username", "demo", "--password-file", f"{tmp_path}/password"]
        result = run("sql", statement, "-o", f"{tmp_path}/x.parquet", *login)
        assert result.code == 0, result.err
        bodies = [
            json.loads(request.body)["requestedObjects"]
            for request in server.requests
            if request.method == "POST" and f"cubes/{server.cubes[CUBE]}/instances" in request.path
        ]
        assert (len(bodies[-1]["attributes"]), len(bodies[-1]["metrics"])) == asked
        assert len(bodies) <= 4


def test_what_is_not_needed_is_not_read(table, server):
    asked = Requests(server)
    assert table("describe 'Sales Cube'").num_rows == 14
    assert table("select 1 as a").to_pylist() == [{"a": 1}]
    assert {limit for _, _, limit in asked.pages} == {1}


def test_what_becomes_of_bad_values_is_for_the_columns_of_any_object(run, server):
    statement = "select Region from 'Sales Cube'"
    assert run("sql", statement, "--on-bad-value", "Region=null").code == 0
    assert run("sql", statement, "--on-bad-value", "null").code == 0
    result = run("sql", statement, "--on-bad-value", "Regoin=null")
    assert (result.code, "Did you mean 'Region'?" in result.err) == (2, True)
    assert server.open_sessions == 0


def test_explain_says_what_would_be_asked_and_reads_nothing(run, server):
    asked = Requests(server)
    statement = (
        "select Region from 'Sales Cube' join 'Plain Report' using (Region) where Revenue > 5 and Customer > 'K'"
    )
    result = run(
        "sql",
        statement.replace("Revenue", "'Sales Cube'.Revenue").replace("'Sales Cube'.", '"Sales Cube".'),
        "--explain",
    )
    said = result.out.decode()
    assert (result.code, result.err) == (0, "")
    assert f"cube 'Sales Cube' {server.cubes[CUBE]}" in said
    assert "report 'Plain Report'" in said
    assert "Revenue > 5" in said
    assert "columns: Region, Customer, Revenue" in said
    assert max(limit for _, _, limit in asked.pages) <= 1_000  # as a report has to be run
    assert server.open_sessions == 0


@pytest.mark.usefixtures("server")
def test_explain_says_that_an_object_named_twice_is_held(run):
    said = run("sql", "select 1 from 'Sales Cube' a join 'Sales Cube' b using (Units)", "--explain").out.decode()
    assert "named more than once" in said
    assert said.count("cube 'Sales Cube'") == 1


def test_names_that_differ_in_case_only_are_one_in_sql():
    from mstr_arrow.cli.sql.sources import open_sources

    objects = {name: SimpleNamespace(id=name, path=f"/{name}") for name in ("Sales", "sales")}
    with pytest.raises(UsageError, match="does not tell Sales /Sales, sales /sales apart"):
        open_sources(SimpleNamespace(find=objects.get), "select 1 from Sales, sales s")


# Files


def test_files_are_tables_too_and_go_before_objects(table, tmp_path):
    (tmp_path / "bosses.csv").write_text("Region,Boss\nEast,Ann\nWest,Bo\n")
    (tmp_path / "Sales Cube").write_text("no suffix, so no file for DuckDB")
    got = table("select Boss, count(*) n from 'Sales Cube' join 'bosses.csv' using (Region) group by 1 order by 1")
    assert got["Boss"].to_pylist() == ["Ann", "Bo"]
    assert table("select count(*) n from 'bosses*.csv'").to_pylist() == [{"n": 2}]
    assert table("select count(*) n from read_csv('bosses.csv')").to_pylist() == [{"n": 2}]
    assert table.read == []


@pytest.mark.usefixtures("server")
def test_the_result_becomes_a_file_of_any_kind(run, tmp_path):
    statement = "select Region, sum(Units) Units from 'Sales Cube' where Region <> 'East' group by 1"
    for name in ("x.parquet", "x.csv", "x.arrow", "x/"):
        result = run("sql", statement, "-o", f"{tmp_path}/{name}")
        assert (result.code, result.out) == (0, b""), result.err
        assert f"4 rows → {tmp_path}/{name}" in result.err
    tables = [
        pq.read_table(tmp_path / "x.parquet"),
        pq.read_table(tmp_path / "x"),
        pa.ipc.open_file(tmp_path / "x.arrow").read_all(),
    ]
    assert {tuple(each.column_names) for each in tables} == {("Region", "Units")}
    assert len({repr(sorted(each.to_pylist(), key=repr)) for each in tables}) == 1
    assert (tmp_path / "x.csv").read_text().splitlines()[0] == '"Region","Units"'
    assert run("sql", statement, "-o", f"{tmp_path}/x/").code == 2
    assert run("sql", statement, "-o", f"{tmp_path}/x/", "--overwrite").code == 0


# The terminal


@pytest.mark.usefixtures("server")
def test_the_first_rows_are_shown_with_a_count(run):
    result = run("sql", "select Region, Units u, Revenue > 5 as rich from 'Sales Cube' order by \"Order\"")
    lines = result.out.decode().splitlines()
    assert lines[0].split() == ["Region", "u", "rich"]
    assert len(lines) == 41
    assert "2,000 rows, the first 40 of them shown" in result.err
    assert "read 2,000 rows of 'Sales Cube'" in result.err


@pytest.mark.usefixtures("server")
def test_numbers_stand_to_the_right_and_nothing_is_null(run):
    result = run("sql", "select * from (values (1, 'a'), (100, null)) t(n, text)", "-q")
    assert result.out.decode() == "  n  text\n  1  a\n100  null\n"
    assert result.err == ""


@pytest.mark.usefixtures("server")
def test_rows_are_counted_up_to_a_limit(run):
    assert "more than 10,000 rows, the first 40" in run("sql", "from range(1000000)").err
    assert run("sql", "select 1 a where false").err.startswith("0 rows in")


# What goes wrong


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("statement", "arguments", "code", "said"),
    [
        ("selec 1", [], 2, 'Parser Error: syntax error at or near "selec"'),
        ("select 1; select 2", [], 2, "is not one query"),
        ("create table x as from 'Sales Cube'", [], 2, "is not one query"),
        ("pivot 'Sales Cube' on Region using sum(Units)", [], 2, "ON Region IN"),
        ("", [], 2, "is not one query"),
        ("load json", [], 2, "is not one query"),
        ("load nope; from 'Sales Cube'", [], 2, "nope.duckdb_extension"),
        ("from 'Salse Cube'", [], 1, "Did you mean 'Sales Cube'?"),
        ("from 'nope.csv'", [], 1, "There is no such file either"),
        ("from 'Twice'", [], 2, "2 cubes are named 'Twice'"),
        ("from 'Not Published'", [], 1, "NotPublished"),
        ("select Regoin from 'Sales Cube'", [], 2, 'Binder Error: Referenced column "Regoin" not found'),
        ("select Regoin from 'Sales Cube'", ["--explain"], 2, '"Region"'),
        ("select nope(Region) from 'Sales Cube'", [], 2, "Catalog Error"),
        ("select Region::int from 'Sales Cube'", [], 2, "Conversion Error: Could not convert string"),
        ("select Units, Units from 'Sales Cube'", ["-o", "x.parquet"], 2, "several columns 'Units'"),
        ("select [1] a from 'Sales Cube'", ["-o", "x.csv"], 2, "csv does not take the result"),
        ("from 'Sales Cube'", ["-o", "x.txt"], 2, "or add --format"),
        ("from 'Sales Cube'", ["-o", "no/x/"], 2, "cannot be made"),
        ("from connection", [], 1, "no cube or report 'connection'"),
        ("from 'Sales Cube'", ["--username", "ann"], 1, "LoginError [ERR003"),
    ],
)
def test_what_goes_wrong_is_one_message_and_a_code(
    run, server, tmp_path, monkeypatch, statement, arguments, code, said
):
    monkeypatch.chdir(tmp_path)
    result = run("sql", statement, *arguments)
    assert (result.code, result.out) == (code, b"")
    assert said in result.err
    assert "Traceback" not in result.err
    assert list(tmp_path.iterdir()) == []
    assert server.open_sessions == 0


WANTS_EXTENSIONS = [
    ("from read_parquet('https://127.0.0.1:9/x.parquet')", "httpfs"),
    ("from read_csv('s3://bucket/x.csv')", "httpfs"),
    ("from read_xlsx('x.xlsx')", "excel"),
]


@pytest.mark.parametrize(("statement", "extension"), WANTS_EXTENSIONS)
@pytest.mark.parametrize("command", [["sql"], ["push", "--name", "X", "--query"]], ids=["sql", "push"])
@pytest.mark.usefixtures("server")
def test_no_extension_is_fetched_by_itself_and_what_loads_it_is_said(run, command, statement, extension):
    result = run(*command, statement)
    assert result.code == 2
    assert f"'install {extension}; load {extension}; select …'" in result.err
    assert "download" not in result.err


def test_an_extension_that_the_statement_loads_is_there(table):
    assert table("load json; select count(*) n from 'Sales Cube'").to_pylist() == [{"n": 2_000}]


@pytest.mark.parametrize(
    "statement", ["from 'Sales Cube'", "select sum(Units) from 'Sales Cube' a join 'Sales Cube' b using (Units)"]
)
def test_an_error_of_the_server_is_told_as_the_server_told_it(run, tmp_path, monkeypatch, statement):
    monkeypatch.chdir(tmp_path)
    with Simulator(rows=20_000) as server:
        server.fail(Fault.lying_page(total=7).on("GET", "/instances/", times=None))
        login = ["--url", server.url, "--username", "demo", "--password-file", "password"]
        (tmp_path / "password").write_text("demo")
        (tmp_path / "password").chmod(0o600)
        result = run("sql", statement, "-o", "x.parquet", *login)
        assert server.open_sessions == 0
    assert result.code == 3, result.err
    assert result.err.startswith("DataMismatch: ")
    assert [path.name for path in tmp_path.iterdir()] == ["password"]


@pytest.mark.parametrize(("module", "extra"), [("duckdb", "duckdb"), ("sqlglot", "cli")])
@pytest.mark.usefixtures("server")
def test_without_an_extra_it_is_named(run, monkeypatch, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    for name in ("mstr_arrow.cli.sql.sources", "mstr_arrow.cli.sql.statement"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.delattr(name, raising=False)
    result = run("sql", "select 1")
    assert (result.code, result.out) == (2, b"")
    assert f"pip install 'mstr-arrow[{extra}]'" in result.err


def command(simulator, *arguments):
    environment = {"MSTR_URL": simulator.url, "MSTR_USERNAME": "demo", "MSTR_PASSWORD": "demo"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    program = [sys.executable, "-c", "import mstr_arrow.cli; mstr_arrow.cli.main()", "sql", *arguments]
    return program, os.environ | environment


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("from 'Sales Cube'", marks=pytest.mark.slow),
        "select 1 from 'Sales Cube', range(1000000), range(1000000)",
    ],
)
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "Interrupted."),
        pytest.param(signal.SIGTERM, 143, "Terminated.", marks=pytest.mark.slow),
    ],
)
def test_ctrl_c_and_sigterm_log_out_and_leave_no_file(tmp_path, statement, number, code, said):
    with Simulator(rows=20_000) as simulator:
        if "range" not in statement:  # where DuckDB is busy, not waiting
            simulator.fail(Fault.slow(30).on("GET", "/instances/", times=None))
        program, environment = command(simulator, statement, "-o", "x.parquet")
        process = subprocess.Popen(program, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        try:
            end = time.monotonic() + 60
            while not any(path.suffix == ".partial" for path in tmp_path.iterdir()):
                assert time.monotonic() < end, "no file was begun"
                time.sleep(0.02)
            time.sleep(0.5)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.communicate()
        assert process.returncode == code
        assert err.strip().splitlines()[-1].startswith(said)
        assert "leaked" not in err
        assert simulator.open_sessions == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_reader_that_leaves_ends_it_quietly(server):
    program, environment = command(server, "from 'Sales Cube'", "-o", "-", "--format", "csv", "--quiet")
    process = subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 141
    assert err == b""
    assert server.open_sessions == 0


EXAMPLES = [shlex.split(line) for line in SQL_EXAMPLES.splitlines() if line.startswith("mstr-arrow sql")]


@pytest.mark.parametrize("example", EXAMPLES, ids=" ".join)
@pytest.mark.usefixtures("server")
def test_the_examples_of_the_help_run(run, tmp_path, monkeypatch, example):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stores.csv").write_text("Store,Opened\n1001,2019\n1002,2021\n")
    result = run(*example[1:])
    assert result.code == 0, result.err


@pytest.mark.parametrize("words", [["STATEMENT", "--explain", "summarize", "Store@ID", "Exit codes"]])
def test_help_teaches(run, words):
    said = run("sql", "--help").out.decode()
    assert [word for word in words if word not in said] == []
