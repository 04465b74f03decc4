"""What the running server holds: settings, sessions, instances, jobs, kept pages, the requests it saw."""
