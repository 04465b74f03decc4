"""Making a result look native to one tool; each module imports its tool where it is used."""
