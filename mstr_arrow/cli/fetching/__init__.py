"""The work of ``mstr-arrow fetch`` with one object, and with many."""
