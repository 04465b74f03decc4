"""The table of checks: what each client made of something, and whether that was to be expected."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import sys
import warnings
from typing import TYPE_CHECKING, Any

from benchmarks.measure import table
from benchmarks.peers.compare import HABITS, SAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MSTRIO, MSTR_REQUESTS, OURS = "mstrio-py", "mstr-rest-requests", "mstr_arrow"


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

    def conclude(self) -> None:
        """Print the table and what its habits mean; exits with 1 where something is unexplained."""
        print(table(("check", "peer", "result"), self.rows))
        print("\nwhere R and U numbers are those of the wire reference, section 11:")
        met = set(re.findall(r"\b[RUN]\d+\b", " ".join(verdict for _, _, verdict in self.rows)))
        lines = (f"  {habit:4}{meaning}" for habit, meaning in HABITS.items() if habit in met)
        print("\n".join(lines), end="\n\n", flush=True)
        if self.unexplained:
            sys.exit(f"{len(self.unexplained)} unexplained: {', '.join(self.unexplained)}")


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
