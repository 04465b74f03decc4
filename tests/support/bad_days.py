"""A cube with a few values that do not fit their columns."""

from __future__ import annotations

from datetime import date, timedelta

import orjson

from mstr_arrow.simulator import EncodedCube

ROWS = 1_000
BAD_OPENED = [row for row in range(ROWS) if row % 300 == 2]
"""The rows whose form ``Event@Opened`` is ``0000-00-00``."""
BAD_AMOUNT = [3, 503]
"""The rows whose metric ``Amount`` is ``n/a``."""
BAD_DAY = 5
"""The row whose ``Day``, an attribute that shows no other form, is ``never``."""

_EVENT, _DAY, _AMOUNT = "1" * 32, "2" * 32, "3" * 32
_ID = {"id": "45C11FA478E745FEA08D781CEA190FE5", "name": "ID", "baseFormCategory": "ID"}
_OPENED = {"id": "4" * 32, "name": "Opened", "baseFormCategory": "None", "dataType": "date"}


def opened(row: int) -> str:
    """Return the form Opened of a row as the cube has it."""
    return "0000-00-00" if row in BAD_OPENED else (date(2024, 1, 1) + timedelta(row)).isoformat()


def page(offset: int, limit: int) -> bytes:
    """Encode rows of the cube."""
    rows = range(offset, offset + limit)
    events = [{"formValues": [str(row), opened(row)], "id": f"h{row};{_EVENT}"} for row in rows]
    days = [{"formValues": ["never" if row == BAD_DAY else "2024-01-31"], "id": f"h{row};{_DAY}"} for row in rows]
    units = [
        {"name": "Event", "id": _EVENT, "forms": [{**_ID, "dataType": "integer"}, _OPENED], "elements": events},
        {"name": "Day", "id": _DAY, "forms": [{**_ID, "dataType": "date"}], "elements": days},
    ]
    metric = {"name": "Amount", "id": _AMOUNT, "type": "metric", "dataType": "double"}
    grid = {
        "crossTab": False,
        "metricsPosition": {"axis": "columns", "index": 0},
        "rows": [{"type": "attribute", **unit} for unit in units],
        "columns": [{"name": "Metrics", "id": "0" * 32, "type": "templateMetrics", "elements": [metric]}],
        "pageBy": [],
    }
    data = {
        "paging": {"total": ROWS, "current": limit, "offset": offset, "limit": limit},
        "headers": {"rows": [[at, at] for at in range(limit)], "columns": [[0]]},
        "metricValues": {"raw": [["n/a" if row in BAD_AMOUNT else row / 4] for row in rows]},
    }
    return orjson.dumps({"definition": {"grid": grid}, "data": data})


def bad_days() -> EncodedCube:
    """Make the cube "Bad Days"."""
    attributes = [
        {"name": name, "id": key, "type": "attribute"} for name, key in (("Event", _EVENT), ("Day", _DAY))
    ]
    metrics = [{"name": "Amount", "id": _AMOUNT, "type": "metric", "dataType": "unknown"}]
    definition = {"availableObjects": {"attributes": attributes, "metrics": metrics}}
    return EncodedCube(name="Bad Days", definition=definition, total=ROWS, page=page)
