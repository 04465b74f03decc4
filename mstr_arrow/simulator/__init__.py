"""An I-Server on this machine, for the demo, the tests and the benchmarks."""

from .faults.faults import Fault
from .model.encoded_cube import EncodedCube
from .process import SimulatorProcess
from .server import Simulator
from .state.iserver import RecordedRequest
from .state.projects import FurtherProject
from .state.settings import ServerSettings
from .state.workload import TimeModel

__all__ = [
    "EncodedCube",
    "Fault",
    "FurtherProject",
    "RecordedRequest",
    "ServerSettings",
    "Simulator",
    "SimulatorProcess",
    "TimeModel",
]
