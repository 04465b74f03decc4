"""Subscriptions: what is delivered when, to whom, and how it went."""
