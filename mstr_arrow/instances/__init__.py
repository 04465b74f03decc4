"""From an object on the server to an instance of it, and what is asked of that besides its rows."""
