"""Who logs in, and how."""

from mstr_arrow.auth.modes import LoginMode

__all__ = ["LoginMode"]
