"""What a sweep found, as the command line prints it."""

import io

import pytest

pytest.importorskip("scipy", reason="the extra bench is not installed")

from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.throughput import summary
from tests.throughput.examples import Made, closed, made, rich_sweep


def printed(sweep, **options):
    out = io.StringIO()
    summary(Terminal(file=out, **options), sweep)
    return out.getvalue()


def test_a_summary_fits_into_80_columns_and_ends_with_what_to_set():
    lines = printed(rich_sweep(requests=60), width=80, force_terminal=True, no_color=True).splitlines()
    plain = [line.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "") for line in lines]
    assert max(map(len, plain)) <= 80
    assert not any("…" in line for line in plain)
    assert " ".join(plain[-2:]).startswith("Set --concurrency to 8 and --page-rows to 50,000: ")


def test_a_pipe_gets_each_sentence_on_a_line_and_each_level_with_its_shares():
    lines = printed(made(Made(noise=0.01), closed())).splitlines()
    assert "\x1b" not in "".join(lines)
    assert any(line.startswith("  8 in flight × 10k rows: ") and line.endswith(" %.") for line in lines)
    (knee,) = [line for line in lines if line.startswith("        8 ")]
    assert knee.split()[:3] == ["8", "10k", "357k"]
    assert knee.split()[-3:-1] == ["96", "4"]


def test_a_limiting_client_comes_first_and_no_share_is_called_the_servers():
    lines = printed(made(Made(late=0.05), closed())).splitlines()
    assert "this client was the limit" in lines[1]
    rows = [line.split() for line in lines if line.strip()[:1].isdigit() and "in flight" not in line]
    assert [row[-3:-1] for row in rows] == [["-", "-"]] * 5


def test_names_do_not_steer_the_terminal():
    assert "\x1b" not in printed(made(Made(), closed(name="\x1b[2JSales", levels=[1])))
