import pytest

PART = 64 << 10


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Send files in parts of 64 kB, so that small ones have several."""
    monkeypatch.setattr("mstr_arrow.files.stores.PART_BYTES", PART)
