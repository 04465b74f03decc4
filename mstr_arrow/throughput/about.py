"""Where, when and by what a sweep was measured: what belongs beside its figures."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mstr_arrow.session.session_client import Client


@dataclass(frozen=True, slots=True)
class About:
    """Where, when and by what a sweep was measured.

    ``server`` is the base URL; ``simulated`` whether the simulator answered, whose figures say nothing of any
    real server; ``began`` a time in UTC, ISO 8601; ``client`` the machine and versions that measured; ``seed`` the
    one of the order. ``shared``: it was measured over the connection's own log-in, where requests are repeated, as
    no other was to be had.
    """

    server: str = ""
    server_version: str | None = None
    project: str | None = None
    simulated: bool = False
    began: str = ""
    client: str = ""
    seed: int = 0
    shared: bool = False

    def __str__(self) -> str:
        what = "the simulator, no real server" if self.simulated else self.server_version or "version not told"
        project = f", project {self.project}" if self.project else ""
        return f"{self.server} ({what}){project}, {self.began[:16].replace('T', ' ')} UTC, by {self.client}"


def describe(client: Client, seed: int) -> About:
    """Describe a sweep that begins now."""
    project = client.http.project
    return About(
        server=client.http.own.base,
        server_version=client.server_version,
        project=project.name if project else None,
        simulated=client.session.whole.status.simulated,
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        client=f"{os.cpu_count() or 1} processors, {platform.system()}, Python {platform.python_version()}",
        seed=seed,
    )
