"""Recipients of a subscription (wire reference, section 8.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mstr_arrow.delivery.part import choose_word

TYPES = ("user", "user_group", "contact", "contact_group", "personal_address")

INCLUDED = ("TO", "CC", "BCC")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of a delivery.

    ``to`` is a user, group, contact or address of this package, its name or id; ``type`` is the type of an
    id: ``"user"``, ``"user_group"``, ``"contact"``, ``"contact_group"`` or ``"personal_address"``. ``include`` is
    where an e-mail names them: ``"TO"``, ``"CC"`` or ``"BCC"``.

    >>> Recipient("Ann Lee", include="cc").include
    'CC'
    """

    to: Any
    type: str | None = None
    include: str = "TO"

    def __post_init__(self) -> None:
        if self.type is not None:
            object.__setattr__(self, "type", choose_word("the type of a recipient", self.type, TYPES))
        object.__setattr__(self, "include", choose_word("the place of a recipient", self.include, INCLUDED))
