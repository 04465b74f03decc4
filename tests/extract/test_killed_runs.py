"""A killed extraction is gone on with: nothing twice, nothing lost, no session left."""

from __future__ import annotations

import json
import stat

import pytest

from mstr_arrow.config import Limits
from mstr_arrow.errors import DataChanged

LIMITS = Limits(page_rows=500)
PART, AHEAD, OVERLAP = 1_000, 2_000, 70
"""Rows of a part, of the pages that fit into the buffer, and of those that are compared and looked at."""


def rows_asked_for(server):
    return sum(request.answer_rows for request in server.requests if "/instances/" in request.path)


@pytest.mark.slow
def test_three_kills_leave_a_whole_folder(server, opened, killed, is_whole, tmp_path):
    folder = tmp_path / "sales"
    for pages in (3, 4, 5):
        killed(folder, pages)
        assert not folder.exists()
        assert server.open_sessions <= 3
    with opened() as connection:
        done = connection.cube("Sales Cube", limits=LIMITS).extract(folder, part_rows=PART)
    assert done.rows == 6_000
    assert done.resumed >= 2_000
    assert done.continued
    assert server.open_sessions == 0
    is_whole(folder)
    assert rows_asked_for(server) <= 6_000 + 3 * (PART + AHEAD + OVERLAP)


def test_an_instance_that_is_gone_is_made_again(server, opened, killed, is_whole, tmp_path):
    folder = tmp_path / "sales"
    killed(folder, 6)
    server.drop_instances()
    before = rows_asked_for(server)
    with opened() as connection:
        done = connection.cube("Sales Cube", limits=LIMITS).extract(folder, part_rows=PART)
    assert not done.continued
    assert done.resumed >= 1_000
    assert rows_asked_for(server) - before <= 6_000 - done.resumed + OVERLAP + AHEAD  # the killed run's last pages
    assert server.open_sessions == 0
    is_whole(folder)


@pytest.mark.slow
def test_a_session_that_is_gone_does_no_harm(server, opened, killed, is_whole, tmp_path):
    folder = tmp_path / "sales"
    killed(folder, 6)
    server.expire_sessions()
    with opened() as connection:
        done = connection.cube("Sales Cube", limits=LIMITS).extract(folder, part_rows=PART)
    assert (done.rows, done.continued) == (6_000, False)
    is_whole(folder)


def test_sessions_are_in_a_private_file_and_not_in_the_manifest(killed, tmp_path):
    killed(tmp_path / "sales", 6)
    work = tmp_path / ".sales.extracting"
    private = work / ".private.json"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    [borrowed] = json.loads(private.read_text())["borrowed"]
    assert borrowed["instance"]
    manifest = (work / "_manifest.json").read_text()
    assert borrowed["session"]["token"] not in manifest
    assert borrowed["instance"] not in manifest


@pytest.mark.slow
def test_data_that_changed_are_told(server, opened, killed, is_whole, tmp_path):
    folder = tmp_path / "sales"
    killed(folder, 6)
    server.republish("Sales Cube", seed=1)
    with opened() as connection:
        cube = connection.cube("Sales Cube", limits=LIMITS)
        with pytest.raises(DataChanged, match="published at 2026-01-15 08:31:00"):
            cube.extract(folder, part_rows=PART)
        assert not folder.exists()
        done = cube.extract(folder, part_rows=PART, on_change="restart")
    assert (done.restarted, done.resumed, done.rows) == (True, 0, 6_000)
    assert server.open_sessions == 0
    is_whole(folder)
