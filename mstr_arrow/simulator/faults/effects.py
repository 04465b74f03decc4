"""The effects of a fault on a request, or on the execution, publication or delivery that the request starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.simulator.responses import Refusal, Response


@dataclass(frozen=True, slots=True)
class OtherResponse:
    """Another response in place of the server's."""

    response: Response


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """A JSON error in place of the server's response."""

    refusal: Refusal
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CutResponse:
    """The response, of which only a part goes out.

    ``part`` is the share of the body that is sent; None sends nothing, not even headers. Then the
    connection is reset, or closed in order, or (``ending="stall"``) stays silent for ``seconds``;
    ``ending="complete"`` makes the part look whole to HTTP, and ``"trickle"`` sends it piece by piece over
    ``seconds``. ``ending="damage"`` sends all of it, packed, with some bytes changed.
    """

    part: float | None
    ending: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PageChange:
    """A page that has at most ``rows`` rows, or ``more`` than were asked for, or starts ``shift`` rows off.

    Or one whose ``paging`` members are off by these numbers.
    """

    rows: int | None = None
    more: int = 0
    shift: int = 0
    paging: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GatewayTimeout:
    """A gateway's response in place of the server's, which carries the request out all the same."""

    response: Response


@dataclass(frozen=True, slots=True)
class BodyRewrite:
    """The server's response, with the body that a function makes of its body."""

    rewrite: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Delay:
    """The right response, ``seconds`` late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class CutRequest:
    """A connection that is reset while the request's body comes in, when ``after`` bytes of it have."""

    after: int


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """The end of the session that the request belongs to."""


@dataclass(frozen=True, slots=True)
class InstanceEviction:
    """The end of all instances of the session that the request belongs to."""


@dataclass(frozen=True, slots=True)
class PublishEnd:
    """How a publication of pushed data ends; ``status`` None means that it never does."""

    status: int | None
    message: str


@dataclass(frozen=True, slots=True)
class ExecutionFailure:
    """How the execution that a request starts ends, when its time is over; ``status`` is 3 or 18."""

    refusal: Refusal
    status: int


@dataclass(frozen=True, slots=True)
class DeliveryEnd:
    """How the delivery of a subscription ends; ``state`` 0 means that it never does."""

    state: int
    message: str


@dataclass(frozen=True, slots=True)
class LostPublication:
    """A publication of a cube that ends without a word, and leaves the data as they were."""


Effect: TypeAlias = (
    OtherResponse
    | ErrorResponse
    | CutResponse
    | PageChange
    | GatewayTimeout
    | BodyRewrite
    | Delay
    | CutRequest
    | SessionEnd
    | InstanceEviction
    | PublishEnd
    | ExecutionFailure
    | DeliveryEnd
    | LostPublication
)
