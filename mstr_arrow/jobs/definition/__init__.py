"""What a file of jobs says: its tables and their check, its words in errors, what is filled in."""
