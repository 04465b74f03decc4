"""The table of checks: what each client made of something, and whether that was to be expected."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import sys
import warnings
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.measure import table
from benchmarks.peers.compare import HABITS, SAME, Unexplained
from mstr_arrow import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Told = set[tuple[object, ...]]

MSTRIO, MSTR_REQUESTS, OURS = "mstrio-py", "mstr-rest-requests", "mstr_arrow"
BOTH = "mstrio-py and mstr_arrow"
_HABIT = re.compile(r"\b[RUN]\d+\b")
_KINDS = {
    "same": "the same",
    "differs": "with known differences",
    "fails": "with known failures",
    "not": "not supported",
    "UNEXPLAINED": "unexplained",
}
"""What results are called in the sum, by their first words."""
_SHOWN = 3
"""Members of a difference that are printed."""


class Checks:
    """The rows of the table so far."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str]] = []
        self.unexplained: list[str] = []

    def run(self, name: str, peer: str, work: Callable[[], str]) -> None:
        """Run a check whose work gives the verdict; a failure is one that is unexplained."""
        try:
            with _silence():
                verdict = work()
        except Exception as error:  # noqa: BLE001 - a peer may raise whatever it likes
            verdict = f"UNEXPLAINED {type(error).__name__}: {str(error)[:160]}"
        if verdict.startswith("differs") and not _HABIT.search(verdict):
            verdict = f"UNEXPLAINED {verdict}"
        if verdict.startswith("UNEXPLAINED"):
            self.unexplained.append(f"{name} ({peer})")
        self.rows.append((name, peer, verdict))

    def known_failure(
        self, name: str, peer: str, work: Callable[[], Any], habit: str, *errors: type[Exception]
    ) -> None:
        """Run a check that the peer is known to fail, with one of these errors."""

        def verdict() -> str:
            try:
                work()
            except errors as error:
                return f"{habit}: {type(error).__name__}: {str(error).splitlines()[0][:60]}"
            return SAME

        self.run(name, peer, verdict)

    def compare(self, name: str, what: str, ours: Callable[[], Told], theirs: Callable[[], Told]) -> None:
        """Run a check of what both clients tell of the same things, ``what`` names the fields of each."""

        def verdict() -> str:
            own, other = ours(), theirs()
            if not own and not other:
                raise Unexplained("neither tells anything")
            if own != other:
                raise Unexplained(
                    f"{len(own)} told by mstr_arrow, {len(other)} by mstrio-py; {_some(own, other, 'the first')}"
                    f"{_some(other, own, 'the second')}"
                )
            return f"{SAME}: {len(own)} told by each, equal in {what}"

        self.run(name, BOTH, verdict)

    def conclude(self) -> None:
        """Print the table, what its habits mean and a sum; exits with 1 where something is unexplained."""
        versions = (f"{name} {version(name)}" for name in (MSTRIO, MSTR_REQUESTS))
        print(f"{OURS} {__version__} beside {' and '.join(versions)}, on the simulator\n")
        print(table(("check", "peer", "result"), self.rows))
        print("\nwhere R and U numbers are those of the wire reference, section 11:")
        met = set(_HABIT.findall(" ".join(verdict for _, _, verdict in self.rows)))
        lines = (f"  {habit:4}{meaning}" for habit, meaning in HABITS.items() if habit in met)
        print("\n".join(lines), end="\n\n", flush=True)
        kinds = Counter(verdict.split()[0].strip(":,") for _, _, verdict in self.rows)
        sums = (f"{count} {_KINDS.get(kind, f'with {kind}')}" for kind, count in kinds.most_common())
        print(f"{len(self.rows)} checks: {', '.join(sums)}.", flush=True)
        if self.unexplained:
            sys.exit(f"{len(self.unexplained)} unexplained: {', '.join(self.unexplained)}")


def _some(those: Told, others: Told, which: str) -> str:
    """Quote a few of those that the others do not have."""
    only = [each for each in sorted(those, key=repr) if each not in others]
    return f" only {which}: {'; '.join(map(repr, only[:_SHOWN]))}" if only else ""


def hush() -> None:
    """Keep what the peers warn and log of out of the output."""
    from mstrio import config  # type: ignore[import-not-found]  # there in the environment of `nox -s peers` only

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    config.verbose = config.progress_bar = False


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep what a peer prints out of the table."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
