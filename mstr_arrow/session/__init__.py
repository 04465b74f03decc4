"""One session on a server: opened by a log-in, kept alive, renewed, shared by projects, given back."""
