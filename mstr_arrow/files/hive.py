"""Hive partitions: which rows go together, and what their folder is called. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.arrays import make_scalar
from mstr_arrow.errors import UsageError
from mstr_arrow.names import listing, suggestion
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NULL = "__HIVE_DEFAULT_PARTITION__"
"""The name of a folder that stands for null."""

# What Hive and Spark escape, and what no path of Windows has. The rest stays as it is: Spark reads an
# escaped letter beyond ASCII as two or three.
_ESCAPED = re.compile(r"""[\x00-\x1f\x7f"#%'*/:<=>?\\{|}\[\]^]""")
_NO_FRACTION = re.compile(r"\.0+(?=Z?$)")


def partition_columns(columns: str | Sequence[str]) -> tuple[str, ...]:
    """Read what ``partition_by`` is given; errors: UsageError.

    >>> partition_columns("Year"), partition_columns(["Year", "Region"])
    (('Year',), ('Year', 'Region'))
    """
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise UsageError(f"partition_by is {columns!r}.", hint="Give the names of columns: ['Year', 'Region'].")
    doubled = [name for number, name in enumerate(names) if name in names[:number]]
    if doubled:
        raise UsageError(f"partition_by names {listing(doubled)} twice.", hint="Name each column once.")
    return names


def folder_name(column: str, value: str | None) -> str:
    """Name the folder of a value, as Hive does.

    >>> folder_name("Region", "North/East"), folder_name("Größe", "a=b"), folder_name("Region", None)
    ('Region=North%2FEast', 'Größe=a%3Db', 'Region=__HIVE_DEFAULT_PARTITION__')
    """
    return f"{_escape(column)}={NULL if value is None else _escape(value)}"


def column_of(folder: str) -> str | None:
    """Return the column that the name of a folder is about; None for a folder of something else.

    >>> column_of("Net%2FGross=1"), column_of("archive")
    ('Net/Gross', None)
    """
    name, sign, _ = folder.partition("=")
    return unquote(name) if sign and name else None


def _escape(text: str) -> str:
    return _ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", text)


class Partitioning:
    """Columns that tell in which folder a row goes.

    ``schema`` is that of the files, which do not have these columns. Errors: UsageError for columns that are not
    there, or are all there are, or have a type that the name of a folder does not hold.
    """

    def __init__(self, columns: tuple[str, ...], schema: pa.Schema) -> None:
        self.columns = columns
        for name in columns:
            if schema.names.count(name) != 1:
                raise UsageError(
                    f"there is no column {name!r} to partition by.", hint=suggestion(name, schema.names)
                )
            _check_type(schema.field(name))
        if len(columns) == len(schema):
            raise UsageError(
                "partition_by names every column, and files without columns cannot be.",
                hint="Leave out one: the columns of partitions are in the names of folders, and not in the files.",
            )
        self._at = [schema.get_field_index(name) for name in columns]
        self._kept = [number for number in range(len(schema)) if number not in self._at]
        self.schema = pa.schema([schema.field(number) for number in self._kept])

    def split(self, batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Give the rows of each partition, in their order, and its folder.

        Those of several partitions are copied, so that each can be let go of alone. Errors: UsageError for a value
        that a reader would take for another.
        """
        rest = batch.select(self._kept)
        codes = self._codes(batch)
        order = pc.array_sort_indices(codes)
        runs = pc.run_end_encode(codes.take(order))
        if len(runs.run_ends) == 1:
            yield self._folder(batch, 0), rest
            return
        start = 0
        for end in runs.run_ends.to_pylist():
            rows = order.slice(start, end - start)
            yield self._folder(batch, rows[0].as_py()), _shorten_dictionaries(rest.take(rows))
            start = end

    def _codes(self, batch: pa.RecordBatch) -> pa.Array:
        """Give each row a number, that of all rows of its partition and of no others."""
        codes: Any = None
        for number in self._at:
            column = batch.column(number)
            encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
            count = len(encoded.dictionary)
            own = pc.fill_null(encoded.indices.cast(pa.int64()), make_scalar(count, pa.int64()))
            if codes is None:
                codes = own
                continue
            # Numbered anew, so that they stay below the number of rows, and the next product small.
            codes = codes.dictionary_encode().indices.cast(pa.int64())
            codes = pc.add(pc.multiply(codes, make_scalar(count + 1, pa.int64())), own)
        return codes

    def _folder(self, batch: pa.RecordBatch, row: int) -> str:
        names = zip(self.columns, self._at, strict=True)
        return "/".join(folder_name(name, _text(name, batch.column(number)[row])) for name, number in names)


def _check_type(field: pa.Field) -> None:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    types = pa.types
    if (
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_integer(kind)
        or types.is_boolean(kind)
        or types.is_decimal(kind)
        or types.is_date(kind)
        or types.is_timestamp(kind)
        or types.is_time(kind)
    ):
        return
    raise UsageError(
        f"the column {field.name!r} is {kind}, and rows are not partitioned by such values.",
        hint=naming(
            "Partition by texts, integers, dates, decimals or truth values; {Scan.with_options.types} reads a "
            "column as another type."
        ),
    )


def _text(column: str, value: pa.Scalar) -> str | None:
    """Write a value as it stands in the name of a folder; None for null."""
    if pa.types.is_dictionary(value.type):
        value = value.value if value.is_valid else make_scalar(None, value.type.value_type)
    if not value.is_valid:
        return None
    if pa.types.is_decimal(value.type):
        return format(value.as_py(), "f")
    text = str(value.cast(pa.string()).as_py())
    if text == NULL:
        raise UsageError(
            f"a value of {column!r} is {NULL!r}, which in the name of a folder means that there is none.",
            hint="Partition by another column.",
        )
    return _NO_FRACTION.sub("", text) if pa.types.is_temporal(value.type) else text


def _shorten_dictionaries(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Have dictionaries no longer than the rows: what was taken of a page has the page's."""
    columns = [
        column.dictionary_decode().dictionary_encode().cast(column.type)
        if pa.types.is_dictionary(column.type) and len(column.dictionary) > batch.num_rows
        else column
        for column in batch.columns
    ]
    return pa.record_batch(columns, schema=batch.schema)
