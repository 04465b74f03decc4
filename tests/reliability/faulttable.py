"""The table of `docs/reliability.md`: faults, steps, and what the package does of each at each.

A cell is what happens when the fault comes once, and, behind a comma, the error if it stays. ``again``: the
request is repeated, and the result is right. ``goes on``: it is right without that. ``new instance``,
``new session``: it is right by another one. A name is the error that ends the call at once. ``-``: there is no such
fault at this step.
"""

import re
from typing import NamedTuple

import orjson

from mstr_arrow.simulator import Fault
from tests.reliability.meddling import Meddling

PAGES = r"/instances/"


class Step(NamedTuple):
    """The requests that a fault aims at, after the first ``skip``."""

    method: str
    path: str
    skip: int = 0


STEPS = {
    "log-in": Step("POST", r"/auth/login$"),
    "definition": Step("GET", r"/v2/cubes/\w+$"),
    "instance": Step("POST", r"/instances$"),
    "report": Step("POST", r"/reports/\w+/instances$"),
    "first page": Step("GET", PAGES),
    "any page": Step("GET", PAGES),
    "any page, total order": Step("GET", PAGES),
    "elements": Step("GET", r"/elements$"),
    "dataset": Step("POST", r"/datasets/models$"),
    "upload session": Step("POST", r"/uploadSessions$"),
    "chunk": Step("PUT", r"/uploadSessions/\w+$"),
    "publish": Step("POST", r"/publish$"),
    "refresh": Step("POST", r"/v2/cubes/\w+$"),
    "look at it": Step("HEAD", r"/api/cubes/\w+$", skip=1),
    "log-out": Step("POST", r"/auth/logout$"),
}
LONG_AGO = "Thu, 01 Jan 2026 00:00:00 GMT"


def iserver(code, status=500, text="ERR001"):
    return Fault.error(status, text, iserver_code=code)


def statuses(*numbers):
    """Statuses as they come from the server itself, and from gateways."""
    made = {"JSON": Fault.error, "HTML": Fault.html, "empty": Fault.empty}
    return {f"{number} {kind}": make(number) for number in numbers for kind, make in made.items()}


def of_another(member):
    """Name another instance or object in a page."""
    return Fault.rewritten(lambda body: orjson.dumps({**orjson.loads(body), member: "F" * 32}))


LIVES_ON = Fault.session_expired()
SHORT_OF_TIME = [Fault.slow(3600), Fault.stalled()]
REFUSED, SILENT = "connection refused; host name not found", "no answer within the time-out"
LOST, OUTWAITED = "reset before the answer, but the server did it", "502, 504, but the server did it"
FAULTS = {
    REFUSED: {"refused": Meddling.refused(), "not found": Meddling.not_found()},
    "certificate not accepted, or other TLS failure": {"TLS": Meddling.untrusted()},
    "500, 502, 504, with JSON, HTML or nothing": statuses(500, 502, 504),
    "503, with JSON, HTML or nothing": statuses(503),
    "429 or 503 with Retry-After, in seconds or as a date": {
        f"{status} {kind}": Fault.busy(status, retry_after=wait)
        for status in (429, 503)
        for kind, wait in (("seconds", 0), ("date", LONG_AGO))
    },
    "reset while the request is sent": {"reset": Fault.reset_upload(after=0)},
    LOST: {"reset": Fault.reset()},
    OUTWAITED: {"502": Fault.outwaited(502), "504": Fault.outwaited(504)},
    SILENT: {"silence": SHORT_OF_TIME[0]},
    "reset or end in the middle of the body": {"reset": Fault.reset_midway(), "end": Fault.truncated()},
    "silence in the middle of the body": {"silence": SHORT_OF_TIME[1]},
    "trickle": {"trickle": Fault.trickled(0.3)},
    "body that ends early with the length that was told; broken gzip": {
        "cut short": Fault.cut_short(),
        "gzip": Fault.damaged(),
    },
    "no JSON": {"text": Fault.not_json(), "page": Fault.not_json(b"<html>Please log in</html>")},
    "JSON that is something else": {
        "object": Fault.not_json(b'{"a": 1}'),
        "text": Fault.not_json(b'"maintenance"'),
    },
    "401 ERR009": {"lives on": LIVES_ON, "logged out elsewhere": Fault.logged_out()},
    "instance gone (-2147468986), alone or with all others": {
        "alone": iserver(-2147468986, 404, "ERR004"),
        "all": Fault.instances_dropped(),
    },
    "server's own time-out (-2147206497)": {"time-out": iserver(-2147206497)},
    "memory (-2147073380), governor full (-2147209053)": {
        "memory": iserver(-2147073380),
        "governor": iserver(-2147209053),
    },
    "project unloaded (-2147209151)": {"unloaded": iserver(-2147209151, 404, "ERR004")},
    "cube published again, its instances stay": {"published": Meddling.published()},
    "cube published again, its instances are gone": {"published": Meddling.published(drop=True)},
    "fewer rows than asked for": {"fewer": Fault.short_page(9)},
    "more rows than asked for": {"more": Fault.long_page(5)},
    "wrong offset, another page": {"offset": Fault.lying_page(offset=3), "page": Fault.other_page(15)},
    "another total": {"total": Fault.lying_page(total=9)},
    "page of another object": {"object": of_another("id")},
    "page of another instance": {"instance": of_another("instanceId")},
}

ERRORS = {
    "A": "AlreadyExists",
    "B": "ServerBusy",
    "C": "ConnectError",
    "D": "DataChanged",
    "E": "SessionExpired",
    "I": "InstanceGone",
    "L": "TlsError",
    "M": "DataMismatch",
    "N": "NotFound",
    "P": "ProtocolError",
    "S": "ServerError",
    "T": "TimeoutExceeded",
}
WORDS = {
    "+": "again",
    "=": "goes on",
    "s": "new session",
    "si": "new session and new instance",
    "i": "new instance",
    "s+": "new session and again",
}
# A cell is what is done (WORDS) and the error if it stays (ERRORS, "u" for UploadFailed because of it).
TABLE = {
    REFUSED: "+C +C +C +C +C +C +C +C +C +C +uC +uC +C +T +",
    "certificate not accepted, or other TLS failure": "L L L L L L L L L L uL uL L =T +",
    "500, 502, 504, with JSON, HTML or nothing": "+S +S +S +S +S +S +S +S +S +S +uS +uS +S +T +",
    "503, with JSON, HTML or nothing": "+B +B +B +B +B +B +B +B +B +B +uB +uB +B +T +",
    "429 or 503 with Retry-After, in seconds or as a date": "+B +B +B +B +B +B +B +B +B +B +uB +uB +B +T +",
    "reset while the request is sent": "+C +C +C +C +C +C +C +C +C +C +uC +uC +C +T +",
    LOST: "+C +C +C +C +C +C +C +C = s+C +uC = = +T +",
    OUTWAITED: "+S +S +S +S +S +S +S +S = s+S +uS = = +T +",
    SILENT: "T +T T T +T +T +T +T T T +uT uT +T +T +",
    "reset or end in the middle of the body": "- +C +C +C +C +C +C +C = s+C - - = - -",
    "silence in the middle of the body": "- +T +T +T +T +T +T +T = s+T - - = - -",
    "trickle": "- = = = = = = = = = - - = - -",
    "body that ends early with the length that was told; broken gzip": "- +P +P +P =P =P =P +P = s+A - - = - -",
    "no JSON": "+P +P +P +P =P =P =P +P +P +P +uP +uP +P = =",
    "JSON that is something else": "+P +P +P +P =P =P =P +P +P +P - - +P - -",
    "401 ERR009": "- sE sE sE siI I siI sE sE sE suE suE sE - -",
    "instance gone (-2147468986), alone or with all others": "- - - - iI I iI - - - - - - - -",
    "server's own time-out (-2147206497)": "B B B B =B =B =B =B B B uB uB +B +T +",
    "memory (-2147073380), governor full (-2147209053)": "+B +B +B +B +B +B +B +B +B +B +uB +uB +B +T +",
    "project unloaded (-2147209151)": "N N N N N N N N N N uN uN N = +",
    "cube published again, its instances stay": "- = = - = = = = - - - - - - -",
    "cube published again, its instances are gone": "- = = - i I D = - - - - - - -",
    "fewer rows than asked for": "- - = - = = = - - - - - - - -",
    "more rows than asked for": "- - = - =M =M =M - - - - - - - -",
    "wrong offset, another page": "- - = - =M =M =M - - - - - - - -",
    "another total": "- - M - =M =M =M - - - - - - - -",
    "page of another object": "- - = - =M =M =M - - - - - - - -",
    "page of another instance": "- - - - =M =M =M - - - - - - - -",
}


def spelled(code):
    """Spell a cell out.

    >>> spelled("+uS")
    'again, UploadFailed (ServerError)'
    """
    if code == "-":
        return code
    done, upload, error = re.fullmatch(r"(=|s?i?\+?)(u?)([A-Z]?)", code).groups()
    name = ERRORS.get(error, "")
    return ", ".join(filter(None, [WORDS.get(done, ""), f"UploadFailed ({name})" if upload else name]))


def lines():
    """Give the table as the page has it."""
    rows = [["fault", *STEPS], *([fault, *map(spelled, row.split())] for fault, row in TABLE.items())]
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "| --- " * (len(STEPS) + 1) + "|", *body])


def cells():
    """List fault, variant, step and what is told of them, with whether the variant stands for its row."""
    for fault, row in TABLE.items():
        for number, (step, code) in enumerate(zip(STEPS, row.split(), strict=True)):
            for place, variant in enumerate(FAULTS[fault] if code != "-" else ()):
                stands = place == number % len(FAULTS[fault])
                yield fault, variant, step, spelled(code), stands
