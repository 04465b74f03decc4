"""A DuckDB of its own, in memory; an extra."""

from __future__ import annotations

import re
from typing import Any

from mstr_arrow.errors import UsageError

_WOULD_CHANGE_ALL = "Please try installing and loading"
"""The beginning of a further line, in which DuckDB proposes settings of all its connections, too."""

_EXTENSION = re.compile(r"(?:requires the extension|exists in the) (\w+)")
_BY_ITSELF: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def open_database() -> Any:
    """Return a connection to an empty DuckDB, which gets no extension that no statement asks for.

    Left as it is, DuckDB downloads code and runs it where a name in a query looks like the web or a spreadsheet:
    ``INSTALL`` and ``LOAD`` say that this is meant. Raises UsageError where DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise UsageError("SQL is run by DuckDB.", hint="Install it: pip install 'mstr-arrow[duckdb]'") from error
    return duckdb.connect(config=_BY_ITSELF)


def not_run(what: str, error: Exception) -> UsageError:
    """Return the error of a statement or query that DuckDB refuses, in DuckDB's words.

    >>> not_run("query", ValueError("x requires the extension httpfs")).hint
    "Where that is meant, the extension is loaded before the query: 'install httpfs; load httpfs; select …'"
    """
    said = str(error).partition(_WOULD_CHANGE_ALL)[0].rstrip()
    extension = _EXTENSION.search(said)
    hint = (
        f"Where that is meant, the extension is loaded before the query: "
        f"'install {extension[1]}; load {extension[1]}; select …'"
        if extension
        else None
    )
    return UsageError(f"DuckDB does not run the {what}: {said}", hint=hint)
