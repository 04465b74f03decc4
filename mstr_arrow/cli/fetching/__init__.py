"""What ``mstr-arrow fetch`` does with one object, and with many."""
