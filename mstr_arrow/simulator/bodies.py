"""Bodies of requests: that they are made of JSON objects, and the server's 400 where they are wrong."""

from __future__ import annotations

from typing import Any

from .responses import Refusal


def json_object(value: Any) -> dict[str, Any]:
    """Take a JSON object, null as an empty one; raise the server's 400 for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_request("The body of an instance request is made of JSON objects")
    return value


def bad_request(message: str) -> Refusal:
    """Give the server's 400 for a body that asks for something it cannot do."""
    return Refusal(400, "ERR006", message)
