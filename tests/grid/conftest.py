"""Pages to decode, made of a few words."""

from __future__ import annotations

import json
from typing import Any

import pytest


def _attribute(
    name: str, *forms: tuple[str, Any], elements: list[list[str] | dict[str, Any] | None]
) -> dict[str, Any]:
    """An attribute; an element is its form values, None for a null element, or an object as it stands."""

    def element(at: int, values: list[str] | dict[str, Any] | None) -> dict[str, Any]:
        if isinstance(values, dict):
            return values
        if values is None:
            return {"formValues": [""] * len(forms), "id": f"h\\N;{name}"}
        return {"formValues": values, "id": f"h{at};{name}"}

    return {
        "name": name,
        "id": f"{name}-id",
        "type": "attribute",
        "forms": [{"id": f"{form}-id", "name": form, "dataType": data_type} for form, data_type in forms],
        "elements": [element(at, values) for at, values in enumerate(elements)],
    }


def _metric(name: str, data_type: Any = "double", **more: Any) -> dict[str, Any]:
    return {"name": name, "id": f"{name}-id", "type": "metric", "dataType": data_type} | more


def _page(
    attributes: list[dict[str, Any]] | None = None,
    metrics: list[dict[str, Any]] | None = None,
    *,
    headers: Any = (),
    raw: Any = (),
    offset: int = 0,
    current: int | None = None,
    **more: Any,
) -> bytes:
    """A page as a server sends it; ``raw`` may be JSON text, for numbers that Python has no spelling of."""
    rows = len(headers) if attributes else len(raw)
    data = {
        "paging": {"total": 1000, "current": rows if current is None else current, "offset": offset, "limit": 1000},
        "headers": {"rows": list(headers), "columns": [list(range(len(metrics or [])))]},
        "metricValues": {"raw": "RAW" if isinstance(raw, str) else list(raw)},
    }
    grid = {
        "rows": attributes or [],
        "columns": [{"name": "Metrics", "type": "templateMetrics", "elements": metrics}] if metrics else [],
    }
    page = {"instanceId": "I1", "status": 1, "definition": {"grid": grid}, "data": data} | more
    text = json.dumps(page, separators=(",", ":"))
    return (text.replace('"RAW"', raw) if isinstance(raw, str) else text).encode()


class Pages:
    """The makers of a page's parts."""

    attribute = staticmethod(_attribute)
    metric = staticmethod(_metric)
    page = staticmethod(_page)

    @staticmethod
    def one_metric(raw: str, data_type: Any = "double", *, rows: int = 1, offset: int = 0) -> bytes:
        """A page of the metric Revenue with ``raw`` as its JSON text."""
        return _page(metrics=[_metric("Revenue", data_type)], raw=raw, current=rows, offset=offset)

    @staticmethod
    def one_form(texts: list[str], data_type: Any) -> bytes:
        """A page of the attribute Day with one row for each form value."""
        day = _attribute("Day", ("ID", data_type), elements=[[text] for text in texts])
        return _page([day], headers=[[at] for at in range(len(texts))])


@pytest.fixture(name="make")
def _make() -> type[Pages]:
    return Pages
