"""The true values of cubes and reports, computed from their models and never from rendered JSON."""
