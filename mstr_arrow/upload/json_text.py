"""Values as JSON: the text of a column, and expressions that are written beside each other as rows. Pure.

A column's text is written by whatever is fastest with such values, never with an object of Python's for each.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types as kinds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Text: TypeAlias = Sequence[bytes | memoryview]
    """A text in parts that follow one upon the other."""

_SAMPLE = 2048
"""Values from which it is seen whether a column repeats its values."""

_FEW = 256
"""Strings that are written one by one in less time than Polars takes to begin."""

_FIRST_UNESCAPED = 0x20
_ESCAPED = b'"\\'


@dataclass(frozen=True, slots=True, kw_only=True)
class Values(ABC):
    """Values about to be written, and how many of them lose something by it."""

    nulled: int = 0
    shortened: int = 0
    ambiguous: int = 0

    @property
    @abstractmethod
    def expr(self) -> pl.Expr:
        """A column as Polars writes it as JSON: numbers, truth values or JSON texts, all with nulls."""

    def text(self) -> Text:
        """Write all values, with commas in between."""
        return _write_by_polars(self.expr)


@dataclass(frozen=True, slots=True)
class Numbers(Values):
    """Numbers, of which doubles that are not finite are written as null."""

    series: pl.Series

    @property
    def json(self) -> pa.Array:
        """The text of each."""
        return self.series.cast(pl.String).to_arrow()

    @property
    def expr(self) -> pl.Expr:
        """The numbers, of which those that JSON has no word for are null."""
        values = pl.lit(self.series)
        return pl.when(values.is_finite()).then(values) if self.nulled else values

    def text(self) -> Text:
        """Write them by orjson, which takes them from numpy alone, at two thirds of the time of Polars."""
        doubles = self.series.dtype == pl.Float64
        if doubles or (self.series.dtype.is_integer() and not self.series.null_count()):
            # Polars makes NaN of nulls, and orjson null of NaN.
            text = orjson.dumps(self.series.to_numpy(), option=orjson.OPT_SERIALIZE_NUMPY)
            return (memoryview(text)[1:-1],)
        return _write_by_polars(self.expr)


@dataclass(frozen=True, slots=True)
class Strings(Values):
    """Strings with characters that JSON escapes."""

    strings: pa.Array

    @property
    def json(self) -> pa.Array:
        """The JSON text of each."""
        if len(self.strings) > _FEW:
            return compute(self.expr).to_arrow()
        texts = [None if it is None else orjson.dumps(it).decode() for it in self.strings.to_pylist()]
        return pl.Series(texts, dtype=pl.String).to_arrow()

    @property
    def expr(self) -> pl.Expr:
        """The JSON text of each, made as an object with one member of no name, of which all else is cut off."""
        objects = pl.struct(pl.lit(pl.Series(self.strings)).alias(""))
        return objects.struct.json_encode().str.slice(len('{"":')).str.head(-1)

    def text(self) -> Text:
        """Write them at once, which takes less time than one by one."""
        return _write_by_polars(pl.lit(pl.Series(self.strings)))


@dataclass(frozen=True, slots=True)
class PlainStrings(Values):
    """Strings that are JSON as they are, but for the quotes around them."""

    strings: pa.Array

    @property
    def json(self) -> pa.Array:
        """The JSON text of each."""
        strings = _large(self.strings)
        return pc.binary_join_element_wise(_scalar('"'), strings, _scalar('"'), _scalar(""))

    @property
    def expr(self) -> pl.Expr:
        """The JSON text of each."""
        coded = encode_repeated(self.strings)
        if kinds.is_dictionary(coded.type):
            return Coded([(PlainStrings(coded.dictionary).json, coded.indices)]).expr
        return pl.lit(pl.Series(self.json))

    def text(self) -> Text:
        """Join them by what stands between two strings."""
        if self.strings.null_count:
            return JsonTexts(self.json).text()
        return b'"', _join(self.strings, '","'), b'"'


@dataclass(frozen=True, slots=True)
class JsonTexts(Values):
    """Values that are JSON texts already."""

    json: pa.Array

    @property
    def expr(self) -> pl.Expr:
        """The texts."""
        return pl.lit(pl.Series(self.json))

    def text(self) -> Text:
        """Join them."""
        return (_join(_without_nulls(self.json), ","),)


@dataclass(frozen=True, slots=True)
class Coded(Values):
    """Few JSON texts, and the index of the one that each value is written as; in parts, each with other texts."""

    parts: Sequence[tuple[pa.Array, pa.Array]]

    @property
    def expr(self) -> pl.Expr:
        """The text of each."""
        return pl.lit(pl.concat([pl.Series(json).gather(pl.Series(indices)) for json, indices in self.parts]))

    def text(self) -> Text:
        """Gather texts that have their comma already."""
        written = [_gather(json, indices) for json, indices in self.parts if len(indices)]
        written[-1] = written[-1][:-1]
        return written


def plain_or_escaped(strings: pa.Array) -> PlainStrings | Strings:
    """Make strings ready to be written, which takes half the time where none holds what JSON escapes."""
    kind, size = ("<q", 8) if kinds.is_large_string(strings.type) else ("<i", 4)
    _, offsets, data = strings.buffers()
    start, end = (
        struct.unpack_from(kind, offsets, size * at)[0] for at in (strings.offset, strings.offset + len(strings))
    )
    if start == end:
        return PlainStrings(strings)
    letters = pl.Series(pa.Array.from_buffers(pa.uint8(), end - start, [None, data.slice(start, end - start)]))
    escaped = letters.min() < _FIRST_UNESCAPED or any((letters == letter).any() for letter in _ESCAPED)  # type: ignore[operator]  # it is a number
    return Strings(strings) if escaped else PlainStrings(strings)


def encode_repeated(values: pa.Array) -> pa.Array:
    """Encode values as a dictionary, if a sample shows that they repeat."""
    if len(values) > _SAMPLE and len(values.slice(0, _SAMPLE).dictionary_encode().dictionary) <= _SAMPLE // 2:
        return values.dictionary_encode()
    return values


def compute(expr: pl.Expr) -> pl.Series:
    """Compute one expression of literals."""
    return pl.select(expr).to_series()


def _write_by_polars(values: pl.Expr) -> Text:
    """Write numbers, truth values or strings as the list in an object with one member of no name."""
    (text,) = pl.select(pl.struct(values.implode().alias("")).struct.json_encode().cast(pl.Binary)).row(0)
    return (memoryview(text)[len('{"":[') : -len("]}")],)


def _gather(json: pa.Array, indices: pa.Array) -> memoryview:
    """Write the text of each index and a comma behind it."""
    json = _without_nulls(_large(json))
    if indices.null_count:
        known = pl.Series(indices).cast(pl.Int64).fill_null(len(json))
        json, indices = pa.concat_arrays([json, pl.Series(["null"]).to_arrow()]), known.to_arrow()
    with_commas = pc.binary_join_element_wise(json, _scalar(","), _scalar(""))
    return _bytes(with_commas.take(indices).buffers()[2])


def _without_nulls(json: pa.Array) -> pa.Array:
    return pc.fill_null(_large(json), _scalar("null")) if json.null_count else json


def _join(strings: pa.Array, separator: str) -> memoryview:
    """Join strings without nulls."""
    strings = _large(strings)
    whole = pa.py_buffer(struct.pack("<ii", 0, len(strings)))
    in_list = pa.Array.from_buffers(pa.list_(strings.type), 1, [None, whole], children=[strings])
    joined = pc.binary_join(in_list, _scalar(separator))
    start, end = struct.unpack_from("<qq", joined.buffers()[1], 8 * joined.offset)
    return _bytes(joined.buffers()[2])[start:end]


def _large(strings: pa.Array) -> pa.Array:
    """Give strings offsets of 64 bits."""
    return strings if kinds.is_large_string(strings.type) else strings.cast(pa.large_string())


def _bytes(buffer: pa.Buffer) -> memoryview:
    """Look at a buffer, whose bytes Arrow takes for signed, as at bytes."""
    return memoryview(buffer).cast("B")


@cache
def _scalar(text: str) -> pa.Scalar:
    """Make a scalar without Arrow's own way, which would import pandas."""
    return pl.Series([text]).to_arrow()[0]
