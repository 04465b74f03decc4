"""Records of runs: of each one as JSON, as lines of a table, and as a list of runs."""
