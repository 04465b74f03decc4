"""The settings of a simulated server: their definitions, their reading from texts, their list."""
