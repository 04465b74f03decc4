"""What runs leave behind: a record of each, as JSON, as lines of a table, and as a list of runs."""
