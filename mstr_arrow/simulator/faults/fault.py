"""One fault that a test plans: the effect, and the requests that meet the fault."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mstr_arrow.simulator.responses import Refusal, Response, gateway

from .effects import (
    BodyRewrite,
    CutRequest,
    CutResponse,
    Delay,
    DeliveryEnd,
    ErrorResponse,
    ExecutionFailure,
    GatewayTimeout,
    InstanceEviction,
    LostPublication,
    OtherResponse,
    PageChange,
    PublishEnd,
    SessionEnd,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .effects import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A planned failure; one of the constructors below makes a fault, and ``on`` aims it.

    A fault without an aim meets the next request, and no other.

    >>> fault = Fault.html(502).on("GET", r"/instances/", skip=1, times=2)
    >>> fault.matches("GET", "/api/v2/cubes/A1/instances/B2")
    True
    """

    effect: Effect
    method: str | None = None
    path: str = ""
    skip: int = 0
    times: int | None = 1
    every: int = 1
    chance: float = 1.0
    project: str | None = None

    def on(
        self,
        method: str | None = None,
        path: str = "",
        *,
        skip: int = 0,
        times: int | None = 1,
        every: int = 1,
        chance: float = 1.0,
        project: str | None = None,
    ) -> Fault:
        """Aim at requests by method, by a regular expression for the path, and by project; None matches all.

        The first ``skip`` matching requests pass unharmed. After them each ``every``-th request is due, and of the
        due requests a share of ``chance``, drawn from the simulator's ``fault_seed``, meets the fault. ``times``
        limits the number of requests that meet the fault; None sets no limit. Errors: ValueError for ``every``
        below 1 or ``chance`` outside 0 … 1.

        >>> mixed = [Fault.html(502), Fault.reset()]
        >>> one_in_a_hundred = [fault.on("GET", r"/instances/", times=None, chance=0.005) for fault in mixed]
        >>> each_500th = Fault.instances_dropped().on("GET", r"/instances/", times=None, every=500)
        """
        if every < 1 or not 0 <= chance <= 1:
            raise ValueError(f"every={every} is at least 1, and chance={chance} from 0 to 1")
        aimed = replace(self, method=method, path=path, project=project)
        return replace(aimed, skip=skip, times=times, every=every, chance=chance)

    def matches(self, method: str, path: str, project: str = "") -> bool:
        """Tell whether the fault aims at a request."""
        aimed = self.method in {None, method} and self.project in {None, project}
        return aimed and re.search(self.path, path) is not None

    @classmethod
    def error(
        cls,
        status: int,
        code: str = "ERR001",
        *,
        iserver_code: int | None = None,
        message: str = "(A scripted failure.)",
    ) -> Fault:
        """Respond with a JSON error."""
        return cls(effect=ErrorResponse(Refusal(status, code, message, iserver_code=iserver_code)))

    @classmethod
    def session_expired(cls) -> Fault:
        """Respond with 401 ERR009, without ending the session."""
        return cls.error(401, "ERR009", message="The user's session has expired, please reauthenticate")

    @classmethod
    def busy(cls, status: int = 503, *, retry_after: float | str = 1) -> Fault:
        """Respond with 429 or 503 and ``Retry-After``: a number of seconds, or a date as text."""
        refusal = Refusal(status, "ERR0016", "Service unavailable")
        wait = retry_after if isinstance(retry_after, str) else f"{retry_after:g}"
        return cls(effect=ErrorResponse(refusal, {"Retry-After": wait}))

    @classmethod
    def outwaited(cls, status: int = 504) -> Fault:
        """Respond with the HTML page of a gateway that gave up; the server carries the request out all the same."""
        return cls(effect=GatewayTimeout(gateway(status)))

    @classmethod
    def rewritten(cls, rewrite: Callable[[bytes], bytes]) -> Fault:
        """Respond with the body that a function makes of the right body, before compression."""
        return cls(effect=BodyRewrite(rewrite))

    @classmethod
    def empty(cls, status: int = 503) -> Fault:
        """Respond without a body."""
        return cls(effect=OtherResponse(Response(status=status)))

    @classmethod
    def html(cls, status: int = 502) -> Fault:
        """Respond with the HTML page of a gateway."""
        return cls(effect=OtherResponse(gateway(status)))

    @classmethod
    def not_json(cls, body: bytes = b"Service temporarily", *, status: int = 200) -> Fault:
        """Respond with a body that is no JSON, under a content type of JSON."""
        return cls(effect=OtherResponse(Response(status=status, body=body)))

    @classmethod
    def redirect(cls, location: str, *, status: int = 302) -> Fault:
        """Respond with a redirect."""
        return cls(effect=OtherResponse(Response(status=status, headers={"Location": location})))

    @classmethod
    def reset(cls) -> Fault:
        """Reset the connection in place of a response, after the server has carried the request out."""
        return cls(effect=CutResponse(None, "reset"))

    @classmethod
    def reset_midway(cls) -> Fault:
        """Reset the connection in the middle of the body."""
        return cls(effect=CutResponse(0.5, "reset"))

    @classmethod
    def reset_after(cls) -> Fault:
        """Reset the connection after the last byte of the body."""
        return cls(effect=CutResponse(1.0, "reset"))

    @classmethod
    def truncated(cls) -> Fault:
        """Close the connection in the middle of the body, before the promised ``Content-Length``."""
        return cls(effect=CutResponse(0.5, "close"))

    @classmethod
    def cut_short(cls) -> Fault:
        """Send half of the body as if it were all: JSON that ends early, or a gzip stream that does."""
        return cls(effect=CutResponse(0.5, "complete"))

    @classmethod
    def stalled(cls, seconds: float = 3600) -> Fault:
        """Fall silent in the middle of the body for ``seconds``, then close the connection."""
        return cls(effect=CutResponse(0.5, "stall", seconds))

    @classmethod
    def trickled(cls, seconds: float = 1) -> Fault:
        """Send the right response in ten pieces over ``seconds``."""
        return cls(effect=CutResponse(1.0, "trickle", seconds))

    @classmethod
    def damaged(cls) -> Fault:
        """Send the right response as a gzip stream with changed bytes in the middle."""
        return cls(effect=CutResponse(1.0, "damage"))

    @classmethod
    def long_page(cls, more: int) -> Fault:
        """Send ``more`` rows than the request names, where the object has as many."""
        return cls(effect=PageChange(more=more))

    @classmethod
    def other_page(cls, shift: int) -> Fault:
        """Send the page ``shift`` rows further on, or further back where ``shift`` is negative."""
        return cls(effect=PageChange(shift=shift))

    @classmethod
    def short_page(cls, rows: int) -> Fault:
        """Send at most ``rows`` rows, with a ``paging.current`` that agrees."""
        return cls(effect=PageChange(rows=rows))

    @classmethod
    def lying_page(cls, *, current: int = 0, offset: int = 0, total: int = 0) -> Fault:
        """Send the right rows, with members of ``paging`` that are off by these numbers."""
        return cls(effect=PageChange(paging={"current": current, "offset": offset, "total": total}))

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """Respond ``seconds`` late."""
        return cls(effect=Delay(seconds))

    @classmethod
    def reset_upload(cls, *, after: int = 4096) -> Fault:
        """Reset the connection after ``after`` bytes of the request's body; the server does nothing."""
        return cls(effect=CutRequest(after))

    @classmethod
    def logged_out(cls) -> Fault:
        """End the session with all instances and uploads, and respond with 401 ERR009."""
        return cls(effect=SessionEnd())

    @classmethod
    def instances_dropped(cls) -> Fault:
        """Drop all instances of the session, then carry the request out: a page of a dropped instance is a 404."""
        return cls(effect=InstanceEviction())

    @classmethod
    def publish_ends(cls, status: int | None = 3, message: str = "(A scripted failure.)") -> Fault:
        """Accept a publication of pushed data, and end it with this status and message; None never ends it.

        Aimed at the next publication of pushed data. A negative status is a code of the Intelligence Server.
        """
        return cls(effect=PublishEnd(status, message)).on("POST", r"/publish$")

    @classmethod
    def execution_fails(
        cls, iserver_code: int = -2147205488, message: str = "(A scripted failure.)", *, status: int = 3
    ) -> Fault:
        """End the execution that a request starts with an error of the Intelligence Server, when its time is over.

        Aimed at the next creation of an instance; a report with prompts starts with the request that answers them.
        ``status``, 3 or 18, is the status of the instance afterwards.
        """
        refusal = Refusal(500, "ERR001", message, iserver_code=iserver_code)
        return cls(effect=ExecutionFailure(refusal, status)).on("POST", r"/instances/?$")

    @classmethod
    def delivery_ends(cls, state: int = 2, message: str = "(A scripted failure.)") -> Fault:
        """Accept to send a subscription, and end the delivery with this state; 0 never ends the delivery.

        2 fails, 3 is cancelled, 4 timed out, 5 is skipped. Aimed at the next subscription that is sent.
        """
        return cls(effect=DeliveryEnd(state, message)).on("POST", r"/send$")

    @classmethod
    def publication_fails(
        cls, iserver_code: int = -2147205488, message: str = "(Maximum number of rows (32000) exceeded.)"
    ) -> Fault:
        """Accept to publish a cube, and fail with this error when the time is over; the data stay as before.

        Aimed at the next publication of a cube.
        """
        refusal = Refusal(500, "ERR001", message, iserver_code=iserver_code)
        return cls(effect=ExecutionFailure(refusal, 3)).on("POST", r"/v2/cubes/\w+/?$")

    @classmethod
    def publication_forgotten(cls) -> Fault:
        """Accept to publish a cube, and report success with the data as before.

        Aimed at the next publication of a cube.
        """
        return cls(effect=LostPublication()).on("POST", r"/v2/cubes/\w+/?$")
