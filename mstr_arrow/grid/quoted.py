"""Texts of JSON in their quotes become those of Arrow, all at once and of any characters. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mstr_arrow.grid.escapes import read_strings

if TYPE_CHECKING:
    import pyarrow as pa

QUOTE = '"'
"""The sign around a field that is a text, which tells ``"5"`` from ``5``."""


def restore(fields: pa.StringArray) -> pa.StringArray:
    """Return the texts that are written as these fields; errors: Unrecognised for what is no escape."""
    _, offsets, data = fields.buffers()
    ends = np.frombuffer(offsets, np.int32)[fields.offset : fields.offset + len(fields) + 1]
    places = ends.astype(np.intp)
    return read_strings(data, places[:-1], places[1:] - 1)
