"""The server's objects, one file each."""
