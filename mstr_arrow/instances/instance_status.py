"""The status of an instance: ready, waiting for answers, failed, or what the server is doing. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.http.error_map import iserver_code_of
from mstr_arrow.http.response import parse_json
from mstr_arrow.responses import protocol_error, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.masked import Masked

READY, PROMPTED = 1, 2
FAILED = frozenset({3, 18})

_ACCEPTED, _NO_CONTENT = 202, 204

_DOING = {
    0: "starting",
    READY: "ready",
    PROMPTED: "waiting for answers to prompts",
    3: "failed",
    4: "running the job",
    5: "writing the SQL",
    6: "running the SQL",
    7: "computing in the analytical engine",
    8: "resolving",
    9: "waiting for a cache",
    10: "updating the cache",
    13: "waiting",
    14: "waiting for a governor",
    15: "waiting for the project",
    16: "waiting for other jobs",
    17: "preparing the output",
    18: "failed",
    19: "building the result",
    20: "building the result",
    21: "building the result",
    22: "running on another node",
    23: "loading the prompts",
    24: "exporting",
    26: "fetching the results",
}

_PAGE = re.compile(rb'"paging"\s*:')
_PAGE_OF = re.compile(rb'"instanceId"\s*:\s*"([^"]+)"')
_LOCATION = re.compile(r"/instances/([^/?#]+)")


@dataclass(frozen=True, slots=True)
class State:
    """The state of an instance, as a response tells it.

    ``number`` is the server's (EnumDSSXMLStatus), None where it gives none; ``whole`` says that the answer is a
    page of data; ``message`` is the server's reason of a failure, and ``failure`` the answer that told it with a
    code of the Intelligence Server's. ``tells`` is false for an answer that says nothing of an instance, such as
    one without a body, which may be a gateway's.
    """

    instance_id: str | None
    number: int | None
    whole: bool = False
    message: str | None = None
    failure: bytes | None = None
    tells: bool = True

    @property
    def doing(self) -> str:
        """The server's present work, in words."""
        return "running" if self.number is None else _DOING.get(self.number, f"running (status {self.number})")


def read_state(
    status: int, headers: Mapping[str, str], content: bytes, *, source_id: str, secrets: Sequence[Masked] = ()
) -> State:
    """Read what an answer about an instance tells, whichever of the known shapes it has (section 3.9).

    ``source_id`` is the report's or cube's: some answers call the instance ``id``, others the object. Errors:
    ProtocolError for an answer that is no JSON object, which shows its start without the ``secrets``.

    >>> read_state(202, {}, b'{"id": "R1", "instanceId": "I1", "status": 6}', source_id="R1").doing
    'running the SQL'
    >>> read_state(202, {"Location": "/api/v2/reports/R1/instances/I1?limit=1"}, b"", source_id="R1").instance_id
    'I1'
    """
    if _PAGE.search(content):  # it may be big, so it is not parsed where it names its instance
        found = _PAGE_OF.search(content)
        known = found.group(1).decode() if found else _instance_id(_object(content, secrets), headers, source_id)
        return State(known, READY, whole=True)
    body = _object(content, secrets) if content.strip() else {}
    number = whole_number(body.get("status"))
    if number is None:
        number = whole_number(headers.get("X-MSTR-IStatus"))
    named = _instance_id(body, headers, source_id)
    tells = number is not None or named is not None or status == _NO_CONTENT
    if status == _ACCEPTED and number == READY:  # ready comes with 200
        number = None
    if status != _ACCEPTED and number is None:
        number = READY
    failure = content if number in FAILED and iserver_code_of(body) else None
    return State(named, number, message=_message(body), failure=failure, tells=tells)


def _object(content: bytes, secrets: Sequence[Masked]) -> dict[str, Any]:
    body = parse_json(content, secrets)
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        raise protocol_error(body, "an instance or a page of data")
    return body


def _instance_id(body: Mapping[str, Any], headers: Mapping[str, str], source_id: str) -> str | None:
    named = body.get("instanceId") or body.get("mid") or headers.get("X-MSTR-MS-Instance")
    if not named and str(body.get("id") or source_id).upper() != source_id.upper():
        named = body["id"]
    if not named and (found := _LOCATION.search(headers.get("Location", ""))):
        named = found.group(1)
    return str(named) if named else None


def _message(body: Mapping[str, Any]) -> str | None:
    for name in ("message", "errorMessage", "reason"):
        if isinstance(body.get(name), str) and body[name].strip():
            return str(body[name]).strip()
    return None
