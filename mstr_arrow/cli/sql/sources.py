"""The cubes and reports that a statement names, as scans of what it needs of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mstr_arrow.cli.sql import statement
from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.names import find_named, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.connection import Connection
    from mstr_arrow.fetch.read_options import ScanOptions
    from mstr_arrow.grid.grid_options import OnBadValue
    from mstr_arrow.scan.scan import Scan


_IN_A_STORE = re.compile(r"(https?|s3|s3a|s3n|gcs|gs|r2|hf|azure|az|abfss|file)://", re.IGNORECASE)
"""The beginnings of a name that DuckDB takes for a file elsewhere."""


@dataclass(frozen=True, slots=True)
class Source:
    """An object on the server that a statement calls by one name, or more; ``once``: in one place, one time.

    ``schema`` has all its columns, ``scan`` is of those that are needed.
    """

    names: list[str]
    info: ObjectInfo
    schema: pa.Schema
    scan: Scan
    once: bool

    def explain(self) -> str:
        """Describe the requests to the server."""
        head = f"{self.info.kind} {self.info.name!r} {self.info.id}"
        how = "" if self.once else "named more than once, so it is read first, once, and held in memory\n"
        return f"{head}\n{how}{self.scan.explain()}"


def open_sources(
    connection: Connection,
    text: str,
    on_bad_value: OnBadValue | Mapping[str, OnBadValue] = "raise",
    parameters: Mapping[str, str] | None = None,
) -> list[Source]:
    """Find and open what a statement names, but for files; the schema of each is asked for.

    Each data model is read with the values of those parameters that it has. Errors: those of `Connection.find` and
    `statement.parse`; UsageError for names that differ in case only, for bad values of a column that no object has,
    and for values of parameters that no data model has.
    """
    root = statement.parse(text)
    named: dict[str, list[statement.Mention]] = {}
    found: dict[str, ObjectInfo] = {}
    for mention in statement.mentions(root):
        if not _is_file(mention.name):
            info = _find(connection, mention)
            found[info.id] = info
            named.setdefault(info.id, []).append(mention)
    values = _values_of(connection, list(found.values()), parameters or {})
    sources = [
        _open(connection, root, found[key], mentions, on_bad_value, values=values.get(key, {}))
        for key, mentions in named.items()
    ]
    names = [name for source in sources for name in source.schema.names]
    for name in () if isinstance(on_bad_value, str) else on_bad_value:
        if name not in names:
            raise UsageError(
                f"--on-bad-value names {name!r}, which no object in the statement has.",
                hint=suggestion(name, names),
            )
    return sources


def _values_of(
    connection: Connection, found: list[ObjectInfo], parameters: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Return the values for each data model, by its id; errors: UsageError for those that none has."""
    models = [info for info in found if info.kind == "data model"]
    if not parameters:
        return {}
    known = {info.id: connection.data_model(info.id).parameters() for info in models}
    values: dict[str, dict[str, str]] = {key: {} for key in known}
    for name, value in parameters.items():
        owners = [key for key, each in known.items() if find_named(name, each, lambda it: it.name)]
        if not owners:
            names = [each.name for listed in known.values() for each in listed]
            raise UsageError(
                f"--parameter names {name!r}, which no data model in the statement has.",
                hint=suggestion(name, names) if names else "Drop --parameter.",
            )
        for key in owners:
            values[key][name] = value
    return values


def _find(connection: Connection, mention: statement.Mention) -> ObjectInfo:
    try:
        found = [connection.find(spelling) for spelling in sorted({node.name for node in mention.nodes})]
    except NotFound as error:
        if Path(mention.name).suffix:
            error.hint = f"There is no such file either. {error.hint or ''}".rstrip()
        raise
    if len({info.id for info in found}) > 1:
        each = ", ".join(f"{info.id} {info.path}" for info in found)
        raise UsageError(f"SQL does not tell {each} apart by name.", hint="Give an id.")
    return found[0]


def _open(
    connection: Connection,
    root: Any,
    info: ObjectInfo,
    mentions: list[statement.Mention],
    on_bad_value: OnBadValue | Mapping[str, OnBadValue],
    *,
    values: Mapping[str, str],
) -> Source:
    how: ScanOptions = {"on_bad_value": on_bad_value if isinstance(on_bad_value, str) else "raise"}
    whole: Scan
    if info.kind == "data model":
        whole = connection.data_model(info.id, parameters=values, **how)
    else:
        whole = (connection.report if info.kind == "report" else connection.cube)(info.id, **how)
    if not isinstance(on_bad_value, str):
        mine = {name: choice for name, choice in on_bad_value.items() if name in whole.schema.names}
        whole = whole.with_options(on_bad_value=mine) if mine else whole
    once = len(mentions) == 1 and mentions[0].once
    nodes = [node for mention in mentions for node in mention.nodes]
    needs = statement.needs(root, nodes, whole.schema)
    scan = whole.filter(*needs.conditions) if needs.conditions else whole
    scan = scan if needs.head is None else scan.head(needs.head)
    scan = scan if needs.columns is None else scan.select(*needs.columns, any_order=True)
    return Source([mention.name for mention in mentions], info, whole.schema, scan, once)


def _is_file(name: str) -> bool:
    """Tell whether DuckDB is to open what has this name: a URL, or a file that is there."""
    paths = map(Path, glob(name))  # noqa: PTH207 - an absolute pattern, too
    return _IN_A_STORE.match(name) is not None or any(path.is_file() and path.suffix for path in paths)
