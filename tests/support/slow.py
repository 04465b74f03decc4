"""Which of many cases that are alike the usual run tries."""

import pytest


def thinned(cases, usual):
    """Mark as slow all cases but those that are ``usual``, a predicate or a collection."""
    chosen = usual if callable(usual) else usual.__contains__
    return [pytest.param(case, marks=() if chosen(case) else pytest.mark.slow) for case in cases]
