"""Extractions into folders that go on where a killed one stopped."""
