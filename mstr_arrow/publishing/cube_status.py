"""The status of a cube, in bits (wire reference, section 3.4). Pure."""

from __future__ import annotations

from enum import KEEP, IntFlag


class CubeStatus(IntFlag, boundary=KEEP):
    """The state of a cube's data, as bits; bits without a name here are kept.

    A `READY` cube can be read; a `LOADED` one is in memory, into which the server loads a cube at need.

    >>> status = CubeStatus(17510)
    >>> CubeStatus.READY in status, CubeStatus.PROCESSING in status
    (True, False)
    >>> str(status)
    'active, persisted, loaded, ready, imported, super cube'
    """

    PROCESSING = 1
    ACTIVE = 2
    PERSISTED = 4
    INFO_DIRTY = 8
    DIRTY = 16
    LOADED = 32
    READY = 64
    LOAD_PENDING = 128
    UNLOAD_PENDING = 256
    PENDING_FOR_ENGINE = 512
    IMPORTED = 1024
    FOREIGN = 2048
    REMAP_DIRTY = 4096
    UPGRADE = 8192
    SUPER_CUBE = 16384
    FROM_FILE = 32768
    HIDDEN = 65536

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the bits that are set, in words.

        >>> CubeStatus(64 + 2**20).names
        ('ready', 'bit 1048576')
        """
        known = [each.name.lower().replace("_", " ") for each in self if each.name]
        rest = self & ~sum(CubeStatus)
        return (*known, *(f"bit {2**place}" for place in range(rest.bit_length()) if rest >> place & 1))

    def __str__(self) -> str:
        return ", ".join(self.names) or "not published"
