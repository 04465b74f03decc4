"""HTTP to one Intelligence Server: session, retries, typed errors."""
