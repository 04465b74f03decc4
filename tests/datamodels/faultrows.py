"""The table of data models in `docs/reliability.md`: faults, steps of a refresh, and what is done of each at each.

A cell is what happens when the fault comes once, and, behind a comma, the error if it stays, in the words of
`tests.reliability.faulttable`; "f" is PublishFailed.
"""

from typing import NamedTuple

from tests.reliability.faultgrid import FaultGrid
from tests.reliability.faulttable import LOST, OUTWAITED, SILENT, spelled


class Step(NamedTuple):
    """The requests that a fault aims at."""

    method: str
    path: str


STEPS = {
    "tables": Step("GET", r"/tables$"),
    "make an instance": Step("POST", r"/dataModels/\w+/instances$"),
    "publish": Step("POST", r"/publish$"),
    "look at it": Step("GET", r"/publishStatus$"),
    "delete the instance": Step("DELETE", r"/dataModels/"),
}
ROWS = {
    "500, 502, 504, with JSON, HTML or nothing": "+S +S +S +T +",
    "503, with JSON, HTML or nothing": "+B +B +B +T +",
    "429 or 503 with Retry-After, in seconds or as a date": "+B +B +B +T +",
    "reset while the request is sent": "+C +C +C +T +",
    LOST: "+C +C = +T +",
    OUTWAITED: "+S +S = +T +",
    SILENT: "+T +T +T +T +",
    "no JSON": "+P +P +P +T =",
    "JSON that is something else": "+P - - +T -",
    "401 ERR009": "sE sE sI s s",
    "instance gone (-2147468986), alone or with all others": "- - +I = =",
    "memory (-2147073380), governor full (-2147209053)": "+B +B +B +T +",
    "project unloaded (-2147209151)": "N N N f =",
}


def told(code):
    """Spell a cell out."""
    return "PublishFailed" if code == "f" else spelled(code)


GRID = FaultGrid(STEPS, ROWS, told)
