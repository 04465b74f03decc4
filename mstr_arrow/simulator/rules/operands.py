"""The nodes, operands and ids that conditions are made of, and the server's 400 for what they must not be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.bodies import bad_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.simulator.responses import Refusal

NULL_ELEMENT = "\\N"
"""The middle of the null element's id."""

_ID = re.compile(r"[0-9A-Fa-f]{32}")
_COLON_ELEMENT = re.compile(r"(?P<attribute>[0-9A-Fa-f]{32}):(?P<value>.*)", re.DOTALL)
_H_ELEMENT = re.compile(r"h(?P<value>.*);(?P<attribute>[0-9A-Fa-f]{32})", re.DOTALL)
_OPERAND_TYPES = ("attribute", "constant", "constants", "elements", "form", "metric")
_ALIASES = {
    "=": "Equals",
    "!=": "NotEqual",
    ">": "Greater",
    "<": "Less",
    ">=": "GreaterEqual",
    "<=": "LessEqual",
    "null": "IsNull",
    "notnull": "IsNotNull",
    "|": "Or",
}


def node_parts(node: Any) -> tuple[str, list[Any]]:
    """Split a node into its operator, aliases resolved, and its operands."""
    if not isinstance(node, dict) or not isinstance(node.get("operands"), list):
        raise bad_request("A condition is a JSON object with an operator and operands")
    name = node.get("operator")
    if not isinstance(name, str):
        raise invalid_operator(node)
    return _ALIASES.get(name, name), node["operands"]


def leaf_operand(operand: Any) -> dict[str, Any]:
    """Take an operand of a condition that is no logical one."""
    kind = operand.get("type") if isinstance(operand, dict) else None
    if kind not in _OPERAND_TYPES:
        known = ", ".join(_OPERAND_TYPES)
        raise bad_request(f"Could not resolve type id '{kind}' as a subtype of Operand: known type ids = [{known}]")
    return dict(operand)


def member_id(operand: dict[str, Any], name: str) -> Any:
    """Give the id of the object that an operand holds as a member."""
    member = operand.get(name)
    if not isinstance(member, dict):
        raise bad_request(f"The operand {operand['type']} has no {name}.")
    return member.get("id")


def object_key(value: Any, kind: str) -> str:
    """Give an object's id as the server spells it; raise its 400 for what is no id at all."""
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise bad_request(f"Invalid {kind} id - {value}")
    return value.upper()


def element_parts(item: Any) -> tuple[str, str]:
    """Split an element's id, in either spelling, into the id of its attribute and its middle."""
    text = item.get("id") if isinstance(item, dict) else None
    found = (_COLON_ELEMENT.fullmatch(text) or _H_ELEMENT.fullmatch(text)) if isinstance(text, str) else None
    if found is None:
        raise bad_request(f"Invalid element id - {text}")
    return found["attribute"].upper(), found["value"]


def expect_operands(operator: str, operands: Sequence[Any], count: int) -> None:
    """Raise the server's 400 unless there are so many operands."""
    if len(operands) != count:
        raise wrong_count(operator, count)


def wrong_count(operator: str, count: int) -> Refusal:
    """Give the server's 400 for too many or too few operands."""
    return bad_request(f"There should be {count} operands for operator - {operator}")


def invalid_operator(node: dict[str, Any]) -> Refusal:
    """Give the server's 400 for an operator that it does not know, or not here."""
    return bad_request(f"Invalid operator - {node.get('operator')}")


def wrong_operands(node: dict[str, Any]) -> Refusal:
    """Give the server's 400 for operands that do not go with each other or with the operator."""
    kinds = ", ".join(str(operand.get("type")) for operand in node["operands"])
    return bad_request(f"Invalid combination of operands for operator - {node['operator']}: {kinds}")
