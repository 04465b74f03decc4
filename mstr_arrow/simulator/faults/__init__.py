"""Faults that a test plans: the effect of each, and the requests that meet the fault."""
