"""What will go wrong in a storm, drawn from its seed before anything has begun. Pure."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from mstr_arrow.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEADLINE = 60.0
"""Seconds that a read may take, unless its user is impatient. An upload has as long."""

ATTEMPTS = 5
"""How often a request is sent at most, as `ma.Retry` has it without being told."""

Way: TypeAlias = Literal["upload", "folder", "batches", "parquet", "table", "report"]
Mode: TypeAlias = Literal["replace", "add", "update", "upsert"]

Nature: TypeAlias = Literal[
    "harmless",
    "turned away",
    "open",
    "unreadable",
    "silent",
    "late",
    "short",
    "contradiction",
    "session",
    "instance",
    "verdict",
]
"""What a fault means to who asked.

``turned away``: nothing was done, and the server says so. ``open``: the answer does not tell what was done;
``unreadable``, that is so because it came with a success and is no JSON; ``silent``, because its end does not come.
``late``: the server's own time-out. ``session`` and ``instance``: these have ended. ``verdict``: it stays so.
"""

_GONE, _LATE, _MEMORY, _GOVERNOR, _UNLOADED = -2147468986, -2147206497, -2147073380, -2147209053, -2147209151
_EXECUTED, _PUBLISHED = -2147072538, -2147072194
_LONG_AGO = "Thu, 01 Jan 2026 00:00:00 GMT"
_SOMEBODY_ELSE = "0123456789ABCDEF0123456789ABCDEF"


def _of_another(member: bytes) -> Callable[[bytes], bytes]:
    """Have a page name something else as what it is of."""
    pattern = re.compile(rb'"%b"\s*:\s*"\w+"' % member)
    return lambda body: pattern.sub(b'"%b":"%b"' % (member, _SOMEBODY_ELSE.encode()), body, count=1)


KINDS: dict[str, tuple[Nature, Callable[[], Fault]]] = {
    "trickle": ("harmless", lambda: Fault.trickled(0.5)),
    "slow": ("harmless", lambda: Fault.slow(0.5)),
    "reset after the answer": ("harmless", Fault.reset_after),
    "429": ("turned away", lambda: Fault.busy(429, retry_after=0)),
    "503 with a wait": ("turned away", lambda: Fault.busy(503, retry_after=1)),
    "503 with a date": ("turned away", lambda: Fault.busy(503, retry_after=_LONG_AGO)),
    "memory": ("turned away", lambda: Fault.error(500, iserver_code=_MEMORY)),
    "governor": ("turned away", lambda: Fault.error(500, iserver_code=_GOVERNOR)),
    "500": ("open", lambda: Fault.error(500)),
    "502": ("open", lambda: Fault.html(502)),
    "504": ("open", lambda: Fault.html(504)),
    "504, and done": ("open", lambda: Fault.outwaited(504)),
    "503 without a word": ("open", lambda: Fault.empty(503)),
    "reset, and done": ("open", Fault.reset),
    "reset in the answer": ("open", Fault.reset_midway),
    "closed in the answer": ("open", Fault.truncated),
    "reset in the request": ("open", lambda: Fault.reset_upload(after=100)),
    "no JSON": ("unreadable", Fault.not_json),
    "half a body": ("unreadable", Fault.cut_short),
    "damaged": ("unreadable", Fault.damaged),
    "silence": ("silent", Fault.stalled),
    "executed": ("turned away", lambda: Fault.error(500, iserver_code=_EXECUTED)),
    "published": ("turned away", lambda: Fault.error(500, iserver_code=_PUBLISHED)),
    "server's time-out": ("late", lambda: Fault.error(500, iserver_code=_LATE)),
    "fewer rows": ("short", lambda: Fault.short_page(370)),
    "more rows": ("contradiction", lambda: Fault.long_page(5)),
    "other rows": ("contradiction", lambda: Fault.other_page(100)),
    "another offset": ("contradiction", lambda: Fault.lying_page(offset=1)),
    "another total": ("contradiction", lambda: Fault.lying_page(total=1)),
    "another number": ("contradiction", lambda: Fault.lying_page(current=1)),
    "another instance": ("contradiction", lambda: Fault.rewritten(_of_another(b"instanceId"))),
    "another object": ("contradiction", lambda: Fault.rewritten(_of_another(b"id"))),
    "401": ("session", Fault.session_expired),
    "logged out": ("session", Fault.logged_out),
    "instances dropped": ("instance", Fault.instances_dropped),
    "instance gone": ("instance", lambda: Fault.error(404, "ERR004", iserver_code=_GONE)),
    "redirect": ("verdict", lambda: Fault.redirect("https://login.example.com/")),
    "project unloaded": ("verdict", lambda: Fault.error(404, "ERR004", iserver_code=_UNLOADED)),
    "too many rows": ("verdict", Fault.execution_fails),
    "publishing fails": ("verdict", lambda: Fault.publish_ends(3)),
    "publishing stalls": ("verdict", lambda: Fault.publish_ends(-2147212544)),
    "publishing never ends": ("verdict", lambda: Fault.publish_ends(None)),
}
"""All that meets a request: what it means, and how the simulator makes it."""

STEPS: dict[str, tuple[str | None, str]] = {
    "log-in": ("POST", r"/auth/login$"),
    "definition": ("GET", r"/v2/(cubes|reports)/\w+$"),
    "instance": ("POST", r"/instances$"),
    "page": (None, r"/instances/"),
    "caches": ("GET", r"/monitors/caches"),
    "jobs": ("GET", r"/monitors/jobs"),
    "dataset": ("POST", r"/datasets/models$"),
    "upload session": ("POST", r"/uploadSessions$"),
    "chunk": ("PUT", r"/uploadSessions/"),
    "publish": ("POST", r"/publish$"),
    "look": ("GET", r"/publishStatus$"),
    "take back": ("DELETE", r"/uploadSessions/"),
    "log-out": ("POST", r"/auth/logout$"),
}
"""The requests that faults are aimed at: method, and what their paths have."""

MANY = {"page", "chunk"}
"""The steps of which there are many; of others there are one or a few."""


def _kinds(*natures: Nature) -> list[str]:
    return [kind for kind, (nature, _) in KINDS.items() if nature in natures]


PASSING = _kinds("harmless", "turned away", "open", "unreadable", "silent")
LOST = _kinds("open", "unreadable", "silent")
OF_PAGES = _kinds("late", "short", "session", "instance")
CONTRADICTIONS = _kinds("contradiction")
FAREWELL = ["reset, and done", "502", "503 without a word"]
OF_CUBES = {"executed", "published"}
"""What the server says of a cube alone."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault that meets requests of one step: ``times`` of them after the first ``skip``.

    Each ``every``-th of those, or a part of them as large as ``chance``; ``times`` None is for as long as it lasts.
    """

    kind: str
    step: str
    skip: int = 0
    times: int | None = 1
    every: int = 1
    chance: float = 1.0

    @property
    def nature(self) -> Nature:
        """What it means to who asked."""
        return KINDS[self.kind][0]

    def fault(self) -> Fault:
        """Make it for the simulator."""
        made = KINDS[self.kind][1]()
        return made.on(*STEPS[self.step], skip=self.skip, times=self.times, every=self.every, chance=self.chance)


@dataclass(frozen=True, slots=True)
class End:
    """The end of all sessions, all instances, or all that the REST server knows, after so many answers."""

    of: Literal["sessions", "instances", "servlets"]
    after: int


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication of the cube after so many answers, with which data; instances are dropped later, or not."""

    data: Literal["", "other rows", "fewer rows", "moved rows"]
    after: int
    dropped_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """All that will go wrong in one storm, and what it meets.

    ``ordered``: rows are read in a total order. An upload's ``mode`` says what becomes of the old rows, and it goes
    to a ``fresh`` dataset, or to one that has rows. ``sees_caches`` and ``sees_jobs`` are rights of the login.
    """

    seed: int
    way: Way
    ordered: bool = False
    mode: Mode = "replace"
    fresh: bool = False
    verify: bool = False
    deadline: float = DEADLINE
    sees_caches: bool = True
    sees_jobs: bool = True
    troubles: tuple[Trouble, ...] = ()
    ends: tuple[End, ...] = ()
    publications: tuple[Publication, ...] = ()

    def at(self, step: str, *natures: Nature) -> list[Trouble]:
        """List what goes wrong at a step, of some natures or of all."""
        return [each for each in self.troubles if each.step == step and (not natures or each.nature in natures)]


def forecast(seed: int, way: Way) -> Forecast:
    """Draw what goes wrong in a storm over one way of reading or writing."""
    chance = random.Random(seed)
    return _over_sending(chance, seed) if way == "upload" else _over_reading(chance, seed, way)


def _over_reading(chance: random.Random, seed: int, way: Way) -> Forecast:
    of_cube = way != "report"
    troubles = _rain(chance, "page") + _among(chance, "page", PASSING + OF_PAGES, skip=35)
    troubles += _lost(chance, ["log-in", "instance"], 0.4)
    if chance.random() < 0.35:
        for _ in range(chance.randint(1, 3)):
            kind, skip = chance.choice(CONTRADICTIONS), chance.randint(0, 30)
            troubles.append(Trouble(kind, "page", skip, chance.randint(1, 2), every=7))
    if chance.random() < 0.15:
        step = chance.choice(["definition", "caches" if of_cube else "jobs"])
        troubles.append(
            Trouble(chance.choice(_kinds("turned away", "open", "silent")), step, times=chance.randint(1, 2))
        )
    if chance.random() < 0.06:
        troubles.append(Trouble(chance.choice(["redirect", "project unloaded"]), "page", chance.randint(0, 35)))
    if chance.random() < 0.03:
        troubles.append(Trouble("too many rows", "instance"))
    troubles += _farewell(chance)
    return Forecast(
        seed=seed,
        way=way,
        ordered=way == "folder" or (of_cube and chance.random() < 0.7),
        deadline=chance.uniform(0.3, 2) if chance.random() < 0.04 else DEADLINE,
        sees_caches=chance.random() < 0.5,
        sees_jobs=chance.random() < 0.7,
        troubles=_fitting(troubles, of_cube=of_cube),
        ends=_ends(chance, 0.5, [1, 1, 2, 3, 5], range(6, 16)),
        publications=_publications(chance) if of_cube and chance.random() < 0.3 else (),
    )


def _over_sending(chance: random.Random, seed: int) -> Forecast:
    mode: Mode = chance.choice(["replace", "replace", "add", "update", "upsert"])
    fresh = mode in {"replace", "add"} and chance.random() < 0.4
    troubles = _rain(chance, "chunk") + _among(chance, "chunk", [*PASSING, "401", "logged out"], skip=18)
    creating = ["log-in", "upload session", "publish", *(["dataset"] if fresh else [])]
    troubles += _lost(chance, creating, 0.6)
    if chance.random() < 0.15:
        kind = chance.choice(_kinds("turned away", "open", "silent"))
        troubles.append(Trouble(kind, chance.choice(["look", "take back"]), times=chance.randint(1, 2)))
    if chance.random() < 0.05:
        troubles.append(Trouble(chance.choice(["redirect", "project unloaded"]), "chunk", chance.randint(0, 18)))
    if chance.random() < 0.05:
        troubles.append(
            Trouble(chance.choice(["publishing fails", "publishing stalls", "publishing never ends"]), "publish")
        )
    troubles += _farewell(chance)
    return Forecast(
        seed=seed,
        way="upload",
        mode=mode,
        fresh=fresh,
        verify=chance.random() < 0.3,
        troubles=_fitting(troubles, of_cube=False),
        ends=tuple(end for end in _ends(chance, 0.35, [1, 1, 2, 3], range(5, 15)) if end.of != "instances"),
    )


def _rain(chance: random.Random, step: str) -> list[Trouble]:
    """In one storm of six a small part of all pages or chunks fails, for as long as it lasts."""
    if chance.random() >= 1 / 6:
        return []
    return [Trouble(chance.choice(PASSING), step, times=None, chance=0.02) for _ in range(3)]


def _among(chance: random.Random, step: str, kinds: Sequence[str], *, skip: int) -> list[Trouble]:
    """Up to three faults among the many pages or chunks, each for one to three of them."""
    found = []
    for _ in range(chance.randint(0, 3)):
        kind = chance.choice(kinds)
        passes = KINDS[kind][0] in {"harmless", "turned away", "open", "late", "short"}
        found.append(Trouble(kind, step, chance.randint(0, skip), chance.randint(1, 3 if passes else 2)))
    return found


def _lost(chance: random.Random, creating: Sequence[str], share: float) -> list[Trouble]:
    """Lose answers to requests that make something: one, or two in a row."""
    if chance.random() >= share:
        return []
    step = chance.choice(creating)
    skip = chance.choice([0, 0, 1, 2]) if step == "instance" else 0
    return [Trouble(chance.choice(LOST), step, skip, chance.choice([1, 1, 1, 2]))]


def _farewell(chance: random.Random) -> list[Trouble]:
    """In one storm of ten the log-out fails twice."""
    return [Trouble(chance.choice(FAREWELL), "log-out", times=2)] if chance.random() < 0.1 else []


def _fitting(troubles: list[Trouble], *, of_cube: bool) -> tuple[Trouble, ...]:
    """Leave out what the server says of cubes alone where there is none."""
    return tuple(each for each in troubles if of_cube or each.kind not in OF_CUBES)


def _ends(chance: random.Random, share: float, numbers: Sequence[int], gaps: range) -> tuple[End, ...]:
    """Several ends of sessions or instances, with answers in between."""
    if chance.random() >= share:
        return ()
    after, ends = 0, []
    for _ in range(chance.choice(numbers)):
        after += chance.choice(gaps)
        ends.append(End(chance.choice(["sessions", "instances", "servlets"]), after))
    return tuple(ends)


def _publications(chance: random.Random) -> tuple[Publication, ...]:
    """One publication in the middle, or two; most drop the instances soon afterwards."""
    found = []
    for _ in range(chance.choice([1, 1, 1, 2])):
        after = chance.randint(10, 40)
        dropped = after + chance.randint(1, 8) if chance.random() < 0.8 else None
        found.append(Publication(chance.choice(["", "other rows", "fewer rows", "moved rows"]), after, dropped))
    return tuple(found)
