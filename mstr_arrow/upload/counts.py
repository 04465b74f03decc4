"""The rows of a dataset's tables, as the server counts them, and as they should be.

Wire reference, sections 3.2, 5.1 and 6.2.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mstr_arrow.errors import DataMismatch, NotPublished
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.definition import ROW_COUNT, read_definition
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.upload.options import Policy
    from mstr_arrow.upload.result import TableResult


async def row_counts(http: ProjectHttp, dataset_id: str) -> dict[str, int]:
    """Return the rows of each table that has a row count metric; nothing before the first publishing.

    GET /api/v2/cubes/{id} and POST …/instances for these metrics alone, which is one row: so small an instance is
    asked for again where the server is busy, as it may be just after publishing.
    """
    definition = read_definition((await http.request("GET", f"v2/cubes/{dataset_id}")).json())
    counting = definition.may_count_rows
    if not counting:
        return {}
    metrics = [{"id": metric.id} for metric in counting]
    body = {"requestedObjects": {"attributes": [], "metrics": metrics}}
    path, params = f"v2/cubes/{dataset_id}/instances", {"offset": 0, "limit": 1}
    try:
        answer = await http.request("POST", path, params=params, json=body, safe=True, wait="execute")
    except NotPublished:
        return {}
    page = decode_page(await asyncio.to_thread(answer.text))
    rows = page.batch.to_pylist()
    counts = rows[0] if rows else {}
    return {metric.name.removeprefix(ROW_COUNT): int(counts.get(metric.name) or 0) for metric in counting}


def check_counts(
    sent: Iterable[TableResult], policies: Mapping[str, Policy], before: Mapping[str, int], after: Mapping[str, int]
) -> tuple[bool | None, str]:
    """Compare row counts with what was sent: whether they are right, None where nobody can know, and why.

    Raises DataMismatch where rows are missing or doubled.
    """
    sent = list(sent)
    if uncounted := [table.name for table in sent if table.name not in after]:
        return None, f"not possible: the server shows no row count of table {uncounted[0]!r}"
    for table in sent:
        policy = policies[table.name]
        expected = table.rows + (before.get(table.name, 0) if policy == "add" else 0)
        if policy in {"add", "replace"} and after[table.name] != expected:
            raise DataMismatch(
                f"table {table.name!r} has {after[table.name]:,} rows after publishing, and should have "
                f"{expected:,}.",
                hint=naming("Upload it again with {Connection.write.mode='replace'}."),
            )
    if open_ended := sorted({"update", "upsert"} & set(policies.values())):
        return None, f"not possible: the rows that {' and '.join(open_ended)} leaves depend on the keys"
    return True, "the cube has as many rows as were sent"
