"""The abilities of a server that neither the version nor the documentation tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Capabilities:
    """The abilities of a server, learned by trying; all that use a session share one object.

    ``orientation`` is the orientation of uploaded chunks that the server accepted, None before a try.
    ``id_text_operators`` tells whether the server accepts conditions such as Contains on ID forms, ``any_form``
    whether the server accepts conditions on forms beside ID and DESC. ``counts_filtered`` is False for a server
    that promised rows which conditions had left out.
    """

    orientation: Literal["COLUMN", "ROW"] | None = None
    id_text_operators: bool = True
    any_form: bool = True
    counts_filtered: bool = True
