"""Faults that a test plans: what goes wrong, and which request meets it."""
