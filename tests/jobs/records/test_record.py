import json
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.grid.shape import ColumnChange
from mstr_arrow.jobs.records.lines import LINES, lines_of, together
from mstr_arrow.jobs.records.record import (
    JobRecord,
    Mark,
    PartRecord,
    RunRecord,
    error_record,
    with_extraction,
    with_stats,
)
from mstr_arrow.jobs.records.record_json import NotARecord, read_run, to_json
from tests.support.servers import connect_to

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
SALES = JobRecord(
    job="sales",
    outcome="done",
    object="Sales Cube",
    object_id="A" * 32,
    kind="cube",
    project="Retail",
    server="https://bi.example.com/MicroStrategyLibrary",
    destination="out/sales",
    started=NOON,
    ended=NOON.replace(minute=2),
    rows=2000,
    bytes=90_000,
    wire_bytes=12_000,
    written_bytes=31_000,
    requests=4,
    retries=1,
    seconds={"find": 0.2, "read": 110.5},
    parts=(PartRecord("part-00000.parquet", 2000, 31_000, "ab" * 32),),
    data_time="2026-11-29T03:00:00.000+0000",
    consistent="one instance",
    bad_values={"Units": 2},
    schema=pa.schema([pa.field("Region", "string", metadata={"mstr.id": "R"}), ("Units", pa.int64())]),
    changes=(ColumnChange("new", "Units", now="int64"),),
    mark=Mark("Day", date(2026, 11, 28)),
)
FAILED = JobRecord(
    job="stores",
    outcome="failed",
    started=NOON,
    ended=NOON,
    attempts=3,
    error=error_record(NotFound("no such cube.", code="ERR004", hint="Look for it.")),
)
RUN = RunRecord(
    id="20261129T120000-3f9a1c",
    file="/srv/jobs.toml",
    started=NOON,
    version="0.1.0",
    host="night",
    pid=7,
    jobs=(SALES, FAILED),
)


def test_a_run_is_read_as_it_was_written():
    assert read_run(to_json(RUN).encode()) == RUN
    (sales, _) = read_run(to_json(RUN).encode()).jobs
    assert sales.schema.equals(SALES.schema, check_metadata=True)


@pytest.mark.parametrize(
    "value",
    [date(2026, 11, 28), NOON, datetime(2026, 11, 28, 1, 2, 3, 4), 7, 1.5, Decimal("1.50"), "2026-W48"],
)
def test_a_mark_keeps_its_type(value):
    run = RUN.with_job(JobRecord(job="sales", mark=Mark("Day", value)))
    mark = read_run(to_json(run).encode()).jobs[0].mark
    assert (mark.value, type(mark.value)) == (value, type(value))


def test_what_later_versions_add_is_passed_over_and_what_earlier_ones_lack_has_its_default():
    told = json.loads(to_json(RUN))
    told |= {"form": 9, "weather": "rain"}
    told["jobs"][0]["weather"] = "rain"
    for name in ("bad_values", "mark", "changes", "consistent"):
        del told["jobs"][0][name]
    sales = read_run(json.dumps(told).encode()).jobs[0]
    assert (sales.rows, sales.bad_values, sales.mark, sales.changes) == (2000, {}, None, ())


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"jobs": 1}', to_json(RUN).encode()[:-9]])
def test_what_is_no_record_is_told(text):
    with pytest.raises(NotARecord):
        read_run(text)


def test_a_line_for_each_job_that_is_over(tmp_path):
    lines = lines_of(RUN.with_job(JobRecord(job="customers")))
    pq.write_table(lines, tmp_path / "run.parquet")
    table = pl.read_parquet(tmp_path / "run.parquet")
    assert table["job"].to_list() == ["sales", "stores"]
    sales, stores = table.rows(named=True)
    assert (sales["rows"], sales["seconds"], sales["seconds_read"], sales["bad_values"]) == (2000, 120.0, 110.5, 2)
    assert sales["parts"] == [{"name": "part-00000.parquet", "rows": 2000, "bytes": 31_000, "sha256": "ab" * 32}]
    assert sales["columns"] == [{"name": "Region", "type": "string"}, {"name": "Units", "type": "int64"}]
    assert (sales["changes"], sales["mark_value"]) == (["the column 'Units' (int64) is new"], "2026-11-28")
    assert (stores["error"], stores["error_code"], stores["error_hint"]) == ("NotFound", "ERR004", "Look for it.")


def test_lines_of_other_versions_are_lines_too():
    now = lines_of(RUN)
    older = now.drop_columns(["mark_value", "seconds_commit"])
    newer = now.append_column("weather", pa.array(["rain"] * 2))
    table = together([older, newer])
    assert table.schema == LINES
    assert table["mark_value"].to_pylist() == [None, None, "2026-11-28", None]


def test_half_a_character_in_a_name_is_escaped_in_lines():
    assert lines_of(RUN.with_job(JobRecord(job="\ud83d", outcome="done")))["job"][2].as_py() == "\\ud83d"


def test_a_run_whose_process_is_gone_was_killed_and_so_were_its_jobs_under_way():
    run = RUN.with_job(JobRecord(job="customers")).killed()
    assert run.end == "killed"
    assert [each.outcome for each in run.jobs] == ["done", "failed", "killed"]


def test_an_error_is_told_with_its_class_code_and_hint_and_without_secrets():
    told = error_record(UsageError("postgresql://ann:p@ss@db/x cannot be meant.", hint="Give s3://k:s3cret@b."))
    assert (told.kind, told.message, told.hint) == (
        "UsageError",
        "postgresql://***@db/x cannot be meant.",
        "Give s3://***@b.",
    )


def test_what_a_read_and_an_extraction_did_is_noted(conn, tmp_path):
    begun = JobRecord(job="sales", seconds={"find": 0.5})
    cube = conn.cube("Sales Cube")
    read = with_stats(begun, cube.write_parquet(tmp_path / "sales.parquet"))
    assert (read.rows, read.consistent, read.bad_values) == (2000, "one instance", {})
    assert read.requests > 0
    assert read.bytes >= read.wire_bytes > 0
    assert read.seconds.keys() == {"find", "waiting", "transferring", "decoding"}
    done = with_extraction(begun, cube.extract(tmp_path / "sales"))
    assert (done.outcome, done.rows, done.data_time is None) == ("running", 2000, done.why_no_data_time is not None)
    again = with_extraction(begun, cube.extract(tmp_path / "sales"))
    assert (again.outcome, again.rows, again.requests) == ("skipped", 2000, 0)


@pytest.fixture
def conn(simulator):
    with connect_to(simulator) as conn:
        yield conn
