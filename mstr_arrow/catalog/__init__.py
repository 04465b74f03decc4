"""What there is in a project: searched, found by any spelling, listed by folder."""
