"""The caches of cubes: what the nodes of the server hold of which cube, and changing that."""
