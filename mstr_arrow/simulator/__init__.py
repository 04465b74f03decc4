"""A simulated I-Server on this machine, for demonstrations, tests and benchmarks."""

from .faults.fault import Fault
from .model.encoded_cube import EncodedCube
from .process import SimulatorProcess
from .rules.collation import Collation
from .server import Simulator
from .settings.server_settings import FurtherProject, ServerSettings
from .settings.time_model import TimeModel
from .state.iserver import RecordedRequest

__all__ = [
    "Collation",
    "EncodedCube",
    "Fault",
    "FurtherProject",
    "RecordedRequest",
    "ServerSettings",
    "Simulator",
    "SimulatorProcess",
    "TimeModel",
]
