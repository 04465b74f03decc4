"""How much an Intelligence Server gives, where its knee is, and what the limit is."""
