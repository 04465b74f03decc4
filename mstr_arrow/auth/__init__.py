"""Who logs in, and how."""
