"""Options, environment and profiles, read into the arguments of the package."""
