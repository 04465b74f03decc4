"""The simulator in a process of its own, so that server and client do not share an interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

from .settings.assignments import write_assignments
from .settings.server_settings import ServerSettings

if TYPE_CHECKING:
    from types import TracebackType

_STOP_SECONDS = 5


class SimulatorProcess:
    """Run ``python -m mstr_arrow.simulator`` as a context manager.

    The keyword arguments are those of `Simulator`, except that functions are given by name, for the other process
    to call: ``encoded="module:function"`` returns a list of ``EncodedCube``, ``faults="module:function"`` the
    faults to plan. The process ends with this one, even with a killed one::

        with SimulatorProcess(rows=1_000_000, encode_once=True, time=TimeModel(workers=4)) as sim:
            ...  # sim.url, sim.username, sim.password, sim.project
    """

    url: str
    username: str
    password: str
    project: str

    def __init__(
        self, *, port: int = 0, encoded: str | None = None, faults: str | None = None, **settings: Any
    ) -> None:
        self._command = [sys.executable, "-m", "mstr_arrow.simulator", "--until-stdin-closes", f"--port={port}"]
        self._command += [f"--set={each}" for each in write_assignments(ServerSettings(**settings))]
        self._command += [f"--encoded={encoded}"] if encoded else []
        self._command += [f"--faults={faults}"] if faults else []
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start the process and wait for the first response. Raise RuntimeError where the process ends before."""
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
        """Stop the process, by force where the process does not stop on request."""
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
