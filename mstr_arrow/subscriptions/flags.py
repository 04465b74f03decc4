"""The name of a subscription, and what its recipients may do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from mstr_arrow.catalog.object_info import check_text
from mstr_arrow.delivery.part import camel
from mstr_arrow.errors import UsageError
from mstr_arrow.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping


class Flags(TypedDict, total=False):
    """The rights of recipients: change the delivery or the form, or leave; by default none."""

    allow_delivery_changes: bool
    allow_personalization_changes: bool
    allow_unsubscribe: bool


def check_flags(flags: Mapping[str, object]) -> dict[str, bool]:
    """Return the members of a body for these; errors: UsageError.

    >>> check_flags({"allow_unsubscribe": True})
    {'allowUnsubscribe': True}
    """
    for name, value in flags.items():
        if name not in Flags.__annotations__:
            raise UsageError(f"a subscription has no {name!r}.", hint=suggestion(name, list(Flags.__annotations__)))
        if not isinstance(value, bool):
            raise UsageError(f"{name} is {value!r}.", hint="It is True or False.")
    return {camel(name): bool(value) for name, value in flags.items()}


def check_name(name: object) -> str:
    """Take the name of a subscription; errors: UsageError for none."""
    check_text("name of a subscription", name)
    if not str(name).strip():
        raise UsageError("the name of a subscription is empty.", hint="Give one that people recognise.")
    return str(name)
