"""What there is in the simulated project: cubes, reports, prompts, and the catalogue they are listed in."""
