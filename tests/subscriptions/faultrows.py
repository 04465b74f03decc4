"""The table of subscriptions in `docs/reliability.md`: faults, steps, and what is done of each at each.

A cell is what happens when the fault comes once, and, behind a comma, the error if it stays, in the words of
`tests.reliability.faulttable`.
"""

from typing import NamedTuple

from mstr_arrow import delivery
from tests.reliability.faultgrid import FaultGrid
from tests.reliability.faulttable import LOST, OUTWAITED, SILENT

NOBODY = delivery.HistoryList()
SILENT_AFTER = "silence in the middle of the body"


class Step(NamedTuple):
    """The requests that a fault aims at, and the call that makes one, with a connection and a subscription."""

    method: str
    path: str
    call: object


def create(conn, _):
    conn.subscribe("New", "Sales Cube", "Every Morning", conn.user(), NOBODY)


def delete_address(conn, _):
    conn.user().delete_address("there@example.com")


STEPS = {
    "list, status": Step("GET", r"/subscriptions$", lambda conn, _: conn.subscriptions()),
    "create": Step("POST", r"/subscriptions$", create),
    "change": Step("PUT", r"/subscriptions/\w+$", lambda _, made: made.update(name="Changed")),
    "send": Step("POST", r"/send$", lambda _, made: made.send()),
    "delete": Step("DELETE", r"/subscriptions/\w+$", lambda _, made: made.delete()),
    "add address": Step("POST", r"/addresses$", lambda conn, _: conn.user().add_address("New", "new@example.com")),
    "delete address": Step("DELETE", r"/addresses/\w+$", delete_address),
}
ROWS = {
    "500, 502, 504, with JSON, HTML or nothing": "+S +S +S S +S +S +S",
    "503, with JSON, HTML or nothing": "+B +B +B B +B +B +B",
    "429 or 503 with Retry-After, in seconds or as a date": "+B +B +B +B +B +B +B",
    "reset while the request is sent": "+C +C +C C +C +C +C",
    LOST: "+C = +C = = = =",
    OUTWAITED: "+S = +S = = = =",
    SILENT: "+T T +T T T T T",
    SILENT_AFTER: "+T = +T - - = -",
    "no JSON": "+P +P +P P +P +P +P",
    "JSON that is something else": "+P +P +P - - +P -",
    "401 ERR009": "sE sE sE sE sE sE sE",
    "memory (-2147073380), governor full (-2147209053)": "+B +B +B +B +B +B +B",
    "project unloaded (-2147209151)": "N N N N N N N",
}
GRID = FaultGrid(STEPS, ROWS)
