"""Texts of a JSON matrix as fields of CSV, and back, all at once and whatever characters they are made of.

`to_lines` writes a matrix as lines of CSV in which quotes, commas outside of them and ends of lines alone have a
meaning; `restore` gives the texts that were read from it their own characters again. Nothing is lost in between:
what stands for something else is a control character, which JSON has in no text, and a matrix that holds one
nonetheless is `Unrecognised`.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from mstr_arrow.arrays import make_array, make_scalar
from mstr_arrow.grid.cut import Unrecognised

MARK = "\x01"
"""Put behind every quote: what was a text begins and ends with it, which tells ``"5"`` from ``5``."""
_BACKSLASH, _QUOTE, _ESCAPE = "\x02", "\x03", "\x04"
"""What stands for two backslashes, for a backslash and a quote, and for the backslash of any other escape."""
_ROWS, _LINES = "],[", "\n,"
"""What is between two rows, in JSON and as CSV, where an empty first column keeps lines from being blank."""
_CONTROLS = bytes(byte if byte >= ord(" ") else 0 for byte in range(256))
_SCHEMA = pa.schema([("texts", pa.list_(pa.string()))])


def to_lines(rows: bytes) -> bytes:
    """Write the rows of a JSON matrix, from the first's opening bracket to the last's closing one, as CSV.

    In front of the columns is an empty one. Errors: Unrecognised where there is white space around rows, or a
    control character.
    """
    cells = rows.translate(_CONTROLS)
    if b"\0" in cells or cells[:1] != b"[" or cells[-1:] != b"]":
        raise Unrecognised("a matrix with white space or control characters")
    if b"\\" in cells:
        # From the left, two backslashes are one of a text, whatever follows them.
        for escape, stands in (("\\\\", _BACKSLASH), ('\\"', _QUOTE), ("\\", _ESCAPE)):
            cells = cells.replace(escape.encode(), stands.encode())
    lines = cells.replace(_ROWS.encode(), _LINES.encode()).replace(b'"', b'"' + MARK.encode())
    return b"".join((b",", memoryview(lines)[1:-1], b"\n"))


def restore(fields: pa.StringArray) -> pa.StringArray:
    """Return the texts that were read as these fields; errors: Unrecognised, pa.ArrowInvalid for other values."""
    whole = pc.and_(pc.starts_with(fields, MARK), pc.ends_with(fields, MARK))
    if pc.all(whole).as_py() is False or pc.min(pc.binary_length(fields)).as_py() == 1:
        raise Unrecognised("texts among other values")
    texts = pc.utf8_slice_codeunits(fields, 1, -1)
    used = bytes(texts.buffers()[2] or b"")
    if MARK.encode() in used:
        raise Unrecognised("more in a field than a text")
    if b"\n" in used:
        texts = pc.replace_substring(texts, _LINES, _ROWS)
    if _ESCAPE.encode() in used:
        return _unescape(texts)
    for stands, character in ((_BACKSLASH, "\\"), (_QUOTE, '"')):
        if stands.encode() in used:
            texts = pc.replace_substring(texts, stands, character)
    return texts


def _unescape(texts: pa.StringArray) -> pa.StringArray:
    """Read texts with other escapes than these two as the JSON that they were."""
    escaped = pc.match_substring_regex(texts, f"[{_BACKSLASH}-{_ESCAPE}]")
    chosen = texts.filter(escaped)
    for escape, stands in (("\\\\", _BACKSLASH), ('\\"', _QUOTE), ("\\", _ESCAPE)):
        chosen = pc.replace_substring(chosen, stands, escape)
    listed = pa.ListArray.from_arrays(make_array([0, len(chosen)], pa.int32()), chosen)
    joined = pc.binary_join(listed, make_scalar('","', pa.string()))
    text = b"".join((b'{"texts":["', memoryview(joined.buffers()[2]), b'"]}'))
    table = pa.json.read_json(
        pa.BufferReader(text),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pa.json.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior="error"),
    )
    lists = table.column(0).combine_chunks()
    if len(lists) != 1 or len(lists.values) != len(chosen):
        raise Unrecognised("texts with quotes that are not theirs")
    lists.values.validate(full=True)  # half a surrogate pair is no UTF-8
    return pc.replace_with_mask(texts, escaped, lists.values)
