"""The check of a subscription's body, and the subscription that it makes (Wire reference, section 8.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.bodies import bad_request
from mstr_arrow.simulator.responses import OBJECT_NOT_FOUND, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

MODES = frozenset(
    [
        "EMAIL",
        "FILE",
        "PRINTER",
        "HISTORY_LIST",
        "CACHE",
        "MOBILE",
        "FTP",
        "SNAPSHOT",
        "PERSONAL_VIEW",
        "SHARED_LINK",
        "ONEDRIVE",
        "SHAREPOINT",
        "S3",
        "GOOGLEDRIVE",
        "GCS",
    ]
)
LISTS = ("schedules", "contents", "recipients")

_CHOICES = {
    "formatMode": [
        "DEFAULT",
        "CURRENT_PAGE",
        "ALL_PAGES",
        "ALL_PAGES_SEPARATED",
        "CURRENT_WINDOW",
        "CURRENT_LAYOUT",
    ],
    "viewMode": ["DEFAULT", "GRID", "GRAPH", "BOTH", "NONINTERACTIVE"],
    "formatType": [
        "PLAIN_TEXT",
        "EXCEL",
        "HTML",
        "PDF",
        "STREAMING",
        "CSV",
        "JSON",
        "VIEW",
        "INTERACTIVE",
        "EDITABLE",
        "EXPORT_FLASH",
        "SWF_MHT",
        "SWF_HTML",
        "PHONE",
        "TABLET",
        "MSTR",
        "IMAGE",
    ],
}
_SEND_AS = {"data", "data_and_history_list", "data_and_link_and_history_list", "link_and_history_list"}
_FORMATS = {"RESERVED", "JSON", "BINARY", "BOTH"}
_INCLUDED = {"TO", "CC", "BCC"}
_POLICIES = {"add", "delete", "update", "upsert", "replace"}
_MOST = {"subject": 265, "message": 1000}
_LONGEST_NAME = 255


def check_body(body: Any, *, new: bool) -> dict[str, Any]:
    """Take the body of a subscription; what is missing in a ``new`` one is refused, in another it is dropped."""
    if not isinstance(body, dict):
        raise bad_request("The body of a subscription is a JSON object.")
    for name in ("name", "delivery", *(LISTS if new else ())):
        if not body.get(name) and not (name == "schedules" and body.get("sendNow")):
            raise Refusal(400, "ERR007" if name in body else "ERR005", f"The field '{name}' is missing.")
    if not isinstance(body["name"], str) or len(body["name"]) > _LONGEST_NAME:
        raise bad_request("The field 'name' is not valid.")
    for name in LISTS:
        if not all(isinstance(each, dict) and isinstance(each.get("id"), str) for each in _list(body, name)):
            raise bad_request(f"The field '{name}' is a list of objects with an id.")
    for content in _list(body, "contents"):
        _check_content(content)
    for recipient in _list(body, "recipients"):
        if (recipient.get("includeType") or "TO") not in _INCLUDED:
            raise bad_request(f"Invalid value '{recipient['includeType']}' of 'includeType'.")
    _check_delivery(body["delivery"])
    return body


def no_object(what: str, wanted: str) -> Refusal:
    """Give the refusal of an id that nothing has."""
    return Refusal(404, "ERR004", f"(The {what} '{wanted}' was not found.)", iserver_code=OBJECT_NOT_FOUND)


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    found = body.get(name) or []
    if not isinstance(found, list):
        raise bad_request(f"The field '{name}' is a list.")
    return found


def _check_content(content: Mapping[str, Any]) -> None:
    personalization = content.get("personalization") or {}
    for name, known in _CHOICES.items():
        if (personalization.get(name) or known[0]) not in known:
            raise bad_request(f"Invalid value '{personalization[name]}' of '{name}'.")
    condition = content.get("refreshCondition")
    if condition is None:
        return
    tables = condition.get("tables") or []
    policies = [table.get("refreshPolicy") for table in tables] or [condition.get("datasetRefreshPolicy")]
    for policy in policies:
        if policy not in _POLICIES:
            raise bad_request(f"Invalid refresh policy '{policy}'.")


def _check_delivery(delivery: Any) -> None:
    mode = delivery.get("mode") if isinstance(delivery, dict) else None
    if mode not in MODES:
        raise bad_request(f"Invalid value '{mode}' of 'mode'.")
    expiration = delivery.get("expiration")
    if expiration is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(expiration)):
        raise bad_request(f"Invalid value '{expiration}' of 'expiration': yyyy-MM-dd is expected.")
    email = delivery.get("email") or {}
    for name, most in _MOST.items():
        if len(email.get(name) or "") > most:
            raise bad_request(f"The field '{name}' has more than {most} characters.")
    if (email.get("sendContentAs") or "data") not in _SEND_AS:
        raise bad_request(f"Invalid value '{email['sendContentAs']}' of 'sendContentAs'.")
    if ((delivery.get("cache") or {}).get("shortcutCacheFormat") or "BOTH") not in _FORMATS:
        raise bad_request("Invalid value of 'shortcutCacheFormat'.")
