"""Errors that come with the status of a success. Pure: wire reference, section 2.1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import ProtocolError
from mstr_arrow.http.body import json_text, loads, unpack
from mstr_arrow.http.error_map import code_number, iserver_code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.http.response import Response

LONGEST, LONGEST_PACKED = 2**16, 2**13
"""Bytes of a body, as it came, beyond which it is no error: most pages of data are longer."""

_PARTIAL = 207
"""The status of a response that tells of successes and failures one by one: the caller looks at each."""

_MARKS = (b'"iServerCode"', b'"code"', b'"errors"')
_CODE = re.compile(r"ERR\w+|(0x)?8[0-9a-f]{7}", re.IGNORECASE | re.ASCII)
_OF_RESPONSES = frozenset(
    {
        *("id", "mid", "name", "instanceId", "data", "definition", "result", "results", "totalItems", "paging"),
        *("elements", "objects", "prompts", "pageBy", "validPageByElements", "jobs", "nodes", "cubeCaches"),
        *("cubesInfos", "projects", "apiToken", "uploadSessionId", "sqlStatement", "iServerVersion", "timeout"),
    }
)
"""Members that responses have and errors do not."""

_LEAST_HTTP_STATUS = 100


def error_within(response: Response) -> bytes | None:
    """Return the text of a successful response that is an error all the same; None for any other.

    Only short bodies that look like one are read, so that pages of data cost nothing.
    """
    longest = LONGEST_PACKED if response.encoding else LONGEST
    if response.status == _PARTIAL or not 0 < len(response.body) <= longest:
        return None
    try:
        content = json_text(unpack(response.body, response.encoding), response.headers.get("Content-Type", ""))
        if content.lstrip()[:1] != b"{" or not any(mark in content for mark in _MARKS):
            return None
        body = loads(content)
    except (ProtocolError, ValueError):
        return None  # the reader of the response says so
    return content if is_error(body) else None


def is_error(body: Any) -> bool:
    """Tell an error from a response that has members of the same names.

    An error has a code of the Intelligence Server's, unless it tells the status of an instance or a publication; or
    the REST server's and nothing that responses have; or it is a list of ``errors`` alone.

    >>> is_error({"code": "ERR001", "message": "no"}), is_error({"code": "ERR1", "id": "A1", "name": "Errors"})
    (True, False)
    """
    if not isinstance(body, dict):
        return False
    if iserver_code_of(body):
        return not _is_of_enumeration(body.get("status"))
    if not _OF_RESPONSES.isdisjoint(body):
        return False
    listed = body.get("errors")
    if isinstance(listed, list) and listed and all(isinstance(each, dict) and _is_coded(each) for each in listed):
        return True
    return _is_coded(body)


def _is_coded(fields: Mapping[str, Any]) -> bool:
    code = fields.get("code")
    if code_number(code) is None and not (isinstance(code, str) and _CODE.fullmatch(code)):
        return bool(iserver_code_of(fields))
    return True


def _is_of_enumeration(status: Any) -> bool:
    """Tell a status of EnumDSSXMLStatus, as instances and publications have one, from an HTTP status."""
    try:
        return int(status) < _LEAST_HTTP_STATUS
    except (TypeError, ValueError, OverflowError):
        return False
