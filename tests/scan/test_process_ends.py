"""A process that is interrupted, or that just ends, with an open read: it ends soon and logs out."""

import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from mstr_arrow.simulator import Fault
from tests.support.slow import thinned

SECONDS = 60
"""How long a process may take to start, and to end."""


@pytest.fixture
def start(simulator):
    """Start a script that has an open ``connection`` and ``cube``, whose pages come slowly."""
    head = f"""
        import mstr_arrow as ma
        connection = ma.connect("{simulator.url}", username="{simulator.username}", password="{simulator.password}")
        cube = connection.cube("Numbers", limits=ma.Limits(page_rows=10, concurrency=2))
    """
    started = []

    def run(body):
        code = textwrap.dedent(head) + textwrap.dedent(body)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    simulator.fail(Fault.slow(0.1).on("GET", "/instances/", times=None))
    yield run
    simulator.heal()
    for process in started:
        process.kill()
        process.communicate()


WAYS = {
    "to_arrow": "cube.to_arrow()",
    "a batch loop": "with cube.to_batches() as batches:\n    for batch in batches: pass",
    "a reader": "cube.to_reader().read_all()",
    "a coroutine": "import asyncio; asyncio.run(cube.to_arrow_async())",
    "a file": "import os; cube.write_parquet(os.devnull)",
}
THROUGH_THE_C_STREAM = {
    "Polars": "import polars; polars.DataFrame(cube)",
    "DuckDB": "import duckdb; print(duckdb.sql('select count(*) from cube').fetchall())",
}


@pytest.mark.parametrize(
    "way",
    thinned([*WAYS, *THROUGH_THE_C_STREAM], {"a batch loop"}),
)
def test_ctrl_c_ends_the_process_and_the_session(start, pages, simulator, way):
    if way == "DuckDB" and importlib.util.find_spec("duckdb") is None:
        pytest.skip("duckdb is not installed")
    process = start((WAYS | THROUGH_THE_C_STREAM)[way])
    pages.wait_for(4)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=SECONDS)
    assert time.monotonic() - began < 10
    assert "KeyboardInterrupt" in err
    assert "never" not in err, err
    # What goes through the C stream keeps only the text of an error: the engine raises one of its own.
    expected = {-signal.SIGINT, 1} if way in THROUGH_THE_C_STREAM else {-signal.SIGINT}
    assert (process.returncode in expected, out) == (True, ""), err
    assert simulator.open_sessions == 0
    assert pages.stopped() < 100


ENDS = {
    "a reader": "reader = cube.to_reader(); reader.read_next_batch()",
    "an error": "batches = cube.to_batches(); next(batches); raise SystemExit(7)",
    "a cycle": "batches = cube.to_batches(); next(batches); loop = [batches]; loop.append(loop)",
}


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=() if way == "a reader" else pytest.mark.slow) for way in ENDS]
)
def test_a_process_that_ends_closes_its_reads(start, simulator, pages, way):
    process = start(ENDS[way])
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err) == (7 if way == "an error" else 0, "", "")
    assert simulator.open_sessions == 0
    assert pages.stopped() < 100


def test_a_thread_that_still_reads_when_the_program_ends_gets_an_error_of_ours(start, pages, simulator):
    process = start("""
        import threading

        reads = threading.Event()

        def read():
            try:
                cube.to_arrow(on_progress=lambda stats: stats.rows and reads.set())
            except ma.errors.ClosedError as error:
                print(error)

        threading.Thread(target=read).start()
        reads.wait()
    """)
    pages.wait_for(2)
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("ClosedError: the ")
    assert simulator.open_sessions == 0
