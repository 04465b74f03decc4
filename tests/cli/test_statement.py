"""What a statement needs of a cube: never less than DuckDB looks at."""

from itertools import islice, product

import polars as pl
import pyarrow as pa
import pytest

pytest.importorskip("sqlglot", reason="the extra cli is not installed")
duckdb = pytest.importorskip("duckdb", reason="the extra duckdb is not installed")

from mstr_arrow.cli.sql.statement import mentions, needs, parse
from mstr_arrow.errors import UsageError
from mstr_arrow.query.columns import subjects_of
from mstr_arrow.query.local_filter import predicate


def column(name, dtype, role, served, number):
    metadata = {"mstr.id": f"{number:032X}", "mstr.role": role, "mstr.data_type": served}
    return pa.field(name, dtype, metadata=metadata | ({"mstr.form_id": "45C1"} if role == "attribute" else {}))


SALES = pa.schema(
    [
        column("Region", pa.dictionary(pa.int32(), pa.string()), "attribute", "utf8Char", 1),
        column("Store@ID", pa.int64(), "attribute", "int64", 2),
        column("Day", pa.date32(), "attribute", "date", 3),
        column("Year", pa.int64(), "attribute", "int64", 4),
        column("Revenue", pa.float64(), "metric", "double", 5),
        column("Units", pa.int64(), "metric", "int64", 6),
    ]
)


def needed(statement, schema=SALES, name="sales"):
    root = parse(statement)
    nodes = [node for mention in mentions(root) for node in mention.nodes if mention.name.casefold() == name]
    return needs(root, nodes, schema)


def conditions(statement):
    return [repr(condition) for condition in needed(statement).conditions]


# Tables


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("select * from 'Sales Cube' join \"Stores\" using (x)", {"Sales Cube": True, "Stores": True}),
        ("from a, b, A", {"a": False, "b": True}),
        ("select 1", {}),
        ("select * from read_csv('x.csv'), range(3), (values (1)) v", {}),
        ("from information_schema.tables", {}),
        ("select (select max(x) from a) from b where y in (from c)", {"a": True, "b": True, "c": True}),
        ("summarize 'Sales Cube'", {"Sales Cube": True}),
        ("describe a", {"a": True}),
        ("pivot a on x in (1, 2) using sum(y)", {"a": True}),
        ("with s as (from a) from s", {"a": True}),
        ("with s as (from a) from s union all from s", {"a": False}),
        ("with s as (from a), t as (from s) from t x, t y", {"a": True}),
        ("with recursive r as (select 1 i union all select i from r join a on i = x) from r", {"a": False}),
        ("with a as (from a) from a", {"a": False}),
        ("with b as (from a) select * from (with a as (select 1) from a), b", {"a": True}),
        ("from '/Shared Reports/Daily'", {"/Shared Reports/Daily": True}),
    ],
)
def test_tables_are_found_that_the_statement_does_not_make_itself(statement, names):
    assert {mention.name: mention.once for mention in mentions(parse(statement))} == names


@pytest.mark.parametrize("statement", ["select from from", "(" * 5_000])
def test_what_is_not_understood_is_refused(statement):
    with pytest.raises(UsageError, match="cannot be searched for cubes"):
        parse(statement)


# Columns


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("select region, sum(Revenue) from sales group by 1", ("Region", "Revenue")),
        ("select count(*) from sales", ("Region",)),
        ('select count(*) from sales where "Store@ID" > 3 and year = 2', ("Store@ID", "Year")),
        ("select o.*, s.Units from sales s join other o using (Region)", ("Region", "Units")),
        ("select Units from sales natural join other", None),
        ("select Units from sales positional join other", None),
        ("select s.* from sales s", None),
        ("select * from sales", None),
        ("select * exclude (Region) from sales", None),
        ("select columns('R.*') from sales", None),
        ("select s from sales s", None),
        ("select a from sales t(a)", None),
        ("summarize sales", None),
        ("describe sales", None),
        ("pivot sales on Region in ('East') using sum(Units)", None),
        ("select max(Units) from (select * from other) o, sales", None),  # more than need be, which does no harm
        ("select (select max(Units) from sales where Year = o.y) from other o", ("Year", "Units")),
        ("select list_transform([1], x -> x + Units) from sales", ("Units",)),
    ],
)
def test_columns_are_kept_that_are_named_or_may_be_meant(statement, columns):
    assert needed(statement).columns == columns


# Conditions


@pytest.mark.parametrize(
    ("condition", "read"),
    [
        ("region = 'East' and Units > 3", ["Region == 'East'", "Units > 3"]),
        ("(Region = 'East' or Year = 2024)", ["(Region == 'East') | (Year == 2024)"]),
        (
            "Region in ('East', 'West') and not Year in (1, 2)",
            ["Region.is_in(['East', 'West'])", "Year.not_in([1, 2])"],
        ),
        ("Region like 'E%' and Region not like '%t'", ["Region.starts_with('E')", "~Region.ends_with('t')"]),
        ("Revenue > 100.5 and 3 < Units", ["Revenue > 100.5", "Units > 3"]),
        ('"Store@ID" between 1 and 3 and Region is not null', ["Store@ID.between(1, 3)", "Region.is_not_null()"]),
        ("Day >= '2024-01-31' and Day < date '2024-02-29'", ["Day >= '2024-01-31'", "Day < '2024-02-29'"]),
        ("sales.Units = 1", ["Units == 1"]),
        ("Units > 3 and upper(Region) = 'EAST' and Units + 1 > 3", ["Units > 3"]),
        ("Units = '3'", []),  # DuckDB makes a number of it
        ("Day = '2024-01-31 10:00:00'", []),  # of which DuckDB takes the day
        ("Units = 1e3 or Revenue > 12345678901234567890", []),
        ("Units = Revenue", []),
        ("Region ilike 'e%'", []),
        ("Region = e'a\\tb'", []),
        ("Units in (select x from other)", []),
        ("other.Units = 1", []),
        ("Nothing = 1", []),
        ("true", []),
    ],
)
def test_conditions_are_those_that_both_sides_understand_alike(condition, read):
    assert conditions(f"from sales where {condition}") == read


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("select 1 from other join sales s on s.Region = other.r and s.Units > 3 where s.Year = 1", True),
        ("select 1 from sales s, other where s.Units > 3 and s.Year = 1", True),
        ("select 1 from sales s left join other on true where s.Units > 3 and s.Year = 1", True),
        ("select 1 from sales s left join other on s.Units > 3 and s.Year = 1", False),
        ("select 1 from other left join sales s on s.Units > 3 where s.Year = 1", False),
        ("select 1 from other right join sales s on true where s.Units > 3 and s.Year = 1", False),
        ("select 1 from sales s full join other on true where s.Units > 3 and s.Year = 1", False),
        ("select 1 from sales s positional join other where s.Units > 3 and s.Year = 1", False),
        ("select 1 from sales s asof join other on s.Year >= other.y where s.Units > 3 and s.Year = 1", False),
        ("select 1 from sales s natural join other where s.Units > 3 and s.Year = 1", False),
        ("select 1 from sales s where s.Units > 3 and s.Year = 1 using sample 10", False),
        ("select 1 from sales s tablesample 10% where s.Units > 3 and s.Year = 1", False),
        ("select 1 from sales s(Units, Year) where s.Units > 3 and s.Year = 1", False),
        ("select 1 from (from sales) s where s.Units > 3 and s.Year = 1", False),
        ("select 1 from sales s join sales t using (Region) where s.Units > 3 and s.Year = 1", False),
        ("with s as (from sales where Units > 3 and Year = 1) from s a, s b", True),
        (
            "select 1 from other where exists (select 1 from sales s where s.Units > 3 and s.Year = 1)",
            True,
        ),
        ("select sum(Units) over () from sales s where s.Units > 3 and s.Year = 1 qualify 1", True),
        ("(select 1 from sales s where s.Units > 3 and s.Year = 1) union from other where Units = 5", True),
        ("select 1 from sales group by Units having Units > 3 and Year = 1", False),
    ],
)
def test_conditions_count_where_they_hold_for_every_row_that_is_looked_at(statement, read):
    assert sorted(conditions(statement)) == (["Units > 3", "Year == 1"] if read else [])


def test_a_column_that_tables_share_is_one_of_the_first():
    assert conditions("select 1 from sales join other using (Units) where Units > 3") == ["Units > 3"]
    assert conditions("select 1 from sales left join other using (Units) where Units > 3") == ["Units > 3"]
    assert conditions("select 1 from other left join sales using (Units) where Units > 3") == []
    assert conditions("select 1 from a join b using (Units) join sales using (Region) where Units > 3") == []


def test_columns_that_differ_in_case_only_are_left_alone():
    schema = pa.schema(
        [column("units", pa.int64(), "metric", "int64", 1), column("Units", pa.int64(), "metric", "int64", 2)]
    )
    assert needed("select units from sales where units > 3", schema).conditions == ()


# First rows


@pytest.mark.parametrize(
    ("statement", "head"),
    [
        ("from sales limit 10", 10),
        ("select Region as r, 1 from sales limit 10 offset 5", 15),
        ("select * from (select Region from sales limit 7) order by 1", 7),
        ("with s as (from sales limit 7) from s a, s b", 7),
        ("from sales limit 0", 0),
        ("from sales", None),
        ("from sales where Units > 3 limit 10", 10),
        ("select Region from sales s where Units > 3 and Day >= '2024-01-31' limit 10", 10),
        ("from sales where Units > 3 and Units % 2 = 0 limit 10", None),
        ("from sales where Units > (select 3) limit 10", None),
        ("from sales order by Units limit 10", None),
        ("select distinct Region from sales limit 10", None),
        ("select Region from sales group by 1 limit 10", None),
        ("select count(*) from sales limit 10", None),
        ("select row_number() over () from sales limit 10", None),
        ("select unnest([1, 2]) from sales limit 10", None),
        ("from sales, other limit 10", None),
        ("from sales qualify 1 limit 10", None),
        ("from sales union all from other limit 10", None),
        ("from sales limit (select 3)", None),
        ("from sales limit 10 offset (select 3)", None),
        ("from sales s join sales t using (Region) limit 10", None),
    ],
)
def test_first_rows_suffice_where_rows_are_only_passed_on(statement, head):
    assert needed(statement).head == head


def test_a_share_of_the_rows_is_no_number_of_them():
    try:
        found = needed("from sales limit 10%")
    except UsageError:
        pytest.skip("this sqlglot does not know it")
    assert found.head is None


# Against DuckDB


LITERALS = [
    *(
        "0",
        "1",
        "12",
        "-7",
        "2.5",
        "0.1",
        "-0.25",
        "100",
        "1e22",
        "1.5e0",
        "9007199254740993",
        "9007199254740992.0",
    ),
    *(
        "9223372036854775807",
        "0.000000000000000001",
        "4611686018427387904.5",
        "9007199254740992e0",
        "0.30000000000000004",
    ),
    *(
        "'plain'",
        "'Plain'",
        "''",
        "' leading'",
        "'12'",
        "'1'",
        "'true'",
        "'2.5'",
        "true",
        "'%'",
        "e'a\\nb'",
        "$$a$$",
    ),
    *("'2024-01-31'", "'2024-1-31'", "'20240131'", "'2024-01-31 10:20:30.123456'", "'2024-01-31T10:20:30'"),
    *("date '2024-01-31'", "'1970-01-01'::date", "timestamp '2024-01-31 10:20:30'", "timestamp '1970-01-01'"),
    *(
        "'2024-01-31 10:20:30.123456'::timestamp_s",
        "timestamptz '2024-01-31 10:20:30+00'",
        "'epoch'",
        "'10:20:30'",
        "time '10:20:30'",
        "time '24:00:00'",
        "null",
    ),
]
COLUMNS = [
    "Text",
    "Long",
    "Number",
    "Exact",
    "Date",
    "Time",
    "Moment",
    "Flag",
    "Whole",
    "Big Decimal",
    "Text Metric",
]
TESTS = ["{0} = {1}", "not {0} <= {1}", "{1} >= {0}", "{0} in ({1}, {1})"]


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_conditions_keep_the_rows_that_duckdb_keeps(connection, every):
    table = connection.cube("Awkward Values").to_arrow()
    plain = pl.from_arrow(table).with_columns(pl.col(pl.Categorical).cast(pl.String)).with_row_index("_row")
    subjects = subjects_of(table.schema)
    database = duckdb.connect()
    database.register("sales", plain.to_arrow())
    ran = understood = 0
    for name, literal, test in islice(product(COLUMNS, LITERALS, TESTS), 0, None, every):
        condition = test.format(f'"{name}"', literal)
        try:
            rows = database.execute(f"select _row from sales where {condition}").fetchall()
        except duckdb.Error:
            continue
        ran += 1
        for read in needed(f"select 1 from sales where {condition}", table.schema).conditions:
            understood += 1
            kept = set(plain.filter(predicate(read, subjects)).get_column("_row"))
            assert {row for (row,) in rows} == kept, condition
    database.close()
    assert ran > 500 / every
    assert understood > ran / 5
