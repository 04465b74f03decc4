"""Publications: what they are told by, what proves that one is done, and waiting for that."""
