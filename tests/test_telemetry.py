"""Spans and metrics: there where OpenTelemetry is, and nothing where it is not."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mstr_arrow as ma
from mstr_arrow import telemetry
from mstr_arrow.simulator import Fault

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="OpenTelemetry's SDK is not installed")


@pytest.fixture(scope="module")
def exported():
    """The spans of this process, as they end; a provider can be set once only."""
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([reader]))
    exporter.reader = reader
    yield exporter
    del sys.modules["opentelemetry.trace"]  # other tests are not traced


@pytest.fixture
def spans(exported):
    exported.clear()
    return lambda name=None: [each for each in exported.get_finished_spans() if name in {None, each.name}]


def connected(simulator):
    return ma.connect(simulator.url, username=simulator.username, password=simulator.password)


def test_a_read_is_a_span_above_its_requests(simulator, spans):
    with connected(simulator) as conn:
        conn.cube("Sales Cube").to_arrow()
    (connect,), (read,), (find,) = spans("mstr_arrow.connect"), spans("mstr_arrow.read"), spans("mstr_arrow.find")
    assert connect.attributes["server.address"] == "127.0.0.1"
    assert read.attributes["mstr_arrow.rows"] == 2000
    assert read.attributes["mstr.object.type"] == "cube"
    assert find.status.is_ok
    pages = [each for each in spans() if each.parent and each.parent.span_id == read.context.span_id]
    assert {"mstr_arrow.instance"} <= {each.name for each in pages}
    instance = next(each for each in pages if each.name == "mstr_arrow.instance")
    (post,) = [each for each in spans() if each.name.startswith("POST /api/v2/cubes/")]
    assert post.parent.span_id == instance.context.span_id
    assert post.attributes["url.template"] == "/api/v2/cubes/{id}/instances"
    assert post.attributes["http.response.status_code"] in {200, 201}
    assert post.end_time >= post.start_time


def test_pages_belong_to_the_read_however_they_are_pulled(simulator, spans):
    from opentelemetry import trace

    tracer = trace.get_tracer("test")
    with connected(simulator) as conn, tracer.start_as_current_span("mine") as mine:
        scan = conn.cube("Sales Cube").with_options(limits=ma.Limits(page_rows=300))
        with scan.to_batches() as batches:
            assert sum(len(batch) for batch in batches) == 2000
    (read,) = spans("mstr_arrow.read")
    assert read.parent.span_id == mine.get_span_context().span_id
    pages = [each for each in spans() if each.name == "GET /api/v2/cubes/{id}/instances/{id}"]
    assert len(pages) >= 6
    assert {each.parent.span_id for each in pages} == {read.context.span_id}


def test_what_goes_wrong_is_noted_by_class_and_codes_alone(simulator, spans):
    with connected(simulator) as conn:
        cube = conn.cube("Sales Cube")
        simulator.fail(Fault.error(403, "ERR0014").on("POST", "/instances"))
        with pytest.raises(ma.errors.PermissionDenied):
            cube.to_arrow()
    (read,) = spans("mstr_arrow.read")
    assert read.attributes["error.type"] == "PermissionDenied"
    assert read.status.description == "PermissionDenied [ERR0014]"
    assert read.events == ()
    (post,) = [each for each in spans() if each.name.startswith("POST /api/v2/cubes/")]
    assert post.attributes["error.type"] == "403"


def test_a_run_is_a_span_above_its_jobs_and_one_that_failed_is_noted(simulator, spans, tmp_path):
    pytest.importorskip("pydantic", reason="the extra jobs is not installed")
    with connected(simulator) as conn:
        (tmp_path / "jobs.toml").write_text(
            '[jobs.sales]\nobject = "Sales Cube"\ndestination = "sales.parquet"\n'
            '[jobs.none]\nobject = "No Such Cube"\ndestination = "none.parquet"\n'
        )
        done = ma.jobs.run(tmp_path / "jobs.toml", connection=conn)
    ((run,), jobs) = (
        spans("mstr_arrow.run"),
        {each.attributes["mstr_arrow.job"]: each for each in spans("mstr_arrow.job")},
    )
    assert run.attributes["mstr_arrow.run"] == done.id
    assert {each.parent.span_id for each in jobs.values()} == {run.context.span_id}
    assert (jobs["sales"].attributes["mstr_arrow.rows"], jobs["sales"].status.is_ok) == (2000, True)
    assert (jobs["none"].attributes["error.type"], jobs["none"].status.is_ok) == ("NotFound", False)
    (write,) = spans("mstr_arrow.write")
    assert write.parent.span_id == jobs["sales"].context.span_id


def test_no_secret_and_no_value_is_in_a_span(simulator, spans):
    with connected(simulator) as conn:
        conn.cube("Sales Cube").filter(ma.col("Region") == "East").to_arrow()
        token = conn.save_session()["token"]
    told = " ".join(f"{each.name} {dict(each.attributes)}" for each in spans())
    assert not [each for each in (simulator.password, token, "East") if each in told]


def test_rows_and_durations_are_measured(simulator, exported):
    with connected(simulator) as conn:
        conn.cube("Sales Cube").to_arrow()
    found = {
        metric.name: metric
        for resource in exported.reader.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert {
        "mstr_arrow.rows",
        "mstr_arrow.bytes",
        "http.client.request.duration",
        "mstr_arrow.read.duration",
    } <= set(found)
    assert sum(point.value for point in found["mstr_arrow.rows"].data.data_points) >= 2000


def test_without_opentelemetry_nothing_is_imported_and_nothing_done():
    code = (
        "import sys, mstr_arrow\n"
        "from mstr_arrow import telemetry\n"
        "with telemetry.span('x', {}) as span: span.note({'a': 1})\n"
        "telemetry.count('mstr_arrow.rows', 1, {})\n"
        "assert telemetry.observer(str) is None\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    environment = {"PYTHONPATH": str(Path(telemetry.__file__).parents[1])}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("[]\n", "")


@pytest.mark.slow
def test_the_example_of_the_page_shows_spans(simulator, tmp_path):
    root = Path(telemetry.__file__).parents[1]
    page = (root / "docs" / "records.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^    # trace\.py\n((?:    .*\n|\n)+)", page, re.MULTILINE)
    ours = f'"{simulator.url}", username="{simulator.username}", password="{simulator.password}"'
    code = textwrap.dedent(block).replace(
        '"https://bi.example.com/MicroStrategyLibrary", username="ann", password="…"', ours
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"mstr_arrow.write", "mstr_arrow.read"} <= set(re.findall(r'"name": "([\w.]+)"', result.stdout))
