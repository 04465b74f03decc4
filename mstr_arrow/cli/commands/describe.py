"""``mstr-arrow describe``: what an object is, and its columns."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from rich.filesize import decimal
from rich.text import Text

from mstr_arrow.catalog.object_info import Kind
from mstr_arrow.cli.commands.ls import as_json
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table
from mstr_arrow.connection import Connection
from mstr_arrow.datamodels.parameters import ModelParameter
from mstr_arrow.errors import NotPublished, NotSupported, PermissionDenied, PromptsOpen
from mstr_arrow.grid.texts import deliver_schema
from mstr_arrow.names import listing
from mstr_arrow.objects.cube import Cube
from mstr_arrow.objects.data_model import DataModel
from mstr_arrow.printable import printable

if TYPE_CHECKING:
    from mstr_arrow.objects.report import Report

TABLE_HEADERS, PARAMETER_HEADERS = ("TABLE", "ID"), ("PARAMETER", "TAKES", "DEFAULT", "TYPE", "ID")
HEADERS = ("COLUMN", "ARROW TYPE", "SERVER TYPE", "ROLE", "FORM", "ID")


@takes_server()
def describe(
    name: common.Object,
    *,
    server: Server,
    object_type: common.ObjectType = None,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Show what a cube, report or data model is: columns and their types, rows, size, last update.

    A cube or data model is only looked at. A report is run, since only then its columns and rows are known; at most
    a thousand of its rows are transferred. Of a data model the tables and the parameters are listed, too.
    """
    with show_errors(Terminal(stderr=True), verbose=verbose):
        with open_connection(server) as connection:
            facts = look_at(connection, name, object_type)
        if json:
            print_json(facts)
        else:
            _show(facts)


def look_at(connection: Connection, name: str, kind: Kind | None) -> dict[str, Any]:
    """Gather what is known; ``rows`` and ``columns`` are None for cubes not published and reports that ask."""
    found = connection.find(name, kind)
    opened: Cube | Report
    if found.kind == "data model":
        opened = connection.data_model(found.id)
    else:
        opened = connection.report(found.id) if found.kind == "report" else connection.cube(found.id)
    facts = as_json(found) | {"size_bytes": None, "rows": None, "columns": None, "other_forms": [], "left_out": []}
    try:
        schema, facts["rows"] = opened.schema, opened.count_rows()
        facts["columns"] = [_column(field) for field in deliver_schema(schema, "plain")]
        facts["other_forms"] = [_column(field) for field in deliver_schema(opened.other_forms, "plain")]
    except (NotPublished, PromptsOpen):
        pass  # what is known of it is shown nevertheless
    if isinstance(opened, Cube):
        facts["left_out"] = [each["name"] for each in opened.row_counts]
        info = opened.info
        facts["size_bytes"] = info.size_bytes
        facts["modified"] = info.modified.isoformat() if info.modified else facts["modified"]
    return facts | (_of_model(opened) if isinstance(opened, DataModel) else {})


def _of_model(model: DataModel) -> dict[str, Any]:
    """Gather what only data models have; None for what the server does not tell."""
    facts: dict[str, Any] = {"serve_mode": model.serve_mode, "tables": None, "parameters": None}
    for name, listed in (("tables", model.tables), ("parameters", model.parameters)):
        with suppress(NotSupported, PermissionDenied):
            facts[name] = listed().table().to_pylist()
    return facts


def _column(field: pa.Field) -> dict[str, str | None]:
    said = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    return {
        "name": field.name,
        "type": str(field.type),
        "server_type": said.get("mstr.data_type"),
        "role": said.get("mstr.role"),
        "id": said.get("mstr.id") or None,
        "form": said.get("mstr.form"),
        "form_id": said.get("mstr.form_id"),
    }


def _show(facts: dict[str, Any]) -> None:
    """Print what is known: the object in a few lines, then its columns."""
    out = Terminal()
    size, rows, columns = facts["size_bytes"], facts["rows"], facts["columns"]
    lines = {
        facts["type"]: facts["name"],
        "path": facts["path"],
        "serves": facts.get("serve_mode"),
        "id": facts["id"],
        "owner": facts["owner"],
        "updated": facts["modified"],
        "size": None if size is None else f"{decimal(size)} in the server's memory",
        "rows": _unknown(facts["type"]) if rows is None else _rows(rows, facts["type"]),
    }
    if facts["left_out"]:
        lines["without"] = (
            f"{listing(facts['left_out'])}, by which the server counts rows; fetch --row-counts adds it"
        )
    width = max(8, len(facts["type"]) + 1)
    for label, text in lines.items():
        if text is not None:
            out.print(Text.assemble((f"{label:{width}}", "bold"), printable(text)), soft_wrap=True)
    if columns is not None:
        out.print()
        _show_columns(columns)
    if facts["other_forms"]:
        out.print(
            "\nNot shown, but read where --columns, --where or --aggregate name them, or with fetch --forms all:"
        )
        _show_columns(facts["other_forms"])
    if tables := facts.get("tables"):
        out.print("\nTables, which mstr-arrow refresh loads again:")
        print_table(TABLE_HEADERS, [[each[key] or "" for key in ("name", "id")] for each in tables])
    if parameters := facts.get("parameters"):
        out.print("\nParameters, which --parameter sets:")
        print_table(PARAMETER_HEADERS, [_parameter(each) for each in parameters])


def _parameter(told: dict[str, Any]) -> list[str]:
    takes = ModelParameter(**told | {"values": tuple(told["values"])}).takes
    return [told["name"], takes, told["default"] or "", told["data_type"] or "", told["id"]]


def _show_columns(columns: Sequence[Mapping[str, str | None]]) -> None:
    keys = ("name", "type", "server_type", "role", "form", "id")
    print_table(HEADERS, [[column[key] or "" for key in keys] for column in columns])


def _unknown(kind: str) -> str:
    return "unknown until its prompts are answered" if kind == "report" else "unknown until it is published"


def _rows(rows: int, kind: str) -> str:
    return f"{rows:,} of its grid" if kind == "report" else f"{rows:,}"
