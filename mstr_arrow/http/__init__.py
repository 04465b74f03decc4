"""Requests to one server: sent, repeated, answered, and their failures typed. It knows nothing of log-ins."""
