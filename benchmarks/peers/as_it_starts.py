"""What mstrio-py publishes on a simulator that was started as anybody starts it: ``mstr-arrow simulate``."""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pandas as pd
from mstrio.connection import Connection
from mstrio.project_objects import SuperCube

import mstr_arrow as ma
from benchmarks.peers.compare import SAME
from benchmarks.peers.verdicts import MSTRIO, Checks

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMAND = [sys.executable, "-u", "-c", "from mstr_arrow.cli import main; main()", "simulate"]
_FREE_PORT = ["--port", "0", "--rows", "10"]
"""So that it starts beside others and at once; what it answers is that of the default."""
_PATIENCE = 15.0
"""Seconds after which a creation that should take two never ends."""
_STOP_SECONDS = 5


def main(checks: Checks) -> None:
    """Run the check."""
    checks.run("SuperCube.create, `mstr-arrow simulate` with no switch", MSTRIO, _created)
    checks.run(
        "SuperCube.create, with publish_status_text", MSTRIO, lambda: _created("--set=publish_status_text=true")
    )


def _created(*switches: str) -> str:
    """Have mstrio-py create and publish a cube, in a thread that is left behind where that does not end."""
    frame = pd.DataFrame({"key": ["a", "b"], "amount": [1.5, 2.5]})

    def work() -> None:
        with contextlib.suppress(Exception):  # those of a server that was stopped under it
            cube = SuperCube(Connection(url, "demo", "demo", project_name="Simulated Retail"), name="By Peer")
            cube.add_table("facts", frame, "replace")
            cube.create()

    with _started(*switches) as url:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(_PATIENCE)
        if thread.is_alive():
            return "fails: U1: create() still waits after the end"
        with ma.connect(url, username="demo", password="demo", project="Simulated Retail") as conn:
            rows = conn.cube("By Peer").to_arrow(strings="plain").sort_by("key").to_pylist()
    return f"{SAME}: its rows, read by mstr_arrow" if rows == frame.to_dict("records") else f"differs: {rows}"


@contextlib.contextmanager
def _started(*switches: str) -> Iterator[str]:
    """Start the command, and give the URL that it prints."""
    command = [*_COMMAND, *_FREE_PORT, *switches]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = map(str.split, process.stdout or ())
            url = next((words[1] for words in lines if words[:1] == ["URL"]), None)
            if url is None:
                raise RuntimeError("`mstr-arrow simulate` ended before it served; its standard error says why")
            yield url
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
