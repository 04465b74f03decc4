"""Which of many cases that are alike the usual run tries."""

from collections import defaultdict

import pytest


def thinned(cases, usual):
    """Mark as slow all cases but those that are ``usual``, a predicate or a collection."""
    chosen = usual if callable(usual) else usual.__contains__
    return [pytest.param(case, marks=() if chosen(case) else pytest.mark.slow) for case in cases]


def thin(items):
    """Mark as slow all but one in ``n`` cases of each test with ``one_in(n)``.

    Those that stay lie on diagonals: where a test has parameters of two kinds, each value of both has its turn.
    """
    tests = defaultdict(list)
    for item in items:
        if (mark := item.get_closest_marker("one_in")) and not item.get_closest_marker("slow"):
            tests[item.nodeid.partition("[")[0], mark.args[0]].append(item)
    for (_, n), cases in tests.items():
        for place, case in enumerate(cases):
            if place % n != place // n % n:
                case.add_marker("slow")
