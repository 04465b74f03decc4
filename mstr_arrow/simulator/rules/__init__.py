"""What a request makes of a cube or a report: filtered, added up, sorted, paged, its prompts answered. Pure."""
