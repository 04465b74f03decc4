"""Objects of a project: searched, found by any spelling, listed by folder."""
