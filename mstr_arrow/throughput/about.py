"""The server, time and client of a sweep, which belong beside the figures."""

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
    """The server, time and client of a sweep.

    ``server`` is the base URL. ``simulated`` is True for the simulator, whose figures say nothing about a real
    server. ``began`` is a time in UTC, as ISO 8601; ``client`` the measuring machine with versions; ``seed`` the
    seed of the order of measurements. ``shared`` is True where no other log-in was possible: then the sweep used
    the connection's own log-in, in which requests are repeated.
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
