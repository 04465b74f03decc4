"""What users do, each as one function of a connection that returns what can be compared."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

import mstr_arrow as ma

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.connection import Connection

ROWS = 60
LIMITS = ma.Limits(page_rows=25, concurrency=2)
_OURS = re.compile("|".join(name for name, kind in vars(ma.errors).items() if isinstance(kind, type)))
PUSHED = pl.DataFrame({"key": [f"k{n}" for n in range(30)], "n": [n / 4 for n in range(30)]})


def flat(table: pa.Table) -> Any:
    """Make of a table what equals another one only where names, types and every bit of every value do."""
    columns = []
    for field, column in zip(table.schema, table.columns, strict=True):
        values = column.to_pylist()
        if pa.types.is_floating(field.type):
            values = [None if value is None else struct.pack("<d", value) for value in values]
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        columns.append((field.name, str(kind), values))
    return table.num_rows, columns


def _cube(connection: Connection) -> Any:
    return flat(connection.cube("Sales Cube", limits=LIMITS).to_arrow())


def _awkward(connection: Connection) -> Any:
    return flat(connection.cube("Awkward Values", limits=LIMITS, total_order=True).to_arrow())


def _filtered(connection: Connection) -> Any:
    cube = connection.cube("Sales Cube", limits=LIMITS)
    kept = cube.filter((ma.col("Units") > 2) & ma.col("Region").is_in(["North", "South", "West"])).select(
        "Store", "Units"
    )
    return flat(kept.sort("Units").head(20).to_arrow())


def _added_up(connection: Connection) -> Any:
    return flat(connection.cube("Sales Cube").aggregate("Region", "Revenue").to_arrow())


def _lazy(connection: Connection) -> Any:
    frame = connection.cube("Sales Cube", limits=LIMITS).lazy()
    try:
        found = frame.filter(pl.col("Channel").is_not_null()).select("Day", "Revenue").collect()
    except pl.exceptions.ComputeError as error:  # Polars keeps no more than the text of an error of ours
        if not _OURS.search(str(error)):
            raise
        raise ma.MstrError(str(error)) from error
    except pl.exceptions.ColumnNotFoundError as error:  # Polars' own: a damaged page does not show it
        raise ma.errors.UsageError(str(error)) from error
    return flat(found.to_arrow())


def _report(name: str, **options: Any) -> Callable[[Connection], Any]:
    return lambda connection: flat(connection.report(name, limits=LIMITS, **options).to_arrow())


def _prompted(connection: Connection) -> Any:
    prompts = connection.report("Prompted Nested", limits=LIMITS).prompts
    return flat(prompts.table()), [flat(prompts.choices(each.key)) for each in prompts[:1]]


def _answered(connection: Connection) -> Any:
    return flat(connection.report("Prompted Twice", limits=LIMITS).prompts({"Year": 2024}).to_arrow())


def _pages(connection: Connection) -> Any:
    report = connection.report("Paged By Two", limits=LIMITS)
    return flat(report.pages()), flat(report.expand_pages().to_arrow())


def _elements(connection: Connection) -> Any:
    return flat(connection.cube("Sales Cube").elements("Store"))


def _described(connection: Connection) -> Any:
    cube = connection.cube("Sales Cube")
    report = connection.report("Plain Report")
    return cube.attributes, cube.metrics, str(cube.schema), cube.count_rows(), report.attributes, report.sql_view()


def _catalogue(connection: Connection) -> Any:
    found = [
        connection.objects("*a*"),
        connection.search("Sales", type="report"),
        connection.contents(),
        connection.folders(),
    ]
    return [flat(each.table()) for each in found], [each.name for each in connection.projects()]


def _account(connection: Connection) -> Any:
    connection.extend_session()
    return connection.user().name, connection.session_info().timeout, connection.server_version


def _deliveries(connection: Connection) -> Any:
    phone = connection.subscription("On My Phone")
    lists = [connection.subscriptions(), connection.schedules(), connection.users("ann*"), connection.user_groups()]
    addresses = connection.user("annl").addresses()
    contacts = connection.recipients("Sales Cube")
    return [flat(each.table()) for each in [*lists, addresses]], phone.status().stage, phone.delivery, contacts


def _written(connection: Connection) -> Any:
    result = connection.write("Pushed", PUSHED, mode="replace", verify=True)
    return result.rows


FLOWS: dict[str, Callable[[Connection], Any]] = {
    "cube": _cube,
    "awkward values": _awkward,
    "filtered": _filtered,
    "added up": _added_up,
    "lazy": _lazy,
    "report": _report("Two Level Subtotals", subtotals="keep"),
    "cross-tab": _report("Cross-tab Two Forms On Columns"),
    "cross-tab as it is": _report("Cross-tab With Subtotals", layout="grid"),
    "metrics on rows": _report("Metrics On Rows With Columns"),
    "hierarchy": _report("Hierarchy On Columns", layout="grid"),
    "formatted": _report("Plain Report", values="both"),
    "empty": _report("Empty Report"),
    "prompts": _prompted,
    "answered": _answered,
    "pages": _pages,
    "elements": _elements,
    "described": _described,
    "catalogue": _catalogue,
    "account": _account,
    "deliveries": _deliveries,
    "written": _written,
}
