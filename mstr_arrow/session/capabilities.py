"""What a server was seen to take, where neither its version nor its documentation tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Capabilities:
    """What was learned of a server by trying: one for each session, shared by all that use it.

    ``orientation`` is that of uploaded chunks which the server took, None before one was tried;
    ``id_text_operators`` says whether it takes conditions such as Contains on ID forms, ``any_form`` whether it
    takes conditions on forms beside ID and DESC, as far as was seen. ``counts_filtered`` is false for a server that
    was seen to promise rows which conditions leave out.
    """

    orientation: Literal["COLUMN", "ROW"] | None = None
    id_text_operators: bool = True
    any_form: bool = True
    counts_filtered: bool = True
