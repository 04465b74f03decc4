"""Rules that make a result of a cube or a report: filter, add up, sort, page, answer prompts. Pure."""
