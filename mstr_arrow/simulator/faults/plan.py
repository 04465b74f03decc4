"""The list of planned faults, which finds the fault that a request meets."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .fault import Fault


class FaultPlan:
    """The planned faults; safe to use from several threads.

    Each fault draws chances from a generator of its own, made of ``seed`` and of the fault's number in the plan. So
    the same matching requests fail in every run, whatever other requests come in between.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        self._added = 0

    def add(self, fault: Fault) -> None:
        """Add a fault behind those planned before."""
        with self._lock:
            self._planned.append(_Planned(fault, random.Random(f"{self._seed}/{self._added}")))
            self._added += 1

    def clear(self) -> None:
        """Forget all faults, and restart their numbers."""
        with self._lock:
            self._planned.clear()
            self._added = 0

    @property
    def due(self) -> list[int]:
        """How often each fault was due so far, in the order in which they were added."""
        with self._lock:
            return [planned.due for planned in self._planned]

    def take(self, method: str, path: str, project: str = "") -> Fault | None:
        """Return the first fault that is due for a request; each fault that aims at the request counts it."""
        due = None
        with self._lock:
            for planned in self._planned:
                if planned.fault.matches(method, path, project) and planned.is_due():
                    due = due or planned.fault
        return due


@dataclass(slots=True)
class _Planned:
    """A fault; the requests that it aimed at so far, and those of them that it was due for."""

    fault: Fault
    random: random.Random
    aimed: int = 0
    due: int = 0

    def is_due(self) -> bool:
        """Count a request that the fault aims at, and tell whether it is to fail."""
        fault = self.fault
        self.aimed += 1
        number = self.aimed - fault.skip
        if number < 1 or number % fault.every or self.due == fault.times:
            return False
        due = fault.chance == 1 or self.random.random() < fault.chance
        self.due += due
        return due
