"""A SQL statement over cubes, reports and files: what it needs of each, and the database that runs it."""
