"""An I-Server on this machine, for the demo, the tests and the benchmarks."""

from .faults.faults import Fault
from .iserver import RecordedRequest, ServerSettings
from .model.encoded_cube import EncodedCube
from .process import SimulatorProcess
from .server import Simulator
from .workload import TimeModel

__all__ = [
    "EncodedCube",
    "Fault",
    "RecordedRequest",
    "ServerSettings",
    "Simulator",
    "SimulatorProcess",
    "TimeModel",
]
