"""Other clients of the same server, run unmodified against the simulator: ``nox -s peers``."""
