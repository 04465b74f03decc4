"""Conditions on rows: what they say, and what of them the server can be asked for."""
