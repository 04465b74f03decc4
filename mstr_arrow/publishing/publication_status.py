"""How far a publication is, in the same words for all that is published. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from mstr_arrow.errors import MstrError

State: TypeAlias = Literal["running", "done", "failed", "cancelled"]
"""Whether a publication is under way, or how it ended."""


@dataclass(frozen=True, slots=True)
class PublicationStatus:
    """How far a publication is.

    ``message`` says in words what the server does. After a success ``proof`` says what proves that the data are
    new, None if nothing does; after a failure ``error`` is the server's reason, if it tells one.

    >>> PublicationStatus("running", "executing").over
    False
    """

    state: State
    message: str = ""
    proof: str | None = None
    error: MstrError | None = None

    @property
    def over(self) -> bool:
        """Whether the publication has ended."""
        return self.state != "running"

    def __str__(self) -> str:
        return f"{self.state}: {self.message}" if self.message else self.state
