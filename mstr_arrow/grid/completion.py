"""Fill in members that a page leaves out or writes in another way, where that has one meaning. Pure.

Wire reference, section 3: which members a page may lack is known in part only. What needs rows to be told from
nothing is filled in only where there are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.responses import items, object_id, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METRICS = "templatemetrics"
"""The type of the metrics unit, in lower case."""

METRICS_ID = "0" * 32
_FORM_IDS = {"ID": "45C11FA478E745FEA08D781CEA190FE5", "DESC": "CCFBE2A5EADB4F50941FB879CCF1721C"}
_PAGING = ("total", "current", "offset")


def complete(page: dict[str, Any], offset: int) -> None:
    """Fill in what a page lacks, in place; ``offset`` is that of the rows which were asked for.

    The big lists may have been cut out: what is no list stays as it is. Errors: TypeError, KeyError for what has no
    meaning.
    """
    status = whole_number(page.get("status"))
    if status is not None:
        page["status"] = status
    if not isinstance(page.get("data"), dict):
        return  # decoding the page says so
    data = page["data"]
    paging = data["paging"] = _paging(data, offset)
    empty = paging["current"] == 0
    grid = _member(_member(page, "definition"), "grid")
    for axis in ("rows", "columns"):
        grid[axis] = items(grid.get(axis))
        for unit in grid[axis]:
            complete_unit(unit)
    headers, values = _member(data, "headers"), _member(data, "metricValues")
    for axis in ("rows", "columns"):
        headers[axis] = _numbers(headers.get(axis))
    if empty:
        headers["rows"] = _drop_empty_row(headers["rows"])
        values |= {part: _drop_empty_row(values.get(part)) for part in ("raw", "formatted")}
    if page.get("instanceId") is None:
        page["instanceId"] = ""


def complete_unit(unit: dict[str, Any]) -> None:
    """Fill in what a unit of an axis lacks, in place."""
    unit_id = unit.get("id")
    kind = unit.get("type")
    if kind is None:
        kind = "templateMetrics" if unit_id == METRICS_ID else "attribute" if unit.get("forms") else ""
    unit["type"] = str(kind)
    if unit.get("elements") is None:
        unit["elements"] = []
    if unit["type"].lower() == METRICS:
        for metric in _objects(unit["elements"]):
            _identify(metric)
        return
    _identify(unit)
    unit["forms"] = items(unit.get("forms"))
    for form in unit["forms"]:
        _identify_form(form)
    unit["headerCount"] = whole_number(unit.get("headerCount")) or unit.get("headerCount") or 1


def lacks_columns(page: Any) -> bool:
    """Tell a page that has no rows and does not say which columns it would have."""
    if not isinstance(page, dict) or not isinstance(data := page.get("data"), dict):
        return False
    paging = data.get("paging")
    if not isinstance(paging, dict) or whole_number(paging.get("total")) != 0:
        return False
    grid = (page.get("definition") or {}).get("grid") or {}
    units = [unit for axis in ("rows", "columns") for unit in items(grid.get(axis))]
    return not units or any(_is_unknown(unit) for unit in units)


def _is_unknown(unit: Mapping[str, Any]) -> bool:
    """Tell an attribute without forms, and metrics that are not named."""
    kind = str(unit.get("type")).lower()
    if kind == METRICS or unit.get("id") == METRICS_ID:
        return not unit.get("elements")
    return kind in {"attribute", "none"} and not unit.get("forms")


def _paging(data: dict[str, Any], offset: int) -> dict[str, Any]:
    """Read the numbers of a page; a page that tells no offset is the one that was asked for."""
    told = data["paging"]
    if not isinstance(told, dict):
        raise TypeError(f"its paging is {told!r}")
    paging = dict(told)
    for name in _PAGING:
        number = whole_number(paging.get(name))
        paging[name] = paging.get(name) if number is None else number
    if paging["offset"] is None:
        paging["offset"] = offset
    if paging["current"] is None:
        paging["current"] = _rows(data)
    return paging


def _rows(data: Mapping[str, Any]) -> int | None:
    """Count the rows of a page that does not tell them; None where their lists were cut out."""
    for holder, name in (("headers", "rows"), ("metricValues", "raw"), ("metricValues", "formatted")):
        matrix = (data.get(holder) or {}).get(name)
        if matrix is not None and matrix not in ([], [[]]):
            return len(matrix) if isinstance(matrix, list) else None
    return 0


def _member(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a member that is an object, an empty one where it is missing."""
    if holder.get(name) is None:
        holder[name] = {}
    member: dict[str, Any] = holder[name]
    return member


def _drop_empty_row(matrix: Any) -> Any:
    """Return the matrix of no rows, which may be missing or have one row without cells."""
    return [] if matrix in (None, [[]]) else matrix


def _numbers(matrix: Any) -> Any:
    """Read indices that came as texts; null is an empty matrix."""
    if matrix is None:
        return []
    if isinstance(matrix, list) and any(isinstance(each, str) for each in _first(matrix)):
        return [[index if (read := whole_number(index)) is None else read for index in line] for line in matrix]
    return matrix


def _first(matrix: list[Any]) -> list[Any]:
    return matrix[0] if matrix and isinstance(matrix[0], list) else []


def _objects(listed: Any) -> Iterator[dict[str, Any]]:
    return (each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else iter(())


def _identify(thing: dict[str, Any]) -> None:
    """Give a unit or metric the id or name that it lacks: the other one."""
    thing_id, name = thing.get("id"), thing.get("name")
    if thing_id is None and name is None:
        raise KeyError("id")
    thing["id"] = object_id(name if thing_id is None else thing_id)
    thing["name"] = str(thing_id if name is None else name)


def _identify_form(form: dict[str, Any]) -> None:
    """Give a form the id or name that it lacks: by its category, which has one id in all projects."""
    category = form.get("baseFormCategory")
    if form.get("name") is None and category is not None:
        form["name"] = category
    if form.get("id") is None and (known := _FORM_IDS.get(str(category or form.get("name")))):
        form["id"] = known
    _identify(form)
