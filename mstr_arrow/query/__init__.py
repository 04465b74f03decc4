"""Queries: conditions, columns and order, divided between the server and us. Pure, but for looking up elements."""
