"""Pushed data: definitions, chunks, upload sessions, and the datasets that publishing makes of them."""
