"""The plain decoder: obviously right, and the judge of the fast one.

It follows the wire reference (section 3.12) with lists of Python objects: which element heads each line, and which
value stands where a line of the rows meets one of the columns. It reads the pages that the fast decoder does not
recognise. Its errors are the ones people see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.arrays import make_array
from mstr_arrow.errors import DataMismatch, ProtocolError
from mstr_arrow.grid.document import check_rows
from mstr_arrow.grid.elements import element_id, is_subtotal, texts_of_form
from mstr_arrow.grid.exact import form_array, text_array, value_array
from mstr_arrow.grid.misfits import Misfits
from mstr_arrow.grid.schema import totals_column
from mstr_arrow.grid.server_types import is_text
from mstr_arrow.grid.tidy import Laid, make_batch
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.grid.document import Document, Place, Unit
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.schema import Columns


def needs_exact(document: Document, columns: Columns) -> bool:
    """Tell whether a column needs the text of its numbers, because a double may have rounded them."""
    if any(map(_has_fractions, (*document.rows, *document.columns))):
        return True
    inexact = [not pa.types.is_floating(column.type) for column in columns.metrics]
    if not document.metrics or not any(inexact):
        return False
    for number, part in enumerate(columns.options.parts):
        mine = inexact[number :: len(columns.options.parts)]
        if columns.options.layout == "tidy" and not document.metrics_on_rows:
            slots = columns.slots(document)
            numbers = [n for n in range(document.data_columns) if mine[slots[document.metric_at(n) or 0]]]
        else:
            numbers = list(range(document.data_columns))
        matrix = document.values[part]
        if any(float in set(map(type, map(itemgetter(n), matrix))) for n in numbers):
            return True
    return False


def _has_fractions(unit: Unit) -> bool:
    """Tell whether forms of a unit have numbers, of which a text shows the digits that were sent."""
    if unit.is_metrics:
        return False
    values = (element.get("formValues") for element in unit.elements)
    return any(isinstance(each, list) and float in map(type, each) for each in values)


def check_shape(document: Document, columns: Columns) -> None:
    """Check that the matrices have the rows that the server promised and each row its width.

    Errors: DataMismatch, ProtocolError.
    """
    places = document.row_places
    headers = document.row_headers if places else None
    matrices = {part: document.values[part] for part in columns.options.parts} if document.metrics else {}
    check_rows(document, headers=None if headers is None else len(headers), values=None)
    for matrix in matrices.values():
        check_rows(document, headers=None, values=len(matrix))
    _check_widths(document, "row headers", headers or (), [place.unit.name for place in places])
    for part, matrix in matrices.items():
        names = [metric.name for metric in document.metrics]
        across = names if len(names) == document.data_columns else ["…"] * document.data_columns
        _check_widths(document, f"{part} metric values" if part != "raw" else "metric values", matrix, across)


def _check_widths(document: Document, what: str, matrix: Sequence[Any], across: Sequence[str]) -> None:
    if set(map(type, matrix)) <= {list} and set(map(len, matrix)) <= {len(across)}:
        return
    for row, cells in enumerate(matrix):
        if not isinstance(cells, list) or len(cells) != len(across):
            raise ProtocolError(
                f"Row {document.paging.offset + row} has not exactly {len(across)} {what}, "
                f"one for each of {', '.join(map(repr, across))}.",
                hint="This layout of a result cannot be read; please report it with the page.",
            )


@dataclass(frozen=True, slots=True)
class _Head:
    """One place of an axis: the element of its unit that each line has there, None where it is blank."""

    unit: Unit
    indices: Sequence[int | None]

    def at(self, lines: Sequence[int]) -> _Head:
        """Choose lines, in any order and number."""
        return _Head(self.unit, [self.indices[line] for line in lines])


@dataclass(frozen=True, slots=True)
class _Axis:
    """The heads of each line of an axis: its places, and the metric where the metrics are on this axis."""

    lines: int
    heads: Sequence[_Head]
    metrics: Sequence[int] | None


@dataclass(frozen=True, slots=True)
class _Groups:
    """Lines of an axis brought together: the first of each group, and for each metric the line of each group.

    The metric is None where the metrics are on the other axis.
    """

    first: Sequence[int]
    by_metric: Mapping[int | None, Sequence[int | None]]

    def of(self, metric: int | None) -> Sequence[int | None]:
        """Return the line of each group that has a metric, None for a group that lacks it."""
        return self.by_metric.get(metric) or [None] * len(self.first)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The rows of a result: the grid's row that tells each, what heads it, its values by column of metrics."""

    row_of: list[int]
    row_heads: list[_Head]
    heads: list[_Head]
    values: list[list[Any]]

    def at(self, lines: Sequence[int]) -> _Lines:
        """Choose lines."""
        return _Lines(
            [self.row_of[line] for line in lines],
            [head.at(lines) for head in self.row_heads],
            [head.at(lines) for head in self.heads],
            [[cells[line] for line in lines] for cells in self.values],
        )


def lay_out(document: Document, columns: Columns) -> tuple[Laid, Sequence[Misfit]]:
    """Lay out a page that was parsed, and list the bad values that are null in it.

    Errors: ConversionError, ProtocolError, DataMismatch.
    """
    rows = _axis(document.row_places, _transpose_headers(document), document.paging.current)
    tidy = columns.options.layout == "tidy"
    lines = _tidy(document, columns, rows) if tidy else _grid(document, columns, rows)
    totals = _totals(lines)
    wanted = {"drop": (False,), "keep": (False, True), "only": (True,)}[columns.options.subtotals]
    kept = [line for line, names in enumerate(totals) if (names is not None) in wanted]
    if columns.crossed and columns.whole_pages:
        has_data = _has_data(lines, columns)
        kept = [line for line in kept if has_data[line]]
    if len(kept) < len(totals):
        lines, totals = lines.at(kept), [totals[line] for line in kept]
    misfits = Misfits(columns.nulled, [document.paging.offset + row for row in lines.row_of])
    forms = _forms(columns, lines.heads, misfits)
    metrics = [
        value_array(column, cells, misfits) for column, cells in zip(columns.metrics, lines.values, strict=True)
    ]
    arrays: list[pa.Array] = []
    for column in columns.all:
        if column.role == "attribute":
            arrays.append(forms.pop(0))
        elif column.role == "metric":
            arrays.append(metrics.pop(0))
        elif column.role == "metric name":
            names = [metric.name for metric in document.metrics]
            arrays.append(text_array([names[(rows.metrics or ())[row]] for row in lines.row_of]))
        else:
            arrays.append(text_array(totals))
    count = len(lines.row_of)
    batch = make_batch(arrays, columns, count)
    if columns.whole_pages:
        return Laid(batch), misfits.found
    row_keys, keys = (_keys(heads, count) for heads in (lines.row_heads, lines.heads))
    filled = make_array(_has_data(lines, columns), pa.bool_()) if columns.crossed else None
    return Laid(batch, row_keys, keys, filled), misfits.found


def _has_data(lines: _Lines, columns: Columns) -> list[bool]:
    """Tell of each line whether a value stands in it, be it a bad one; an empty text is one in texts only."""
    texts = [is_text(column.type) for column in columns.metrics]
    return [
        any(cell is not None and (text or cell != "") for cell, text in zip(cells, texts, strict=True))
        for cells in zip(*lines.values, strict=True)
    ]


def _grid(document: Document, columns: Columns, rows: _Axis) -> _Lines:
    """Take the rows as they are, and the data columns, those that total others only where totals are wanted."""
    values = [
        [row[number] for row in document.values[part]]
        for number in range(document.data_columns)
        if not (columns.options.subtotals == "drop" and totals_column(document, number))
        for part in columns.options.parts
    ]
    return _Lines(list(range(rows.lines)), list(rows.heads), list(rows.heads), values)


def _tidy(document: Document, columns: Columns, rows: _Axis) -> _Lines:
    """Let each group of rows meet each block of data columns: one row of the result."""
    across = _axis(document.column_places, document.column_headers, document.data_columns)
    groups = (
        _each(rows)
        if rows.metrics is None
        else _groups(rows, f"The page at row {document.paging.offset} has two rows")
    )
    blocks = _groups(across, "The result has two columns")
    if not across.heads and not blocks.first:
        blocks = _Groups([0], {})  # attributes only: each row as it is
    row_of = [row for row in groups.first for _ in blocks.first]
    column_of = [*blocks.first] * len(groups.first)
    same = len(groups.first) == rows.lines and len(blocks.first) == 1
    row_heads = [head if same else head.at(row_of) for head in rows.heads]
    heads = [*row_heads, *(head.at(column_of) for head in across.heads)]
    return _Lines(row_of, row_heads, heads, _values(document, columns, groups, blocks))


def _values(document: Document, columns: Columns, groups: _Groups, blocks: _Groups) -> list[list[Any]]:
    """List the values of each column of metrics: where a group of rows meets a block of columns in its metric."""
    parts = columns.options.parts
    nothing: list[Any] = [None] * (len(groups.first) * len(blocks.first))
    values = [nothing for _ in columns.metrics]
    for metric, slot in enumerate(columns.slots(document)):
        rows = groups.of(metric if document.metrics_on_rows else None)
        numbers = blocks.of(None if document.metrics_on_rows else metric)
        for place, part in enumerate(parts):
            matrix = document.values[part]
            if rows == range(len(matrix)) and len(numbers) == 1 and numbers[0] is not None:
                cells = list(map(itemgetter(numbers[0]), matrix))
            else:
                cells = [
                    None if row is None or number is None else matrix[row][number]
                    for row in rows
                    for number in numbers
                ]
            values[slot * len(parts) + place] = cells
    return values


def _transpose_headers(document: Document) -> list[list[int]]:
    return [[row[number] for row in document.row_headers] for number in range(len(document.row_places))]


def _axis(places: Sequence[Place], headers: Sequence[Sequence[int]], lines: int) -> _Axis:
    """Tell the heads of an axis from its headers, a list of element indices per place."""
    heads: list[_Head] = []
    metrics = None
    for number, (place, indices) in enumerate(zip(places, headers, strict=True)):
        _check_indices(place.unit, indices)
        if place.unit.is_metrics:
            metrics = indices
        else:
            # Blank: negative, or the same as the place before it in the same unit (section 3.6).
            shown: Sequence[int | None] = indices
            if place.level or min(indices, default=0) < 0:
                before = headers[number - 1] if place.level else repeat(None, lines)
                pairs = zip(indices, before, strict=True)
                shown = [None if index < 0 or index == last else index for index, last in pairs]
            heads.append(_Head(place.unit, shown))
    return _Axis(lines, heads, metrics)


def _check_indices(unit: Unit, indices: Sequence[Any]) -> None:
    known = len(unit.elements)
    least = 0 if unit.is_metrics else -math.inf
    if set(map(type, indices)) <= {int} and (not indices or (least <= min(indices) and max(indices) < known)):
        return
    wrong = next(index for index in indices if type(index) is not int or not least <= index < known)
    raise ProtocolError(f"A row or column of {unit.name!r} refers to element {wrong!r} of {known}.")


def _each(axis: _Axis) -> _Groups:
    """Leave the lines as they are."""
    return _Groups(range(axis.lines), {None: range(axis.lines)})


def _groups(axis: _Axis, two: str) -> _Groups:
    """Bring together the lines that differ in their metric only; errors: DataMismatch for two of one metric."""
    numbers: dict[tuple[int | None, ...], int] = {}
    found: dict[int | None, dict[int, int]] = {}
    first: list[int] = []
    keys = zip(*(head.indices for head in axis.heads), strict=True) if axis.heads else repeat((), axis.lines)
    for line, (key, metric) in enumerate(zip(keys, axis.metrics or repeat(None, axis.lines), strict=True)):
        number = numbers.setdefault(key, len(numbers))
        if number == len(first):
            first.append(line)
        lines = found.setdefault(metric, {})
        if number in lines:
            raise DataMismatch(
                f"{two} of one metric for the same attributes.",
                hint=naming(
                    'Read it with {Scan.with_options.layout="grid"}, which keeps the rows and columns as they are.'
                ),
            )
        lines[number] = line
    groups = range(len(first))
    return _Groups(first, {metric: [lines.get(number) for number in groups] for metric, lines in found.items()})


def _totals(lines: _Lines) -> list[str | None]:
    """Name the attributes that each line totals; None for a line of data."""
    names: list[str | None] = [None] * len(lines.row_of)
    flagged = [(head, [is_subtotal(element) for element in head.unit.elements]) for head in lines.heads]
    flagged = [(head, flags) for head, flags in flagged if any(flags)]
    for line in range(len(names)) if flagged else ():
        found = [(head.unit.name, flags, head.indices[line]) for head, flags in flagged]
        unique = dict.fromkeys(name for name, flags, index in found if index is not None and flags[index])
        names[line] = ", ".join(unique) or None
    return names


def _forms(columns: Columns, heads: Sequence[_Head], misfits: Misfits) -> list[pa.Array]:
    """Make the arrays of all forms of all heads, which are in the order of the columns."""
    left = iter(columns.attributes)
    arrays = []
    for head in heads:
        own = list(islice(left, len(head.unit.forms)))
        for form, column in enumerate(own):
            texts = texts_of_form(head.unit, form, [each.type for each in own])
            arrays.append(form_array(column, texts, head.indices, misfits))
    return arrays


def _keys(heads: Sequence[_Head], lines: int) -> pa.StringArray:
    """Make a text of the ids that head each line."""
    keys = [[""] * lines]
    for head in heads:
        ids = [element_id(element) for element in head.unit.elements]
        keys.append(["" if index is None else ids[index] for index in head.indices])
    texts = ("\x1f".join(key) for key in zip(*keys[1:] or keys, strict=True))
    return make_array([text.encode("utf-8", "backslashreplace").decode() for text in texts], pa.string())
