"""The sample cubes and reports: made-up data, every layout, everything that goes wrong somewhere."""
