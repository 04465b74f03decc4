"""What a person or a script sees: tables, progress, traces, errors."""
