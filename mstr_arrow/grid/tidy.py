"""Lay out a page's arrays as the rows of a result: all columns at once, no object per row.

Tidy, a cross-tab's rows are repeated for each combination of its columns' attributes, and where metrics are on
the rows, the rows of one combination become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.arrays import make_array, make_scalar
from mstr_arrow.errors import DataMismatch
from mstr_arrow.grid.cut import Unrecognised
from mstr_arrow.grid.matrix import MARKED, cast_values
from mstr_arrow.grid.page_arrays import Elements
from mstr_arrow.grid.places import whole_numbers
from mstr_arrow.grid.schema import totals_column
from mstr_arrow.grid.server_types import TEXT
from mstr_arrow.lazy import pl
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.grid.document import Document
    from mstr_arrow.grid.page_arrays import PageArrays
    from mstr_arrow.grid.schema import Columns

Headers = Sequence[tuple[Elements, pa.Array]]
"""Places of a header, each with an element index per row."""

Block = dict[tuple[int, str], pa.Array]
"""The values under one combination of column attributes, by number of the metric in the result and part."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Rows of a result.

    Where metrics are on the rows, ``row_keys`` tells apart what heads the grid's rows, ``keys`` that and what
    heads its columns. ``has_data`` says of the rows of a cross-tab whether any value stands in them; None where its
    metrics tell.
    """

    batch: pa.RecordBatch
    row_keys: Any = None
    keys: Any = None
    has_data: Any = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals in the rows of a result: the code of a row has a bit for each name, None is no totals."""

    names: Sequence[str] = ()
    codes: pa.Array | None = None

    def name_attributes(self, count: int) -> pa.DictionaryArray:
        """Name the attributes that each of ``count`` rows totals, null for a row of data."""
        if self.codes is None:
            return pa.nulls(count, TEXT)
        encoded = self.codes.dictionary_encode()
        texts = [
            ", ".join(dict.fromkeys(name for number, name in enumerate(self.names) if code >> number & 1)) or None
            for code in encoded.dictionary.to_pylist()
        ]
        shown = make_array(texts, pa.string()).dictionary_encode()
        return pa.DictionaryArray.from_arrays(shown.indices.take(encoded.indices), shown.dictionary)


def lay_out(document: Document, columns: Columns, page: PageArrays) -> Laid:
    """Lay out one page; errors: Unrecognised, DataMismatch."""
    try:
        return (
            _tidy(document, columns, page) if columns.options.layout == "tidy" else _grid(document, columns, page)
        )
    except (pa.ArrowException, KeyError, IndexError) as error:
        raise Unrecognised(str(error)) from error


def _grid(document: Document, columns: Columns, page: PageArrays) -> Laid:
    arrays, attributes = [], iter(page.rows)
    for place in document.row_places:
        if place.unit.is_metrics:
            names = make_array([metric.name for metric in document.metrics], pa.string())
            arrays.append(pa.DictionaryArray.from_arrays(page.metric_rows, names).cast(TEXT))
        else:
            elements, indices = next(attributes)
            arrays += elements.gather(indices)
    for number in range(document.data_columns):
        if not (columns.options.subtotals == "drop" and totals_column(document, number)):
            arrays += [page.values[part][number] for part in columns.options.parts]
    return Laid(*_select(arrays, columns, page.count, _totals((page.rows, None))))


def _tidy(document: Document, columns: Columns, page: PageArrays) -> Laid:
    rows, count = page.rows, page.count
    picks: Mapping[int, pa.Array] | None = None
    if page.metric_rows is not None:
        first, picks = _pivot(document, page)
        rows = [(elements, indices.take(first)) for elements, indices in rows]
        count = len(first)
    blocks, heads = _blocks(document, columns, page, picks)
    if not page.columns:
        arrays = [array for elements, indices in rows for array in elements.gather(indices)]
        arrays += _metric_arrays(columns, blocks[0] if blocks else {}, count)
        keys = None if picks is None else _keys(rows, count)
        return Laid(*_select(arrays, columns, count, _totals((rows, None)), keys=(keys, keys)))
    return _cross(columns, (rows, count), (page.columns, heads), blocks, keyed=picks is not None)


def _pivot(document: Document, page: PageArrays) -> tuple[pa.Array, dict[int, pa.Array]]:
    """Group the rows of each combination of attributes: its first row, and for each metric the row it is on."""
    places = {f"place {number}": pl.from_arrow(indices) for number, (_, indices) in enumerate(page.rows)}
    frame = pl.DataFrame(
        {"metric": pl.from_arrow(page.metric_rows), "row": pl.int_range(page.count, eager=True), **places}
    )
    by = [pl.col(place) for place in places] or [pl.lit(0).alias("all")]
    numbers = range(len(document.metrics))
    groups = frame.group_by(by, maintain_order=True).agg(
        pl.col("row").first().alias("first"),
        *(pl.col("row").filter(pl.col("metric") == number).first().alias(f"metric {number}") for number in numbers),
    )
    picks = {number: groups[f"metric {number}"].to_arrow() for number in numbers}
    if sum(len(pick) - pick.null_count for pick in picks.values()) != page.count:
        raise DataMismatch(
            f"The page at row {document.paging.offset} has two rows of one metric for the same attributes.",
            hint=naming('Read it with {Scan.with_options.layout="grid"}, which keeps the rows as they are.'),
        )
    return groups["first"].to_arrow(), picks


def _blocks(
    document: Document, columns: Columns, page: PageArrays, picks: Mapping[int, pa.Array] | None
) -> tuple[list[Block], list[int]]:
    """Sort the data columns by the attributes that head them: a block each, and the first data column of each."""
    blocks: dict[tuple[int | None, ...], Block] = {}
    heads: dict[tuple[int | None, ...], int] = {}
    indices = [header.to_pylist() for _, header in page.columns]
    slots = columns.slots(document)
    for number in range(document.data_columns):
        head = tuple(header[number] for header in indices)
        block = blocks.setdefault(head, {})
        heads.setdefault(head, number)
        metric = document.metric_at(number)
        for part in columns.options.parts:
            if not page.values[part]:
                continue
            values = page.values[part][number]
            new = (
                {(slots[metric], part): values}
                if metric is not None
                else {(slots[which], part): values.take(pick) for which, pick in (picks or {}).items()}
            )
            if not block.keys().isdisjoint(new):
                raise DataMismatch(
                    "The result has two columns of one metric for the same attributes.",
                    hint=naming(
                        'Read it with {Scan.with_options.layout="grid"}, which keeps the columns as they are.'
                    ),
                )
            block |= new
    return list(blocks.values()), list(heads.values())


def _metric_arrays(columns: Columns, block: Block, count: int) -> list[pa.Array]:
    """Return an array for each metric of the result, nulls for one that this page or block lacks."""
    parts = columns.options.parts
    arrays = []
    for number, column in enumerate(columns.metrics):
        array = block.get((number // len(parts), column.part))
        arrays.append(pa.nulls(count, column.field.type) if array is None else _cast_marked(array, column.type))
    return arrays


def _cast_marked(array: pa.Array, to: pa.DataType) -> pa.Array:
    return cast_values(array, to) if array.type == MARKED else array


def _cross(
    columns: Columns,
    rows: tuple[Headers, int],
    heads: tuple[Headers, list[int]],
    blocks: list[Block],
    *,
    keyed: bool,
) -> Laid:
    """Repeat each row for each block, and leave out what has no data."""
    headers, count = rows
    across = len(blocks)
    row = whole_numbers(np.repeat(np.arange(count, dtype=np.int32), across))
    block = whole_numbers(np.tile(np.arange(across, dtype=np.int32), count))
    at = whole_numbers(np.arange(count * across, dtype=np.int32).reshape(across, count).T.ravel())
    places = [(elements, indices.take(row)) for elements, indices in headers]
    chosen = make_array(heads[1], pa.int32())
    places += [(elements, indices.take(chosen).take(block)) for elements, indices in heads[0]]
    arrays = [array for elements, indices in places for array in elements.gather(indices)]
    stacked = [_metric_arrays(columns, one, count) for one in blocks]
    metrics = [pc.take(_concat(column), at, boundscheck=False) for column in zip(*stacked, strict=True)]
    # Where a row of the result may go on in the next page, that is not known yet: the Stitcher leaves it out.
    has_data = None
    if columns.crossed and columns.whole_pages and all(metric.null_count for metric in metrics):
        has_data = reduce(pc.or_, map(pc.is_valid, metrics))
    totals = _totals((headers, row), ([(elements, indices.take(chosen)) for elements, indices in heads[0]], block))
    keys = (_keys(places[: len(headers)], len(row)), _keys(places, len(row))) if keyed else (None, None)
    if not blocks:
        metrics = [pa.nulls(0, column.field.type) for column in columns.metrics]
    return Laid(*_select([*arrays, *metrics], columns, len(row), totals, has_data, keys))


def _concat(arrays: Sequence[pa.Array]) -> pa.Array:
    if len(arrays) > 1 and pa.types.is_dictionary(arrays[0].type):
        dictionaries = [array.dictionary for array in arrays]
        texts = {(len(each), *(buffer and buffer.address for buffer in each.buffers())) for each in dictionaries}
        if len(texts) == 1:
            indices = pa.concat_arrays([array.indices for array in arrays])
            return pa.DictionaryArray.from_arrays(indices, dictionaries[0])
    return pa.chunked_array(arrays).unify_dictionaries().combine_chunks()


def _keys(places: Sequence[tuple[Elements, pa.Array]], count: int) -> pa.StringArray:
    """Make a text of the ids that head each row."""
    if not places:
        return pa.repeat(make_scalar("", pa.string()), count)
    ids = [
        pc.fill_null(elements.read_ids().take(indices), make_scalar("", pa.string()))
        for elements, indices in places
    ]
    return pc.binary_join_element_wise(*ids, make_scalar("\x1f", pa.string()))


def _totals(*axes: tuple[Headers, pa.Array | None]) -> Totals:
    """Say what each row totals; an axis is its headers, and a line of them for each row unless they are as many."""
    to = pa.uint8() if sum(len(places) for places, _ in axes) <= pa.uint8().bit_width else pa.uint64()
    none = make_scalar(0, to)
    names: list[str] = []
    found = []
    for places, lines in axes:
        codes = []
        for elements, indices in places:
            if elements.subtotal is None:
                continue
            code = pc.if_else(elements.subtotal, make_scalar(2 ** len(names), to), none)
            codes.append(pc.fill_null(code.take(indices), none))
            names.append(elements.name)
        if codes:
            whole = reduce(pc.bit_wise_or, codes)
            found.append(whole if lines is None else whole.take(lines))
    return Totals(names, reduce(pc.bit_wise_or, found) if found else None)


def _select(  # noqa: PLR0917 - the parts of one page
    arrays: list[pa.Array],
    columns: Columns,
    count: int,
    totals: Totals,
    has_data: pa.BooleanArray | None = None,
    keys: tuple[pa.StringArray | None, pa.StringArray | None] = (None, None),
) -> tuple[pa.RecordBatch, pa.StringArray | None, pa.StringArray | None]:
    """Keep the rows that are wanted, data or totals, and name what the latter total."""
    masks = [] if has_data is None else [has_data]
    if columns.options.subtotals == "drop":
        masks += [] if totals.codes is None else [pc.equal(totals.codes, make_scalar(0, totals.codes.type))]
    else:
        arrays = [*arrays, totals.name_attributes(count)]
        masks += [pc.is_valid(arrays[-1])] if columns.options.subtotals == "only" else []
    batch = make_batch(arrays, columns, count)
    if not masks:
        return batch, *keys
    mask = reduce(pc.and_, masks)
    if pc.all(mask).as_py():  # as nearly always; there is nothing to leave out
        return batch, *keys
    row_keys, all_keys = (None if key is None else key.filter(mask) for key in keys)
    return batch.filter(mask), row_keys, all_keys


def make_batch(arrays: list[pa.Array], columns: Columns, count: int) -> pa.RecordBatch:
    """Make a batch of the columns of a result; one without columns still has rows."""
    if not arrays:
        return pa.record_batch([pa.nulls(count)], names=["_"]).select([])
    return pa.record_batch(arrays, schema=columns.schema)
