"""What options, environment and profiles say, read into what the package takes."""
