"""``python -m mstr_arrow.simulator``: serve until interrupted."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import orjson

from .server import Simulator
from .state.workload import TimeModel

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMES = tuple(each.name for each in fields(TimeModel))


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the simulator, print one line of JSON that says where it is, serve until SIGINT or SIGTERM."""
    options = vars(_parser().parse_args(arguments))
    port, encoded, faults = options.pop("port"), _listed(options.pop("encoded")), _listed(options.pop("faults"))
    with_stdin = options.pop("until_stdin_closes")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    model = TimeModel(**{name: options.pop(name) for name in _TIMES})
    with Simulator(port=port, encoded=encoded, time=model, **options) as sim:
        for fault in faults:
            sim.fail(fault)
        where = {"url": sim.url, "username": sim.username, "password": sim.password, "project": sim.project}
        sys.stdout.write(orjson.dumps(where).decode() + "\n")
        sys.stdout.flush()
        if with_stdin:
            threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mstr_arrow.simulator",
        description="Serve a simulated I-Server on 127.0.0.1 and print its address as one line of JSON.",
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the Sales Cube")
    parser.add_argument("--seed", type=int, default=0, help="seed of the data")
    switch = argparse.BooleanOptionalAction
    parser.add_argument("--gzip", action=switch, default=True, help="compress answers")
    parser.add_argument("--chunked", action=switch, default=False, help="send answers without Content-Length")
    parser.add_argument("--shuffle-keys", action=switch, default=False, help="mix the members of JSON objects")
    parser.add_argument("--cells-per-page", type=int, help="governor: most cells in a page")
    parser.add_argument("--session-timeout", type=float, default=1800, help="idle seconds that end a session")
    parser.add_argument("--max-sessions-per-user", type=int, default=20, help="sessions of a user in a project")
    parser.add_argument("--working-set", type=int, default=10, help="instances that a session keeps")
    parser.add_argument("--encode-once", action=switch, default=False, help="keep rendered pages in memory")
    parser.add_argument("--encoded", metavar="MODULE:FUNCTION", help="function that returns encoded cubes")
    parser.add_argument("--faults", metavar="MODULE:FUNCTION", help="function that returns faults to plan")
    parser.add_argument("--fault-seed", type=int, default=0, help="seed of faults that come by chance")
    parser.add_argument(
        "--uncrosstab", action=switch, default=True, help="requested objects make a table of a report"
    )
    parser.add_argument("--report-seconds", type=float, default=0.0, help="how long a report is executed")
    parser.add_argument("--publication-seconds", type=float, default=0.0, help="how long a cube is published")
    parser.add_argument("--gateway-seconds", type=float, help="how long a gateway waits for an answer")
    parser.add_argument("--respond-async", action=switch, default=True, help="heed 'Prefer: respond-async'")
    parser.add_argument("--async-polls", type=int, default=1, help="polls that find such a report unfinished")
    parser.add_argument("--column-orientation", action=switch, default=True, help="take chunks by columns, too")
    parser.add_argument("--max-upload-bytes", type=int, help="largest body that a request may have")
    parser.add_argument("--keep-uploads", action=switch, default=True, help="keep the rows that are pushed")
    parser.add_argument("--publish-polls", type=int, default=2, help="polls that find a publication unfinished")
    parser.add_argument("--publish-status-text", action=switch, default=False, help="publication status as text")
    parser.add_argument("--max-data-upload-size", type=int, help="the project's setting of that name, in bytes")
    parser.add_argument("--further-objects", type=int, default=0, help="objects that are listed and nothing else")
    parser.add_argument("--iserver-version", default="11.5.0900.00123", help="11.1.0400.00123 is an old server")
    parser.add_argument("--request-ms", type=float, default=0.0, help="milliseconds that every request takes")
    parser.add_argument("--rows-per-second", type=float, help="rows of data that a worker gives in a second")
    parser.add_argument("--workers", type=int, help="requests served at once")
    parser.add_argument("--session-limit", type=int, help="requests of one session served at once")
    parser.add_argument("--halves-above", type=int, help="requests from which on half of the workers are left")
    parser.add_argument("--lock-ms", type=float, default=0.0, help="milliseconds of a request under a lock of all")
    parser.add_argument("--cold-ms", type=float, default=0.0, help="milliseconds more the first time of each page")
    parser.add_argument("--noise", type=float, default=0.0, help="width of the log-normal distribution of times")
    parser.add_argument("--outliers", type=float, default=0.0, help="share of requests that take 8 times as long")
    parser.add_argument("--stall-every", type=float, help="seconds from the start of a stall to that of the next")
    parser.add_argument("--stall-seconds", type=float, default=0.0, help="seconds that a stall lasts")
    parser.add_argument("--gateway-ms", type=float, default=0.0, help="milliseconds on the way, without a worker")
    parser.add_argument("--bytes-per-second", type=float, help="of the link that all answers share")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop at the end of standard input too")
    return parser


def _listed(spec: str | None) -> list[Any]:
    """Return the list that a function of a module gives."""
    if spec is None:
        return []
    module, _, function = spec.partition(":")
    found: list[Any] = getattr(importlib.import_module(module), function)()
    return found


def _wait_for_end_of_input(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
