"""Files of jobs: their tables and the check of these, their words in errors, the filling in of braces."""
