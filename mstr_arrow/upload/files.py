"""Files and queries as data to write: opened here, read while they are sent, never whole in memory.

====================================  =====================================================================
path                                  read as
====================================  =====================================================================
``.parquet``, ``.pq``                 a dataset; of a folder, all files in it, which are Parquet and one table
``.arrow``, ``.ipc``, ``.feather``    a dataset, mapped into memory; a stream, if that is what the file holds
``.arrows``                           a stream of batches
``.csv``, ``.tsv``; ``.csv.gz`` …     a stream of batches, of the types that `guess` finds in the
                                      first 8 MiB
====================================  =====================================================================
"""

from __future__ import annotations

import re
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv

from mstr_arrow.adapters.in_memory_duckdb import not_run, open_database
from mstr_arrow.errors import DataError, UsageError
from mstr_arrow.names import listing
from mstr_arrow.paths import read_path
from mstr_arrow.upload.guess import Conversion, guess
from mstr_arrow.upload.source import Rereadable, check_relation, is_dataset
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".ipc", ".feather", ".arrows")
DELIMITED = (".csv", ".tsv")
PACKED = (".gz", ".bz2", ".zst")
BLOCK_BYTES = 2**20
"""Text of a CSV file that is read at once; no row may be longer. Arrow reads about 32 blocks ahead."""

SAMPLE_BLOCKS = 8
"""Blocks that types are guessed from."""

_NOT_UTF_8 = "invalid UTF8"
_ENCODING = (
    "It is in another encoding, often cp1252 or UTF-16: make it UTF-8, with iconv -f cp1252 -t utf-8 for one."
)
_FILE_MAGIC = b"ARROW1"
_READ_AHEAD = {"batch_readahead": 2, "fragment_readahead": 1}


def table_name(path: Path) -> str:
    """Give the name of a file without its suffixes, or that of a folder.

    >>> table_name(Path("data/sales.csv.gz")), table_name(Path("data/sales.2024.parquet"))
    ('sales', 'sales.2024')
    """
    return path.resolve().name if path.is_dir() else path.name.removesuffix(path.suffix).removesuffix(_inner(path))


def open_file(path: str | Path, *, column_types: Mapping[str, pa.DataType] | None = None) -> Any:
    """Open a file, or a folder of Parquet parts, as a pyarrow Dataset or as batches that can be read again.

    ``column_types`` gives columns another type than they have or seem to have; names of columns that the file has
    not are passed over. The first rows of a CSV file are read at once.

    Raises UsageError for a file that is missing, empty, unreadable or of no known kind. Reading the data raises
    DataError where a CSV file is broken, ConversionError where a value does not fit its column's type.
    """
    path, types = read_path(path), column_types or {}
    try:
        if path.is_dir():
            return _retype(_open_parquet(_parts(path)), types, path)
        _refuse_empty(path)
        suffix = _kind(path)
        if suffix in DELIMITED:
            return _open_delimited(path, types)
        return _retype(_open_parquet([path]) if suffix in PARQUET else _open_arrow(path), types, path)
    except FileNotFoundError:
        hint = "For parts that are one table, give their folder." if set("*?[") & set(path.name) else None
        raise UsageError(f"there is no file {path}.", hint=hint) from None
    except UnicodeDecodeError as error:
        seen = f"{path} cannot be read: the name {error.object!r} of a column is not UTF-8."
        raise UsageError(seen, hint=_ENCODING) from error
    except (pa.ArrowException, OSError) as error:
        hint = _ENCODING if _NOT_UTF_8 in str(error) else "Is it whole, and what its name says?"
        raise UsageError(f"{path} cannot be read: {error}", hint=hint) from error


def query(sql: str) -> Any:
    """Run a DuckDB query in a database of its own, and give what it finds as batches; needs the extra ``duckdb``.

    Its rows are made while they are read, anew where they are read again. Of DuckDB's extensions it has those that
    it loads by ``LOAD``. Raises UsageError where DuckDB is not installed, and where the query is wrong or gives no
    rows.
    """
    database = open_database()
    import duckdb

    try:
        relation = database.sql(sql)
        if relation is None:
            raise UsageError("the query gives no rows.", hint="End it with a select.")
        check_relation(relation)
        return Rereadable(
            pa.RecordBatchReader.from_stream(relation), lambda: pa.RecordBatchReader.from_stream(relation)
        )
    except duckdb.Error as error:
        raise not_run("query", error) from None
    except RuntimeError as error:
        if "interrupted" in str(error):
            raise KeyboardInterrupt from None  # which DuckDB heard in place of us
        raise


def _inner(path: Path) -> str:
    """Give the suffix below that of a packed file, such as ``.csv`` of ``sales.csv.gz``; else nothing."""
    return Path(path.stem).suffix if path.suffix.lower() in PACKED else ""


def _kind(path: Path) -> str:
    """Give the suffix that says what a file holds; errors: UsageError."""
    suffix = path.suffix.lower()
    if suffix in {*PARQUET, *ARROW, *DELIMITED}:
        return suffix
    if (inner := _inner(path).lower()) in DELIMITED:
        return inner
    raise UsageError(
        f"the name {path.name} does not say what the file holds.",
        hint=f"It may end in {', '.join((*PARQUET, *ARROW, *DELIMITED))}, or in .csv{', .csv'.join(PACKED)}.",
    )


def _refuse_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        raise UsageError(f"{path} is empty.", hint="Was it written to its end?")


def _parts(folder: Path) -> list[Path]:
    """List the Parquet files of a folder; errors: UsageError for one that holds none, or something else."""
    parts = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "_")))
    hint = advice("query the folder", "A folder is a table in Parquet parts. DuckDB reads folders of other things.")
    for path in parts:
        if path.is_dir() or path.suffix.lower() not in PARQUET:
            raise UsageError(f"the folder {folder} holds {path.name}, which is no Parquet file.", hint=hint)
        _refuse_empty(path)
    if not parts:
        raise UsageError(f"the folder {folder} holds no Parquet files.", hint=hint)
    return parts


def _open_parquet(paths: Sequence[Path]) -> Any:
    """Open Parquet files as one dataset; errors: UsageError if they have not the same columns.

    A column whose types differ gets one that holds them all.
    """
    from pyarrow import dataset as pa_dataset  # noqa: PLC0415 - it brings pandas along

    files = [str(path) for path in paths]
    dataset = pa_dataset.dataset(files, format="parquet")
    if len(files) == 1:
        return dataset
    schemas = [fragment.physical_schema for fragment in dataset.get_fragments()]
    for path, schema in zip(paths, schemas, strict=True):
        if odd := sorted({*schema.names} ^ {*dataset.schema.names}):
            raise UsageError(f"{paths[0]} and {path} are no parts of one table: only one has {listing(odd)}.")
    schema = pa.unify_schemas(schemas, promote_options="permissive")
    return pa_dataset.dataset(files, schema=schema, format="parquet")


def _open_arrow(path: Path) -> Any:
    """Open an Arrow file or stream, whichever it is; a file is mapped, for its batches may be as large as it."""
    with path.open("rb") as file:
        magic = file.read(len(_FILE_MAGIC))
    if magic != _FILE_MAGIC:
        return _make_rereadable(lambda: pa.ipc.open_stream(pa.OSFile(str(path))))
    from pyarrow import dataset as pa_dataset  # noqa: PLC0415 - it brings pandas along
    from pyarrow import fs  # noqa: PLC0415 - only for such a file

    mapped = fs.LocalFileSystem(use_mmap=True)
    return pa_dataset.dataset(str(path.resolve()), format="ipc", filesystem=mapped)


def _make_rereadable(open_: Callable[[], pa.RecordBatchReader]) -> Rereadable:
    return Rereadable(open_(), open_)


def _open_delimited(path: Path, types: Mapping[str, pa.DataType]) -> Rereadable:
    """Open a CSV file: every column is read as text, and converted as its first texts suggest.

    Arrow's own guess would read 007 as 7, and stop at the first row it did not foresee.
    """
    separator = "\t" if _kind(path) == ".tsv" else _separator(path)
    names = _texts(path, separator, ()).schema.names
    texts = _texts(path, separator, names)
    sample = list(islice(texts, SAMPLE_BLOCKS))
    first = pa.Table.from_batches(sample, texts.schema).combine_chunks()
    if first.num_rows == 0 and (unknown := [name for name in names if name not in types]):
        raise UsageError(
            f"{path} has a header and no rows, so nothing tells the type of {listing(unknown)}.",
            hint=advice("type each column", "Say it in column_types."),
        )
    conversions = [
        Conversion(name, types[name]) if name in types else guess(name, column.chunk(0))
        for name, column in zip(names, first.columns, strict=True)
    ]
    schema = texts.schema
    return Rereadable(
        _convert(chain(sample, texts), conversions, schema, path),
        lambda: _convert(_texts(path, separator, names), conversions, schema, path),
    )


def _texts(path: Path, separator: str, names: Sequence[str]) -> Any:
    """Open a CSV file, with the columns of these names as text; an empty field is null, an empty text in quotes."""
    return pa.csv.open_csv(
        pa.input_stream(str(path)),
        read_options=pa.csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
        # In a single column a line without a text is a null; elsewhere it is none of the rows.
        parse_options=pa.csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, ignore_empty_lines=len(names) != 1
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _separator(path: Path) -> str:
    """Give the separator that is most often in the header: a comma, semicolon, tab or bar."""
    with pa.input_stream(str(path)) as stream:
        header = stream.read(2**16).lstrip().partition(b"\n")[0]
    bare = re.sub(b'"[^"]*"', b"", header).decode(errors="replace")
    return max(",;\t|", key=bare.count)


def _retype(data: Any, types: Mapping[str, pa.DataType], path: Path) -> Any:
    """Give columns the types asked for; data that have them already as they are."""
    changes = [
        Conversion(f.name, types[f.name]) if types.get(f.name, f.type) != f.type else None for f in data.schema
    ]
    if not any(changes):
        return data

    def batches() -> Any:
        return data.scanner(**_READ_AHEAD).to_batches() if is_dataset(data) else data.open()

    return _make_rereadable(lambda: _convert(batches(), changes, data.schema, path))


def _convert(
    batches: Iterable[pa.RecordBatch], changes: Sequence[Conversion | None], schema: pa.Schema, path: Path
) -> pa.RecordBatchReader:
    """Convert columns while they are read; None leaves one as it is."""
    fields = zip(schema, changes, strict=True)
    result = pa.schema([field.with_type(change.dtype) if change else field for field, change in fields])

    def convert() -> Iterator[pa.RecordBatch]:
        first_row = 0
        try:
            for batch in batches:
                columns = [
                    change.convert(values, first_row=first_row, source=str(path)) if change else values
                    for change, values in zip(changes, batch.columns, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=result)
                first_row += batch.num_rows
        except pa.ArrowException as error:
            hint = _ENCODING if _NOT_UTF_8 in str(error) else None
            raise DataError(f"{path} cannot be read any further: {error}", hint=hint) from error

    return pa.RecordBatchReader.from_batches(result, convert())
