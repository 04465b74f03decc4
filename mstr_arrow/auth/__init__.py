"""Who logs in, and how."""

from mstr_arrow.auth.modes import Anonymous, LoginMode, Standard

__all__ = ["Anonymous", "LoginMode", "Standard"]
