"""How much an Intelligence Server gives, and where its knee is: `sweep` measures, the rest reads what was measured."""
