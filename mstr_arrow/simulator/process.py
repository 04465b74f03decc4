"""The simulator in a process of its own, so that server and client do not share an interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_STOP_SECONDS = 5


class SimulatorProcess:
    """Run ``python -m mstr_arrow.simulator`` as a context manager.

    Keyword arguments are the options of that command with underscores in place of dashes: true switches an
    option on, false switches it off (``--no-gzip``), None leaves it out. ``encoded="module:function"`` names
    a function that returns a list of ``EncodedCube``, ``faults="module:function"`` one that returns the faults to
    plan. The process ends with this one, however that ends::

        with SimulatorProcess(rows=1_000_000, encode_once=True) as sim:
            ...  # sim.url, sim.username, sim.password, sim.project
    """

    url: str
    username: str
    password: str
    project: str

    def __init__(self, **options: str | float | bool | None) -> None:
        self._command = [sys.executable, "-m", "mstr_arrow.simulator", "--until-stdin-closes"]
        for name, value in options.items():
            if value is not None:
                option = name.replace("_", "-")
                self._command.append(f"--no-{option}" if value is False else f"--{option}")
                self._command += [] if isinstance(value, bool) else [str(value)]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start the process and wait until it serves; raises RuntimeError where it ends before that."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self.__exit__(None, None, None)
            raise RuntimeError("the simulator ended before it served; its standard error says why")
        for name, value in json.loads(line).items():
            setattr(self, name, value)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the process, by force if it does not stop by itself."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
