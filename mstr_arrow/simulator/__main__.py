"""``python -m mstr_arrow.simulator``: serve until interrupted."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import orjson

from .server import Simulator
from .settings.assignments import read_assignments

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the simulator, print one line of JSON that says where it is, serve until SIGINT or SIGTERM."""
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings = read_assignments(options.set)
    with Simulator(port=options.port, encoded=_call(options.encoded), **settings) as sim:
        for fault in _call(options.faults):
            sim.fail(fault)
        where = {"url": sim.url, "username": sim.username, "password": sim.password, "project": sim.project}
        sys.stdout.write(orjson.dumps(where).decode() + "\n")
        sys.stdout.flush()
        if options.until_stdin_closes:
            threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mstr_arrow.simulator",
        description="Serve a simulated I-Server on 127.0.0.1 and print its address as one line of JSON. "
        "'mstr-arrow simulate --list-settings' lists what can be set.",
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="set a setting")
    parser.add_argument("--encoded", metavar="MODULE:FUNCTION", help="function that returns encoded cubes")
    parser.add_argument("--faults", metavar="MODULE:FUNCTION", help="function that returns faults to plan")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop at the end of standard input too")
    return parser


def _call(spec: str | None) -> list[Any]:
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
