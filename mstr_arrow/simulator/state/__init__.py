"""What the running server holds and changes: sessions, instances, jobs, caches, kept pages, the requests it saw."""
