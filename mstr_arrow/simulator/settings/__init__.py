"""How a simulated server is set up: each setting by itself, read from texts, listed with what it means."""
