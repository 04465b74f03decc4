"""The reference pages: 50,000 rows each, four metrics, made from a seed.

**A** is an analyst's cube: six attributes of cardinality 12, 50, 400, 2,000, 5,000 and 20,000, the fourth with
ID and DESC forms; about 5 MB. **B** is a detail extract: one attribute unique per row, one of 18,000 time
stamps, one of 5,000 with ID and DESC, 183 dates, 12 and 7 texts; about 9.5 MB, two thirds of it element lists.
Both carry an integer below 10,000, a random double of which 2 % are null, a number of two decimals and an
integer below 100.

**C** is a cube with texts as people write them: the attributes of A with accents, quotes, brackets and commas in
their names, and two metrics of texts in place of the last two, one of seven states, one of notes with quotes, line
breaks, letters of any script, a tenth of them null; about 9 MB.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator import EncodedCube

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 50_000
FORM_ID = "45C11FA478E745FEA08D781CEA190FE5"
FORM_DESC = "CCFBE2A5EADB4F50941FB879CCF1721C"
_FORMS = {
    "ID": (FORM_ID, "number"),
    "DESC": (FORM_DESC, "text"),
}
_NUMBERS = (("Quantity", "integer"), ("Score", "double"), ("Amount", "double"), ("Lines", "integer"))
_TEXTS = (("Quantity", "integer"), ("Score", "double"), ("State", "nVarChar"), ("Note", "nVarChar"))


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a reference page: ``values(k)`` are the form values of its element number ``k``."""

    name: str
    cardinality: int | None
    forms: tuple[tuple[str, str], ...]
    values: Callable[[int], list[str]]


def _text(prefix: str) -> Callable[[int], list[str]]:
    return lambda k: [f"{prefix} {k}"]


def _stamp(k: int) -> list[str]:
    return [(datetime(2024, 1, 1) + timedelta(seconds=37 * k)).isoformat() + ".000Z"]  # noqa: DTZ001 - wire text


def _day(k: int) -> list[str]:
    return [(date(2024, 1, 1) + timedelta(days=k)).isoformat()]


def _state(k: int) -> str:
    return ("open", "closed", "on hold [customer]", 'sent "as is"', "Köln, returned", "n/a", "récupéré")[k % 7]


def note(k: int) -> str:
    """Write a note as people do: a third of one line, the others with what JSON escapes, or other letters."""
    return (
        f"Order {k} as agreed",
        f'Asked for "{k}"\nsays [no], {k % 7} times',
        f"Überprüft, {k} Stück, 東京 ✅",
    )[k % 3]


_DESC = (("DESC", "nVarChar"),)
_TWO = (("ID", "integer"), ("DESC", "nVarChar"))
SHAPES = {
    "A": (
        Attribute("Month", 12, _DESC, _text("Month")),
        Attribute("State", 50, _DESC, _text("State of")),
        Attribute("City", 400, _DESC, _text("City of")),
        Attribute("Item", 2_000, _TWO, lambda k: [str(k), f"Item number {k}"]),
        Attribute("Supplier", 5_000, _DESC, _text("Supplier")),
        Attribute("Customer", 20_000, _DESC, _text("Customer")),
    ),
    "B": (
        Attribute("Order", None, (("ID", "nVarChar"),), lambda k: [f"SO-{k:09d}"]),
        Attribute("Sold At", 18_000, (("ID", "timeStamp"),), _stamp),
        Attribute("Item", 5_000, _TWO, lambda k: [str(k), f"Item number {k}"]),
        Attribute("Day", 183, (("ID", "date"),), _day),
        Attribute("Channel", 12, _DESC, _text("Channel")),
        Attribute("Region", 7, _DESC, _text("Region")),
    ),
}

"""Pages of numbers, and of names of plain letters."""
TEXTUAL = {
    "C": (
        Attribute("Month", 12, _DESC, _text("Mois n°")),
        Attribute("State", 50, _DESC, lambda k: [f"Région {k}, Nord"]),
        Attribute("City", 400, _DESC, lambda k: [f"São Paulo [{k}]"]),
        Attribute("Item", 2_000, _TWO, lambda k: [str(k), f'Pipe {k}", 3/4" x 2 m']),
        Attribute("Supplier", 5_000, _DESC, lambda k: [f"Supplier {k}, Inc."]),
        Attribute("Customer", 20_000, _DESC, lambda k: [f'Müller & Söhne "{k}" GmbH']),
    ),
}
"""Pages with texts as people write them, in names and in metrics."""


def object_id(name: str) -> str:
    """Make the 32 hexadecimal digits of an object from its name."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest().upper()


def definition(shape: str) -> dict[str, Any]:
    """Give the ``definition`` member of the cube of a shape (wire reference, section 3.2)."""
    attributes = [_attribute(attribute) for attribute in (SHAPES | TEXTUAL)[shape]]
    metrics = [
        {"name": name, "id": object_id(name), "type": "metric", "dataType": "unknown"}
        for name, _ in _metrics(shape)
    ]
    return {
        "availableObjects": {
            "attributes": attributes,
            "metrics": metrics,
            "customGroups": [],
            "consolidations": [],
            "hierarchies": [],
        }
    }


def _metrics(shape: str) -> tuple[tuple[str, str], ...]:
    return _TEXTS if shape in TEXTUAL else _NUMBERS


def _attribute(attribute: Attribute) -> dict[str, Any]:
    forms = [
        {
            "id": _FORMS[category][0],
            "name": category,
            "dataType": data_type,
            "baseFormCategory": category,
            "baseFormType": _FORMS[category][1],
        }
        for category, data_type in attribute.forms
    ]
    return {"name": attribute.name, "id": object_id(attribute.name), "type": "attribute", "forms": forms}


def page(shape: str, offset: int = 0, rows: int = ROWS, total: int | None = None) -> bytes:
    """Encode the page of ``rows`` rows from ``offset``, of ``total`` (by default the last), as the server would."""
    known = {"id": object_id(f"cube {shape}"), "name": f"Reference {shape}", "instanceId": object_id("instance")}
    return orjson.dumps({**known, "status": 1, **_body(shape, offset, rows, total)})


def encoded_cubes(total: int = 1_000_000) -> list[EncodedCube]:
    """Make the cubes "Reference A", "Reference B" and "Reference C" for the simulator to serve already encoded."""
    return [
        EncodedCube(
            name=f"Reference {shape}",
            definition=definition(shape),
            total=total,
            page=partial(_encoded_body, shape, total),
        )
        for shape in (*SHAPES, *TEXTUAL)
    ]


def _encoded_body(shape: str, total: int, offset: int, rows: int) -> bytes:
    return orjson.dumps(_body(shape, offset, rows, total))


def _body(shape: str, offset: int, rows: int, total: int | None) -> dict[str, Any]:
    draw = random.Random(f"{shape} {offset}")
    units, headers = [], []
    for attribute in (SHAPES | TEXTUAL)[shape]:
        if attribute.cardinality is None:
            keys = list(range(offset, offset + rows))
        else:
            keys = [draw.randrange(attribute.cardinality) for _ in range(rows)]
        local: dict[int, int] = {}
        headers.append([local.setdefault(key, len(local)) for key in keys])
        unit = _attribute(attribute)
        unit["elements"] = [
            {"formValues": attribute.values(key), "id": f"h{attribute.values(key)[0]};{unit['id']}"}
            for key in local
        ]
        units.append(unit)
    rest = _two_texts if shape in TEXTUAL else _two_numbers
    raw = [
        [draw.randrange(10_000), None if draw.random() < 0.02 else draw.random(), *rest(draw)] for _ in range(rows)
    ]
    metrics = [
        {
            "name": name,
            "id": object_id(name),
            "type": "metric",
            "dataType": data_type,
            "min": 0,
            "max": 10_000,
        }
        for name, data_type in _metrics(shape)
    ]
    return {
        "definition": {
            "grid": {
                "crossTab": False,
                "metricsPosition": {"axis": "columns", "index": 0},
                "rows": units,
                "columns": [{"name": "Metrics", "id": "0" * 32, "type": "templateMetrics", "elements": metrics}],
                "pageBy": [],
                "sorting": {"rows": [], "columns": [], "pageBy": []},
                "thresholds": [],
            }
        },
        "data": {
            "currentPageBy": [],
            "paging": {
                "total": offset + rows if total is None else total,
                "current": rows,
                "offset": offset,
                "limit": rows,
            },
            "headers": {"rows": list(zip(*headers, strict=True)), "columns": [list(range(len(_NUMBERS)))]},
            "metricValues": {"raw": raw},
        },
    }


def _two_numbers(draw: random.Random) -> list[Any]:
    return [round(draw.random() * 1_000, 2), draw.randrange(100)]


def _two_texts(draw: random.Random) -> list[Any]:
    return [_state(draw.randrange(7)), None if draw.random() < 0.1 else note(draw.randrange(20_000))]
