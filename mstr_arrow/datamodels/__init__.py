"""Data models: their tables, their parameters, and how they are refreshed."""
