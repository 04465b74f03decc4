"""The state of the running server: sessions, instances, jobs, caches, kept pages, the requests it saw."""
