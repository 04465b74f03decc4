from __future__ import annotations

import pytest

from mstr_arrow.simulator import Fault
from mstr_arrow.simulator.faults.plan import FaultPlan

A, B = ("GET", "/api/a"), ("GET", "/api/b")


def planned(*faults, seed=0):
    plan = FaultPlan(seed)
    for fault in faults:
        plan.add(fault)
    return plan


def struck(plan, number, request=A):
    """Tell which of so many requests met a fault."""
    return [n for n in range(number) if plan.take(*request) is not None]


def test_every_so_many_requests_from_a_certain_one_on():
    plan = planned(Fault.reset().on("GET", "/a$", skip=2, times=2, every=3))
    assert struck(plan, 20, B) == []  # not aimed at, and not counted
    assert struck(plan, 20) == [4, 7]
    assert struck(planned(Fault.reset().on(times=None, every=500)), 2_000) == [499, 999, 1499, 1999]


def test_a_chance_meets_its_part_of_the_requests():
    often = struck(planned(Fault.reset().on("GET", "/a$", times=None, chance=0.01)), 100_000)
    assert len(often) == pytest.approx(1_000, abs=160)  # five standard deviations
    assert struck(planned(Fault.reset().on(times=None, chance=0)), 1_000) == []


def test_a_chance_ends_after_so_many_times():
    assert len(struck(planned(Fault.reset().on(times=3, chance=0.5)), 1_000)) == 3


def test_a_chance_among_every_so_many_requests():
    found = struck(planned(Fault.reset().on(times=None, every=10, chance=0.5)), 10_000)
    assert {n % 10 for n in found} == {9}
    assert len(found) == pytest.approx(500, abs=80)


def test_chances_follow_from_the_seed_and_not_from_other_requests():
    faults = [Fault.reset().on("GET", "/a$", times=None, chance=0.3), Fault.reset().on(*B, times=None, chance=0.3)]
    first, second, other = planned(*faults), planned(*faults), planned(*faults, seed=1)
    expected = [first.take(*A) is not None for _ in range(200)]
    between = []
    for _ in range(200):
        between.append(second.take(*A) is not None)
        second.take(*B)
        second.take(*B)
    assert between == expected
    assert [other.take(*A) is not None for _ in range(200)] != expected
    assert [first.take(*B) is not None for _ in range(200)] != expected  # a fault has chances of its own


def test_clearing_begins_the_chances_anew():
    fault = Fault.reset().on(times=None, chance=0.5)
    plan = planned(fault)
    before = struck(plan, 100)
    plan.clear()
    assert struck(plan, 100) == []
    plan.add(fault)
    assert struck(plan, 100) == before


def test_the_first_fault_that_is_due_is_met_and_each_counts_the_request():
    early, late = Fault.reset().on(times=1), Fault.empty(503).on(times=2)
    plan = planned(early, late)
    assert [plan.take(*A) for _ in range(3)] == [early, late, None]
    assert plan.due == [1, 2]


@pytest.mark.parametrize("aim", [{"every": 0}, {"chance": 1.1}, {"chance": -0.1}])
def test_aim_that_cannot_be_meant_is_refused(aim):
    with pytest.raises(ValueError, match="is at least 1, and chance"):
        Fault.reset().on(**aim)
