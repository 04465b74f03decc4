"""The limiting part: client, network, session or server, by rules that are written down. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mstr_arrow.throughput.knee import GAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.throughput.figures import Figures
    from mstr_arrow.throughput.knee import Knee

Part = Literal["client", "network", "session", "server", "nothing yet"]

CLIENT_SHARE = 0.10
"""The share of their time for which requests may wait in the client before it counts as the limit."""

CLIENT_LAG = 0.25
"""How late the event loop may wake up, as a part of the median latency."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The limiting part, and a sentence with the evidence."""

    part: Part
    why: str


def judge(levels: Mapping[int, Figures], knee: Knee, *, more_sessions: Figures | None = None) -> Verdict:
    """Name the limiting part, from the figures of each level of concurrency of a series.

    ``more_sessions`` are the figures of the highest level over twice as many sessions. The rules, in order:

    * **client**: at the knee or above, requests waited in this process for more than `CLIENT_SHARE` of their time,
      or the event loop was later than `CLIENT_LAG` of the median latency. Nothing is said about the server then.
    * **nothing yet**: the highest level still brought more.
    * **session**: twice as many sessions brought more at the same concurrency.
    * **network**: from the knee on, the time from the first byte to the last grew, not the time before.
    * **server**: everything else.
    """
    number = max(levels)
    top = levels[number]
    if busy := _busy(levels, knee):
        return busy
    if not knee.reached:
        return Verdict("nothing yet", f"{number} in flight still brought more: measure higher levels")
    if more_sessions is not None and _brings_more(more_sessions, top):
        gain = more_sessions.requests_per_second.mean / top.requests_per_second.mean
        return Verdict("session", f"twice as many sessions brought {gain:.1f} times as much at {number} in flight")
    at_knee = levels[knee.concurrency]
    waiting, transferring = top.waiting - at_knee.waiting, top.transferring - at_knee.transferring
    if transferring > waiting:
        return Verdict(
            "network",
            f"from {knee.concurrency} to {number} in flight the way of an answer grew by {transferring:.2f} s, "
            f"the wait for it by {max(0.0, waiting):.2f} s",
        )
    return Verdict(
        "server",
        f"from {knee.concurrency} to {number} in flight the wait for an answer grew by {waiting:.2f} s, its way by "
        f"{max(0.0, transferring):.2f} s",
    )


def _busy(levels: Mapping[int, Figures], knee: Knee) -> Verdict | None:
    for number, one in levels.items():
        if number < knee.concurrency:
            continue
        if one.shares.client > CLIENT_SHARE:
            return Verdict(
                "client",
                f"at {number} in flight requests waited in this process for {one.shares.client:.0%} of their time "
                f"(it used {one.cpu:.1f} processors)",
            )
        median = one.latencies.get(50.0, 0.0)
        if one.lag > CLIENT_LAG * median > 0:
            return Verdict(
                "client", f"at {number} in flight its event loop woke up {one.lag * 1e3:.0f} ms late at times"
            )
    return None


def _brings_more(more: Figures, top: Figures) -> bool:
    """Whether twice as many sessions bring more, beyond noise and by twice what is worth it."""
    twice, once = more.requests_per_second, top.requests_per_second
    noise = math.hypot(twice.half or 0.0, once.half or 0.0)
    return twice.mean - once.mean > max(noise, 2 * GAIN * once.mean)
