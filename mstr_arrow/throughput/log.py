"""What is noted of each request, as a table: a row each, times in seconds since the sweep began."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("load", pa.int32()),
        ("round", pa.int32()),
        ("due", pa.float64()),
        ("session", pa.int32()),
        ("offset", pa.int64()),
        ("rows", pa.int64()),
        ("in_flight", pa.int32()),
        ("sent", pa.float64()),
        ("first_byte", pa.float64()),
        ("last_byte", pa.float64()),
        ("wire_bytes", pa.int64()),
        ("text_bytes", pa.int64()),
        ("decode_seconds", pa.float64()),
        ("retries", pa.int32()),
        ("cold", pa.bool_()),
        ("status", pa.int32()),
        ("error", pa.string()),
    ]
)


@dataclass(slots=True)
class Sent:
    """A request: when it was due, sent and answered, and what came.

    ``in_flight`` counts it and those that were under way when it was sent; ``text_bytes`` are those of its body
    unpacked. It is ``cold`` where its page was asked for by no request of the sweep before. Where it failed there
    is an ``error``, and ``status`` is the HTTP status if one came.
    """

    load: int
    round: int
    due: float
    session: int = 0
    offset: int = 0
    rows: int = 0
    in_flight: int = 0
    sent: float | None = None
    first_byte: float | None = None
    last_byte: float | None = None
    wire_bytes: int = 0
    text_bytes: int = 0
    decode_seconds: float | None = None
    retries: int = 0
    cold: bool = False
    status: int | None = None
    error: str | None = None


def table_of(requests: list[Sent]) -> pa.Table:
    """Lay requests out as a table of `SCHEMA`."""
    columns = zip(*map(astuple, requests), strict=True) if requests else [()] * len(fields(Sent))
    return pa.table(
        [pa.array(list(column), field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )
