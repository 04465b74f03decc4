"""Names and meanings of other packages, for those who come from there."""
