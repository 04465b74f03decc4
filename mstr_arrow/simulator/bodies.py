"""Checks of request bodies, and the server's 400 for wrong bodies."""

from __future__ import annotations

from typing import Any

from .responses import Refusal


def json_object(value: Any) -> dict[str, Any]:
    """Return a JSON object, an empty one for null; raise the server's 400 for any other value."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_request("The body of an instance request is made of JSON objects")
    return value


def bad_request(message: str) -> Refusal:
    """Make the server's 400 for a body that asks for the impossible."""
    return Refusal(400, "ERR006", message)
