"""What `fetch` makes of an object: reports in every layout, folders of parts, some columns, the first rows."""

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mstr_arrow.errors import UsageError
from tests.support.requests import Requests

CUBE = "Sales Cube"
REPORT = "Cross-tab With Subtotals"


@pytest.fixture
def table(run, server):
    """Fetch an object as an Arrow table."""

    def table(*arguments):
        open_before = server.open_sessions
        result = run("fetch", *arguments, "-o", "-", "--format", "arrow")
        assert result.code == 0, result.err
        assert server.open_sessions == open_before
        return pa.ipc.open_stream(result.out).read_all()

    return table


@pytest.mark.one_in(4)
@pytest.mark.parametrize("layout", ["tidy", "grid"])
@pytest.mark.parametrize("subtotals", ["drop", "keep", "only"])
@pytest.mark.parametrize("values", ["raw", "both"])
def test_a_report_is_read_as_the_api_reads_it(table, connection, layout, subtotals, values):
    expected = connection.report(REPORT, layout=layout, subtotals=subtotals, values=values).to_arrow(
        strings="plain"
    )
    assert table(REPORT, "--layout", layout, "--subtotals", subtotals, "--values", values) == expected


def test_a_summary_counts_the_rows_of_the_result(run, server, connection, tmp_path):
    rows = connection.report("Cross-tab Metrics Last").to_arrow().num_rows
    result = run("fetch", "Cross-tab Metrics Last", "-o", tmp_path / "x.parquet")
    assert f"{rows:,} rows from" in result.err
    assert pq.read_metadata(tmp_path / "x.parquet").num_rows == rows
    assert server.open_sessions == 1  # the test's own


def test_row_counts_of_a_report_are_refused(run, server):
    result = run("fetch", "Plain Report", "-o", "-", "--row-counts")
    assert (result.code, result.out) == (2, b"")
    assert "--row-counts" in result.err
    assert server.open_sessions == 0


# Folders of parts


def parts(folder):
    return [pq.read_table(path) for path in sorted(folder.iterdir())]


def test_parts_of_so_many_rows_make_the_whole(run, server, tmp_path):
    folder = tmp_path / "sales"
    result = run("fetch", CUBE, "-o", folder, "--part-rows", 700, "--page-rows", 300)
    assert (result.code, result.out) == (0, b"")
    assert "3 parts" in result.err
    assert [path.name for path in sorted(folder.iterdir())] == [f"part-{n:05}.parquet" for n in range(3)]
    assert [part.num_rows for part in parts(folder)] == [700, 700, 600]
    assert pa.concat_tables(parts(folder))["Order"].to_pylist() == server.truth(CUBE)["Order"].to_pylist()
    assert list(tmp_path.iterdir()) == [folder]


def test_parts_have_about_the_size_asked_for(run, server, tmp_path):
    assert run("fetch", CUBE, "-o", tmp_path / "sales", "--part-bytes", "30kB", "--page-rows", 250).code == 0
    sizes = [path.stat().st_size for path in sorted((tmp_path / "sales").iterdir())]
    assert len(sizes) > 2
    assert all(15_000 < size < 45_000 for size in sizes[:-1])
    orders = pa.concat_tables(parts(tmp_path / "sales"))["Order"].to_pylist()
    assert orders == server.truth(CUBE)["Order"].to_pylist()


@pytest.mark.usefixtures("server")
def test_a_part_holds_only_its_own_texts(run, tmp_path):
    assert run("fetch", CUBE, "-o", tmp_path / "s", "--part-rows", 20, "--columns", "Customer").code == 0
    whole = sum(path.stat().st_size for path in (tmp_path / "s").iterdir())
    assert whole / 100 < 3_000  # each page has hundreds of customers


@pytest.mark.usefixtures("server")
def test_a_slash_asks_for_a_folder_and_an_empty_result_is_one_part(run, tmp_path):
    assert run("fetch", "Empty Report", "-o", f"{tmp_path}/empty/").code == 0
    (part,) = parts(tmp_path / "empty")
    assert part.num_rows == 0
    assert part.column_names[0] == "Region"


@pytest.mark.usefixtures("server")
def test_a_folder_is_replaced_as_a_whole_and_only_if_asked(run, tmp_path):
    folder = tmp_path / "sales"
    folder.mkdir()
    assert run("fetch", CUBE, "-o", folder, "--part-rows", 500).code == 0
    again = ["fetch", CUBE, "-o", folder, "--part-rows", 1_500]
    refused = run(*again)
    assert refused.code == 2
    assert "--overwrite" in refused.err
    assert [part.num_rows for part in parts(folder)] == [500] * 4
    assert run(*again, "--overwrite").code == 0
    assert [part.num_rows for part in parts(folder)] == [1_500, 500]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.usefixtures("server")
def test_a_failure_leaves_the_old_folder_as_it_was(run, tmp_path):
    folder = tmp_path / "sales"
    assert run("fetch", CUBE, "-o", folder, "--part-rows", 1_000).code == 0
    failing = ["--column-type", "Ledger Id=int32", "--page-rows", 100]
    assert run("fetch", CUBE, "-o", folder, "--part-rows", 50, "--overwrite", *failing).code == 3
    assert [part.num_rows for part in parts(folder)] == [1_000, 1_000]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_fails_to_be_put_in_place_gives_the_old_one_back(connection, tmp_path, monkeypatch):
    folder = tmp_path / "sales"
    cube = connection.cube(CUBE)
    cube.write_parquet(folder, part_rows=1_000)
    rename = type(folder).rename

    def refuse_partial(self, target):
        if self.name.endswith(".partial"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr("mstr_arrow.files.new_folder.exchange", lambda *_: False)  # as on other systems
    monkeypatch.setattr(type(folder), "rename", refuse_partial)
    with pytest.raises(OSError, match="Input/output"):
        cube.write_parquet(folder, part_rows=100, overwrite=True)
    assert [part.num_rows for part in parts(folder)] == [1_000, 1_000]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_of_other_things_is_never_replaced(run, server, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("dear diary")
    asked = Requests(server)
    result = run("fetch", CUBE, "-o", tmp_path / "mine", "--part-rows", 500, "--overwrite")
    assert result.code == 2
    assert "notes.txt" in result.err
    assert (tmp_path / "mine" / "notes.txt").read_text() == "dear diary"
    assert asked.all == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x.csv", "--part-rows", "5"], "parts are Parquet files, not csv"),
        (["-o", "-", "--part-rows", "5"], "parts need a folder"),
        (["-o", "x/", "--format", "arrow"], "parts are Parquet files, not arrow"),
        (["-o", "./", "--part-rows", "5"], "working folder"),
        (["-o", "file", "--part-rows", "5"], "is a file, not a folder"),
        (["-o", "file/x/"], "cannot be made"),
        (["-o", "x.parquet", "--overwrite"], "--overwrite is for folders"),
        (["-o", "x/", "--part-bytes", "much"], "'much' is no size"),
        (["-o", "x.csv", "--columns", "Revenu"], "Did you mean 'Revenue'?"),
        (["-o", "x.csv", "--columns", "zzz"], "There are: 'Order'"),
        (["-o", "x.csv", "--columns", "Units,Units"], "'Units' is asked for twice"),
        (["-o", "x.csv", "--head", "0"], "--head"),
        (["-o", "x.csv", "--layout", "wide"], "--layout"),
    ],
)
@pytest.mark.usefixtures("server")
def test_what_cannot_be_is_refused(run, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    result = run("fetch", CUBE, *arguments)
    assert (result.code, result.out) == (2, b"")
    assert said in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("wrong", [{"part_rows": 0}, {"part_bytes": 0}, {"part_rows": 5, "compression": "rar"}])
def test_wrong_sizes_of_parts_are_refused_by_the_api_too(connection, tmp_path, wrong):
    with pytest.raises(UsageError):
        connection.cube(CUBE).write_parquet(tmp_path / "x", **wrong)
    with pytest.raises(UsageError, match="stream"):
        connection.cube(CUBE).write_parquet(io.BytesIO(), part_rows=5)
    assert list(tmp_path.iterdir()) == []


# Some columns, the first rows


def test_columns_come_in_the_order_asked_for(table, connection):
    whole = connection.cube(CUBE).to_arrow(strings="plain")
    got = table(CUBE, "--columns", 'Units,"Store@DESC"', "--columns", "Region")
    assert got == whole.select(["Units", "Store@DESC", "Region"])


@pytest.mark.parametrize(
    ("head", "options", "pages"),
    [
        (5, [], [(0, 5)]),
        (1_000, ["--page-rows", "400"], [(0, 400), (400, 400), (800, 200)]),
        (400, ["--page-rows", "400", "--unordered"], [(0, 400)]),
        (9_999, [], [(0, 5_000)]),
    ],
)
def test_head_asks_for_no_more_pages_than_it_takes(table, server, head, options, pages):
    asked = Requests(server)
    got = table(CUBE, "--head", head, *options)
    assert sorted((offset, rows) for _, offset, rows in asked.pages) == pages
    assert got["Order"].to_pylist() == server.truth(CUBE)["Order"].to_pylist()[:head]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("report", ["Metrics On Rows", "Cross-tab Metrics Last", "Report With Subtotals"])
@pytest.mark.parametrize("head", [1, 3, 50, 10_000])
def test_head_counts_rows_of_the_result_whatever_the_grid_has(table, connection, report, head):
    whole = connection.report(report).to_arrow(strings="plain")
    got = table(report, "--head", head)
    assert got.to_pylist() == whole.to_pylist()[:head]


def test_head_asks_on_until_there_are_enough(table, server):
    requests = Requests(server)
    assert table("Report With Subtotals", "--subtotals", "only", "--head", 2).num_rows == 2
    asked = [(offset, rows) for _, offset, rows in requests.pages]
    asked = list(dict.fromkeys(asked))  # the first rows again, when the report has run
    assert asked[:2] == [(0, 2), (2, 2)]
    assert len(asked) > 2


@pytest.mark.usefixtures("server")
def test_head_and_columns_reach_every_kind_of_file(run, tmp_path):
    chosen = ["--head", 3, "--columns", "Units,Region"]
    for name in ("x.csv", "x.arrow", "x.parquet"):
        result = run("fetch", CUBE, "-o", tmp_path / name, *chosen)
        assert result.code == 0
        assert result.err.startswith("3 rows in")
    rows = list(csv.reader((tmp_path / "x.csv").read_text().splitlines()))
    assert (rows[0], len(rows)) == (["Units", "Region"], 4)
    read = [pa.ipc.open_file(tmp_path / "x.arrow").read_all(), pq.read_table(tmp_path / "x.parquet")]
    assert read[0].to_pylist() == read[1].to_pylist()
    assert read[0].column_names == ["Units", "Region"]


@pytest.mark.parametrize("option", [("--compression", "snappy"), ("--row-group-rows", 100)])
@pytest.mark.parametrize("output", [("-o", "x.csv"), ("-o", "-")])
def test_options_of_parquet_are_refused_for_other_formats(run, server, tmp_path, monkeypatch, option, output):
    monkeypatch.chdir(tmp_path)
    result = run("fetch", CUBE, *output, *option)
    assert (result.code, result.out, list(tmp_path.iterdir())) == (2, b"", [])
    assert f"{option[0]} is for Parquet" in result.err
    assert run("fetch", CUBE, "-o", "x.parquet", *option).code == 0
    assert server.open_sessions == 0
