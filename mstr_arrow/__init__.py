"""Move data between MicroStrategy (Strategy One) Intelligence Servers and Arrow."""

__version__ = "0.1.0"
