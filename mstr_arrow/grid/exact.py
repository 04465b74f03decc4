"""JSON and its values, one by one: exactly what the server wrote, or an error that names it.

What the plain decoder reads with. A number keeps its text where a double would not hold it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.arrays import make_array
from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid.convert import parse_texts
from mstr_arrow.grid.misfits import Misfits, refuse_mixed
from mstr_arrow.grid.server_types import TEXT, is_number, is_text
from mstr_arrow.grid.value_rule import Number, array_of, has_offset, reader_of
from mstr_arrow.json_bounds import LARGEST, check_parsed_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.grid.schema import Column

_LONGEST_INTEGER = 20
"""Characters of any 64-bit integer at most; what is longer may be too long for int()."""

_NOT_FINITE = re.compile(rb"[\[,:]\s*[-+]?(?:nan|inf|1\.#)", re.IGNORECASE)
_TEXT_OR_NOT_FINITE = re.compile(
    r'(?P<text>"[^"\\]*(?:\\.[^"\\]*)*")|(?P<sign>[-+]?)\b(?:(?P<inf>inf(?:inity)?|1\.#inf0*)|nan|1\.#[a-z]+0*)\b',
    re.IGNORECASE | re.DOTALL,
)


def parse(text: bytes, *, exact: bool = False, largest: int = LARGEST) -> Any:
    """Parse a page; ``exact`` keeps fractions and long integers as texts; errors: ProtocolError if not JSON.

    NaN and infinities, which are no JSON, are numbers nevertheless. What is no UTF-8 becomes halves of characters.
    What takes too much memory once it is parsed is a ProtocolError, too; ``largest`` is that of the answer.
    """
    check_parsed_size(text, largest)
    try:
        if not exact:
            return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass  # also for numbers beyond the range of a double, which the exact reader can name
    try:
        return _parse_leniently(text)
    except (ValueError, RecursionError) as error:
        start = text[:120].decode("utf-8", "replace").strip()
        raise ProtocolError(
            f"The server's page of {len(text)} bytes is not JSON ({error}); it starts with {start!r}.",
            hint="A gateway may have cut or replaced it. Try again, with smaller pages if it recurs.",
        ) from error


def _parse_leniently(text: bytes) -> Any:
    try:
        page = _loads(text)
    except ValueError:
        decoded = text.decode("utf-8", "surrogateescape")
        page = _loads(_TEXT_OR_NOT_FINITE.sub(_spell, decoded) if _NOT_FINITE.search(text) else decoded)
    if isinstance(page, Number):
        raise ValueError("it is only a number")
    return page


def _loads(text: bytes | str) -> Any:
    return json.loads(text, parse_float=Number, parse_int=_whole, parse_constant=Number)


def _whole(digits: str) -> int | Number:
    return Number(digits) if digits == "-0" or len(digits) > _LONGEST_INTEGER else int(digits)


def _spell(match: re.Match[str]) -> str:
    """Spell what is not finite as Python reads it; leave texts alone."""
    if match["text"]:
        return match[0]
    return f"{'-' * (match['sign'] == '-')}Infinity" if match["inf"] else "NaN"


def form_array(
    column: Column, texts: Sequence[str | None], indices: Sequence[int | None], misfits: Misfits | None = None
) -> pa.Array:
    """Make the array of a form from the text of each element and an element, or None, per row.

    Errors: ConversionError, with the first row whose text does not fit, but where ``misfits`` make it null.
    """
    try:
        used = make_array(texts, pa.string()).take(make_array(indices, pa.int64())).dictionary_encode()
        return (
            used.cast(TEXT)
            if is_text(column.type)
            else parse_texts(used.dictionary, column.type).take(used.indices)
        )
    except ValueError:  # pa.ArrowInvalid is one, so is UnicodeEncodeError
        values = [None if index is None else texts[index] for index in indices]
        return _read_one_by_one(column, values, misfits or Misfits())


def value_array(column: Column, values: Sequence[Any], misfits: Misfits | None = None) -> pa.Array:
    """Make the array of a metric from its JSON values; errors: as `form_array`."""
    try:
        array = _read_at_once(values, column.type)
    except (ValueError, OverflowError):
        array = None
    return _read_one_by_one(column, values, misfits or Misfits()) if array is None else array


def text_array(texts: Sequence[str | None]) -> pa.Array:
    """Make an array of texts as the decoder delivers them."""
    return make_array(texts, pa.string()).dictionary_encode().cast(TEXT)


def _read_at_once(values: Sequence[Any], to: pa.DataType) -> pa.Array | None:
    """Make an array of values that need no look at each; None where they do, or ValueError, or OverflowError."""
    kinds = set(map(type, values)) - {type(None)}
    if pa.types.is_floating(to) and kinds <= {int, float}:
        doubles = values if kinds <= {float} else [None if value is None else float(value) for value in values]
        array = make_array(doubles, to)
        return array if pc.all(pc.is_finite(array)).as_py() is not False else None
    if pa.types.is_integer(to) and kinds <= {int}:
        return make_array(values, to)
    if is_text(to) and kinds <= {str, Number}:
        return text_array(values)
    if kinds <= ({str, Number, int} if is_number(to) else {str}):
        texts = [str(value) if type(value) is int else value for value in values]
        return parse_texts(make_array(texts, pa.string()), to)
    return None


def _read_one_by_one(column: Column, values: Sequence[Any], misfits: Misfits) -> pa.Array:
    """Make the array of a column whose values need a look at each; errors: ConversionError, which names one."""
    read = reader_of(column.type)
    known: dict[str, Any] = {}
    offset: bool | None = None
    mixes = pa.types.is_timestamp(column.type) or pa.types.is_time(column.type)
    result = []
    for line, value in enumerate(values):
        if isinstance(value, str) and value in known:
            result.append(known[value])
            continue
        try:
            item = read(value)
        except ValueError:
            result.append(misfits.replace(column, value, line))
            continue
        if mixes and item is not None:
            if offset not in {None, has_offset(value)}:
                raise refuse_mixed(column, value, misfits.row(line), offset=has_offset(value))
            offset = has_offset(value)
        if isinstance(value, str) and not isinstance(value, Number):
            known[value] = item
        result.append(item)
    return text_array(result) if is_text(column.type) else array_of(result, column.type)
