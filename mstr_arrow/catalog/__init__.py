"""Objects of a project: search, lists by folder, and finding by name, path, id or URL."""
