"""TOML: files of answers, of jobs and of profiles are read, and told of by their lines, in one way."""
