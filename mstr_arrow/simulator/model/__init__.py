"""The objects of the simulated project: cubes, reports, prompts, and the catalogue that lists them."""
