"""The input of a write: files and queries, and the names of the tables they become."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.errors import UsageError
from mstr_arrow.paths import read_path
from mstr_arrow.upload.files import open_file, query, table_name
from mstr_arrow.upload.model import unknown_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

_FORM = re.compile(r"(?P<attribute>.+?)@(?P<category>[^@=]+)=(?P<column>.+)", re.DOTALL)


class Given(NamedTuple):
    """Tables by name, and whether the names were ``chosen``; else they follow from what the files are called."""

    tables: dict[str, Any]
    chosen: bool


def open_tables(
    files: Sequence[str], sql: str | None, table: str | None, types: Mapping[str, pa.DataType], *, default: str
) -> Given:
    """Open files, or a query, as tables; ``default`` names that of a query.

    Errors: UsageError for what cannot be read, and for files, names and types that do not go together.
    """
    if sql is not None:
        if files or types:
            other = f"{files[0]} is" if files else "--column-type is"
            raise UsageError(f"there is --query, and {other} not part of it.", hint="Put it into the query.")
        return Given({table or default: query(sql)}, table is not None)
    if not files:
        raise UsageError("there is nothing to push.", hint="Name a file, or a folder of Parquet parts, or --query.")
    pairs = [_pair(text) for text in files]
    if table is not None and len(pairs) > 1:
        raise UsageError(f"--table is one name, for {len(pairs)} files.", hint="Write NAME=FILE for each.")
    named = {table: pairs[0][1]} if table is not None else _name_tables(pairs)
    tables = {name: open_file(path, column_types=types) for name, path in named.items()}
    columns = [column for data in tables.values() for column in data.schema.names]
    for column, dtype in types.items():
        if column not in columns:
            raise unknown_column(column, columns, f"to be {dtype}")
    return Given(tables, table is not None or any(name for name, _ in pairs))


def _pair(text: str) -> tuple[str | None, Path]:
    """Read ``NAME=FILE``, or the name of a file, which may hold an equals sign, too."""
    name, _, rest = text.partition("=")
    if name and rest and not os.path.exists(os.path.expanduser(text)):  # noqa: PTH110, PTH111 - or a URL
        return name, read_path(rest)
    return None, read_path(text)


def _name_tables(pairs: Iterable[tuple[str | None, Path]]) -> dict[str, Path]:
    """Name each table, after its file where nothing else is said; errors: UsageError for two of one name."""
    named: dict[str, Path] = {}
    for name, path in pairs:
        table = name or table_name(path)
        if table in named:
            raise UsageError(
                f"{named[table]} and {path} would both be the table {table!r}.",
                hint="Write NAME=FILE for one of them. For parts of one table name their folder.",
            )
        named[table] = path
    return named


def read_forms(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Read ``ATTRIBUTE@CATEGORY=COLUMN``; errors: UsageError.

    >>> read_forms(["Store@ID=store", "Store@DESC=store name"])
    {'Store': {'ID': 'store', 'DESC': 'store name'}}
    """
    forms: dict[str, dict[str, str]] = {}
    for text in texts:
        match = _FORM.fullmatch(text)
        if match is None:
            raise UsageError(
                f"--form {text!r} is not ATTRIBUTE@CATEGORY=COLUMN.",
                hint="Write it like --form Store@ID=store_id --form Store@DESC=store_name.",
            )
        categories = forms.setdefault(match["attribute"], {})
        if match["category"] in categories:
            raise UsageError(f"--form names {match['attribute']}@{match['category']} twice.")
        categories[match["category"]] = match["column"]
    return forms
