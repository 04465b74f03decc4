"""From an object on the server to an instance of it, and the questions to that besides its rows."""
