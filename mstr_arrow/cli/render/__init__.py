"""The output for a person or a script: tables, progress, traces, errors."""
