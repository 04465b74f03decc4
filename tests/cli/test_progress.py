"""What the progress of a read says before there is anything to read."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from mstr_arrow.cli.render import progress
from mstr_arrow.fetch.stats import Meter

RUNNING = replace(Meter().stats(), seconds=65.0, status="running the SQL")
READING = replace(RUNNING, status=None, rows=500, total_rows=1_000, seconds=10.0)


def test_what_the_server_does_is_shown_with_its_time():
    assert progress.describe(RUNNING) == "running the SQL · 1:05"
    assert progress.describe(READING).startswith("500 of 1,000 rows")


def test_rows_of_former_runs_do_not_make_a_read_faster():
    resumed = replace(READING, rows=900, rows_before=800)
    assert progress.describe(resumed) == "900 of 1,000 rows · 10 rows/s · 0.0 MB/s · 0 in flight · 0:10 left"
    assert progress.describe(replace(resumed, rows=800)).startswith("800 of 1,000 rows · 0 rows/s")


def test_of_several_reads_rows_count_more_than_what_the_server_does():
    shown = []
    of = progress.together(shown.append)
    of("a")(RUNNING)
    of("b")(READING)
    assert shown[0].status == "running the SQL"
    assert progress.describe(shown[1]).startswith("500 of 1,000 rows")


def test_a_log_shows_both(monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    out = StringIO()
    with progress.progress(Console(file=out, width=100)) as show:
        show(RUNNING)
        show(READING)
    first, second = out.getvalue().splitlines()
    assert first == "running the SQL · 1:05"
    assert second.startswith("500 of 1,000 rows")


def test_a_terminal_ends_with_the_rows():
    out = StringIO()
    with progress.progress(Console(file=out, force_terminal=True, width=100)) as show:
        show(RUNNING)
        show(READING)
    assert "500 of 1,000 rows" in out.getvalue()
