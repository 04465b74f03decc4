"""A table of `docs/reliability.md` beside that of reads and uploads: faults by steps, each cell a test."""

import pytest

from tests.reliability.faulttable import FAULTS, spelled


class FaultGrid:
    """``rows`` of codes by fault, one for each of ``steps``; ``spell`` says in words what a code means."""

    def __init__(self, steps, rows, spell=spelled):
        self.steps, self.rows, self.spell = list(steps), rows, spell

    def variant(self, row, step):
        """Give the variant of a fault that stands for its row at a step."""
        variants = list(FAULTS[row].values())
        return variants[self.steps.index(step) % len(variants)]

    def lines(self):
        """Give the table as the page has it."""
        rows = [
            ["fault", *self.steps],
            *([row, *map(self.spell, codes.split())] for row, codes in self.rows.items()),
        ]
        head, *body = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([head, "| --- " * (len(self.steps) + 1) + "|", *body])

    def cells(self):
        """List fault, step and what is told of them."""
        for row, codes in self.rows.items():
            for step, code in zip(self.steps, codes.split(), strict=True):
                if code != "-":
                    yield row, step, self.spell(code)

    def tried(self, one_of, *, always):
        """List the cells, with what is told of a fault that comes once, or always; usual runs try one of some."""
        for number, (row, step, told) in enumerate(self.cells()):
            once, _, ends = told.partition(", ")
            if always and not ends:
                continue
            marks = () if number % one_of == (1 if always else 0) else pytest.mark.slow
            yield pytest.param(row, step, ends if always else once, marks=marks, id=f"{step}-{row[:30]}")
